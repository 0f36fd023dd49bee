"""Relativistic electron wavelength and interaction parameter, from the CODATA 2022 constants."""

from __future__ import annotations

import math

from hrtem_bench.errors import InputError

# CODATA 2022 (Rev. Mod. Phys. 97, 025002, 2025), SI units; h, e and c are exact.
PLANCK = 6.62607015e-34
ELEMENTARY_CHARGE = 1.602176634e-19
SPEED_OF_LIGHT = 299792458.0
ELECTRON_MASS = 9.1093837139e-31

_HC = PLANCK * SPEED_OF_LIGHT / ELEMENTARY_CHARGE * 1e10  # eV Å
_REST_ENERGY = ELECTRON_MASS * SPEED_OF_LIGHT**2 / ELEMENTARY_CHARGE  # eV


def wavelength(energy: float) -> float:
    """Relativistic electron wavelength λ = hc / √(E (E + 2 m₀c²)).

    Parameters
    ----------
    energy
        Beam energy E, eV.

    Returns
    -------
    float
        Å.

    Raises
    ------
    InputError
        Unless the energy is positive and finite.

    References
    ----------
    Kirkland, Advanced Computing in Electron Microscopy, 2nd ed. (2010), chapter 2.
    """
    energy = _beam_energy(energy)
    return _HC / math.sqrt(energy * (energy + 2 * _REST_ENERGY))


def interaction_parameter(energy: float) -> float:
    """Interaction parameter σ_e = 2π m e λ / h², m relativistic: a projected potential V shifts the phase by σ_e V.

    Parameters
    ----------
    energy
        Beam energy, eV.

    Returns
    -------
    float
        rad/(V Å).

    Raises
    ------
    InputError
        Unless the energy is positive and finite.

    References
    ----------
    Kirkland, Advanced Computing in Electron Microscopy, 2nd ed. (2010), chapter 5, also as
    2π / (λE) · (m₀c² + E) / (2m₀c² + E): the same quantity.
    """
    energy = _beam_energy(energy)
    # 2π m e λ / h² = 2π (m₀c² + E) λ / (hc)², with energies in eV so that e is absorbed.
    return 2 * math.pi * (_REST_ENERGY + energy) * wavelength(energy) / _HC**2


def _beam_energy(energy: float) -> float:
    if not (math.isfinite(energy) and energy > 0):
        raise InputError(f"the beam energy must be positive and finite, in eV, not {energy}")
    return float(energy)
