"""Coatings: amorphous hydrocarbon on the surface of particles (a ligand shell) or of everything (contamination)."""

from __future__ import annotations

import numpy as np

from hrtem_bench.errors import require
from hrtem_bench.specimens.films import Placed, amorphous_film, check_film
from hrtem_bench.specimens.glasses import GLASSES
from hrtem_bench.specimens.layout import wrapped

MATERIAL = GLASSES["a-C:H"]
LIGAND_DENSITY, CONTAMINATION_DENSITY = 0.9, 1.2
"""g/cm³: oleic acid has 0.895 (CRC Handbook of Chemistry and Physics); soft a-C:H from 1.2 on (its `source`)."""
CONTACT = 2.2
"""Nearest distance, Å, of a coating's atoms to what it covers and to anything else."""
MOST_COATING = 30.0
"""Thickest coating, Å."""
_LEAST_PERIOD = 15.0
"""The shortest period of hydrocarbon along the beam, Å."""


def coating(
    covered: np.ndarray,
    others: np.ndarray,
    box: np.ndarray,
    thickness: float,
    density: float,
    rng: np.random.Generator,
) -> Placed:
    """Atoms of hydrocarbon around other atoms, as far as there is room; all lengths in Å.

    covered: positions (n, 3) of the atoms that it covers; others: (m, 3), of atoms that it keeps away from. box: size
    along x and y, periodic. Its atoms are `CONTACT` to `CONTACT` + thickness from the nearest atom covered. density: of
    the hydrocarbon, g/cm³.
    """
    if not len(covered) or not thickness:
        return Placed(np.zeros(0, int), np.zeros((0, 3)))
    reach = CONTACT + thickness
    low, high = covered[:, 2].min() - reach, covered[:, 2].max() + reach
    period = period_of(thickness)
    numbers, block = amorphous_film(MATERIAL, (*box, period), int(rng.integers(2**63)), density)
    first, last = int(np.floor(low / period)), int(np.ceil(high / period))
    positions = np.concatenate([block + [0.0, 0.0, period * k] for k in range(first, last)])
    made = Placed(np.tile(numbers, last - first), positions)
    made = made.where((positions[:, 2] >= low) & (positions[:, 2] <= high))
    near = _distances(made.positions, covered, box, reach)
    made = made.where((near >= CONTACT) & (near <= reach))
    return made.where(_distances(made.positions, others, box, CONTACT) >= CONTACT)


def period_of(thickness: float) -> float:
    """Å along the beam after which the hydrocarbon of a coating of that thickness (Å) repeats."""
    return max(thickness, _LEAST_PERIOD)


def check_coating(box: tuple[float, float]) -> None:
    """Raise InputError if no hydrocarbon can be made for a box of that size along x and y, Å."""
    check_film(MATERIAL, (*box, _LEAST_PERIOD), MATERIAL.density)


def _distances(positions: np.ndarray, atoms: np.ndarray, box: np.ndarray, most: float) -> np.ndarray:
    """Distance (n,), Å, of positions to the nearest of the atoms, periodic in x and y; inf beyond `most`."""
    if not len(atoms) or not len(positions):
        return np.full(len(positions), np.inf)
    tall = float(max(atoms[:, 2].max(), positions[:, 2].max()) - min(atoms[:, 2].min(), positions[:, 2].min()))
    period = np.array([*box, 3 * (tall + most) + 1.0])
    tree = require("scipy.spatial", "sim").cKDTree(wrapped(atoms, period), boxsize=period)
    distances: np.ndarray = tree.query(wrapped(positions, period), distance_upper_bound=most * (1 + 1e-9))[0]
    return distances
