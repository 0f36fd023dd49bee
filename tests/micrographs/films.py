"""Images of a simulated carbon film at known settings, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

import hrtem_bench as hb

SIDE, THICKNESS, PIXEL_SIZE = 102.4, 40.0, 0.2
"""Å; the rings of a film are those of its middle."""


def film_wave(energy: float = 300e3, side: float = SIDE, seed: int = 0) -> Any:
    """The exit wave of a film of amorphous carbon; it ends at the film's lower face."""
    import ase

    from hrtem_bench.specimens import amorphous_film, glass

    numbers, positions = amorphous_film(glass("a-C"), (side, side, THICKNESS), seed)
    atoms = ase.Atoms(numbers=numbers, positions=positions, cell=[side, side, THICKNESS], pbc=True)
    return hb.exit_waves(atoms, energy=energy, pixel_size=PIXEL_SIZE, slice_thickness=4.0, phonons=None)


def film_image(
    wave: Any, detector: Any = None, seed: int = 1, pixel_size: float = PIXEL_SIZE, **lens: Any
) -> np.ndarray:
    """An image of the film, whose defocus is that of its middle."""
    settings = {"focal_spread": 20.0, "angular_spread": 0.1, "dose": 400.0} | lens
    defocus = settings.pop("defocus") + THICKNESS / 2
    condition = hb.Condition(energy=wave.energy, defocus=defocus, **settings)
    return np.asarray(hb.render(wave, condition, output_pixel_size=pixel_size, seed=seed, detector=detector))
