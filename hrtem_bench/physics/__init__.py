"""Electron optics: wavelength, aberrations, contrast transfer, resolution limits, information transfer.

Pure functions of a `Condition` and of spatial frequencies in 1/Å; docs/reference/conventions.md has signs and units.
"""

from __future__ import annotations

from hrtem_bench.physics.aberrations import chi, chi_gradient
from hrtem_bench.physics.constants import interaction_parameter, wavelength
from hrtem_bench.physics.information import Spectra, coverage, epsilon, sigma, transfer_spectra, transfer_table
from hrtem_bench.physics.resolution import information_limit, point_resolution, scherzer_defocus
from hrtem_bench.physics.transfer import (
    aperture,
    ctf,
    mean_transfer,
    spatial_envelope,
    temporal_envelope,
    transfer_spectrum,
    wave_transfer,
)

__all__ = [
    "Spectra",
    "aperture",
    "chi",
    "chi_gradient",
    "coverage",
    "ctf",
    "epsilon",
    "information_limit",
    "interaction_parameter",
    "mean_transfer",
    "point_resolution",
    "scherzer_defocus",
    "sigma",
    "spatial_envelope",
    "temporal_envelope",
    "transfer_spectra",
    "transfer_spectrum",
    "transfer_table",
    "wave_transfer",
    "wavelength",
]
