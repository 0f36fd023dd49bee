"""Wavelength and interaction parameter against CODATA as in SciPy, and against published tables."""

from __future__ import annotations

import math

import pytest
import scipy.constants

from hrtem_bench.errors import InputError
from hrtem_bench.physics import constants as own
from hrtem_bench.physics import interaction_parameter, wavelength


# JEOL glossary of TEM terms, "wavelength of electron", table 1 (pm).
@pytest.mark.parametrize(
    ("energy", "picometres"),
    [(20e3, 8.5885), (60e3, 4.8661), (100e3, 3.7014), (200e3, 2.5079), (300e3, 1.9687), (1000e3, 0.87192)],
)
def test_wavelength_table(energy: float, picometres: float) -> None:
    assert 100 * wavelength(energy) == pytest.approx(picometres, rel=4e-5)


def test_wavelength_to_nine_digits() -> None:
    # mag2exp (ubermag), documentation of ltem.relativistic_wavelength: 1.9687489006848795e-12 m at 300 kV.
    assert wavelength(300e3) == pytest.approx(0.019687489006848795, rel=1e-8)


# Kirkland, Advanced Computing in Electron Microscopy, 2nd ed. (2010): the interaction parameter, rad/(kV Å).
@pytest.mark.parametrize(("energy", "expected"), [(100e3, 0.9244), (200e3, 0.7288), (300e3, 0.6526)])
def test_interaction_parameter_table(energy: float, expected: float) -> None:
    assert 1e3 * interaction_parameter(energy) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("energy", [1e3, 80e3, 300e3, 1.25e6])
def test_definitions_in_si_units(energy: float) -> None:
    m, e, c, h = (getattr(scipy.constants, n) for n in ("m_e", "e", "c", "h"))
    momentum = math.sqrt((energy * e) ** 2 / c**2 + 2 * energy * e * m)
    moving_mass = m + energy * e / c**2
    # SciPy's release decides the CODATA year: the electron mass moved by 1e-9 of itself between 2018 and 2022.
    assert wavelength(energy) * 1e-10 == pytest.approx(h / momentum, rel=1e-8)
    sigma_e = 2 * math.pi * moving_mass * e * (h / momentum) / h**2  # rad / (V m)
    assert interaction_parameter(energy) == pytest.approx(sigma_e * 1e-10, rel=1e-8)


def test_constants_are_codata() -> None:
    assert scipy.constants.h == own.PLANCK
    assert scipy.constants.e == own.ELEMENTARY_CHARGE
    assert scipy.constants.c == own.SPEED_OF_LIGHT
    assert pytest.approx(scipy.constants.m_e, rel=2e-9) == own.ELECTRON_MASS


@pytest.mark.parametrize("energy", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_energy_is_an_error(energy: float) -> None:
    for function in (wavelength, interaction_parameter):
        with pytest.raises(InputError, match="beam energy"):
            function(energy)
