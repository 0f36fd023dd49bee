"""Where particles lie: places in the box that keep their distance, and the height at which one touches the film."""

from __future__ import annotations

import numpy as np

from hrtem_bench.errors import require

_TRIES, _ATTEMPTS = 100, 100
"""Places drawn for one particle, and layouts of all of them, before a particle is left out."""


def drawn_places(radii: np.ndarray, box: np.ndarray, gap: float, whole: bool, rng: np.random.Generator) -> np.ndarray:
    """Centres (m, 2) of the first m <= n discs of these radii (n,), as many as found room; lengths in Å.

    Discs keep the gap, across the periodic edges too; whole ones lie inside the box (2,).
    """
    for count in range(len(radii), 0, -1):
        for _ in range(_ATTEMPTS):
            places = _layout(radii[:count], box, gap, whole, rng)
            if places is not None:
                return places
    return np.zeros((0, 2))


def _layout(radii: np.ndarray, box: np.ndarray, gap: float, whole: bool, rng: np.random.Generator) -> np.ndarray | None:
    """Centres of all discs, the largest placed first; None if one finds no room."""
    places = np.full((len(radii), 2), np.nan)
    for k in np.argsort(-radii, kind="stable"):
        edge = radii[k] if whole else 0.0
        if 2 * edge > box.min():
            return None
        drawn = edge + rng.random((_TRIES, 2)) * (box - 2 * edge)
        apart = drawn[:, None, :] - places[None, :, :]
        apart -= box * np.rint(apart / box)
        gaps = np.hypot(apart[..., 0], apart[..., 1]) - (radii + radii[k])
        free = np.flatnonzero(np.all((gaps >= gap) | np.isnan(gaps), axis=1))
        if not len(free):
            return None
        places[k] = drawn[free[0]]
    return places


def resting_height(
    particle: np.ndarray, film: np.ndarray, box: np.ndarray, contact: float, relief: float = 0.0
) -> float:
    """How far to lift a particle (n, 3) so that its nearest distance to the film (m, 3) is `contact`; Å.

    It comes down along z, periodic in x and y with the box (2,), until the first of its atoms touches; over no
    film at all its lowest atom comes to 0. relief: how much the height of the film's face varies, Å.
    """
    if not len(film):
        return float(-particle[:, 2].min())
    # Over any place the film has atoms within this depth, so that deeper ones never touch.
    depth = 10.0 + contact + relief
    top = film[film[:, 2] > film[:, 2].max() - depth]
    low = particle[particle[:, 2] < particle[:, 2].min() + depth]
    tree = require("scipy.spatial", "sim").cKDTree
    near = tree(wrapped(low[:, :2], box), boxsize=box).sparse_distance_matrix(
        tree(wrapped(top[:, :2], box), boxsize=box), contact, output_type="coo_matrix"
    )
    lifts = top[near.col, 2] + np.sqrt(contact**2 - near.data**2) - low[near.row, 2]
    return float(lifts.max()) if len(lifts) else float(film[:, 2].max() - particle[:, 2].min())


def wrapped(positions: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Positions in [0, period): rounding may turn a tiny negative number into the period itself."""
    inside = positions % period
    return np.where(inside < period, inside, 0.0)
