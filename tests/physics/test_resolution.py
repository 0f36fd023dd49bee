"""Scherzer defocus, point resolution and information limit: defining properties and published instruments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hrtem_bench import Condition, chi, information_limit, point_resolution, scherzer_defocus, wavelength
from hrtem_bench.physics import chi_gradient, spatial_envelope, temporal_envelope


@pytest.mark.parametrize(
    ("energy", "C30", "angstrom"),
    [
        (200e3, 1.2e7, 2.4),  # FEI Tecnai F20 S-TWIN data sheet: Cs 1.2 mm, point resolution 0.24 nm
        (400e3, 1.0e7, 1.65),  # JEOL JEM-4000EX: Cs 1.0 mm, point resolution 0.165 nm
        (300e3, 0.65e7, 1.7),  # Philips CM300 UltraTwin: Cs 0.65 mm, point resolution 0.17 nm
    ],
)
def test_point_resolution_of_known_microscopes(energy: float, C30: float, angstrom: float) -> None:
    assert point_resolution(Condition(energy=energy, C30=C30)) == pytest.approx(angstrom, rel=0.03)


@pytest.mark.parametrize("C30", [1.2e7, -3e5])
def test_scherzer_defocus_and_point_resolution_by_their_definition(C30: float) -> None:
    lens = Condition(energy=200e3, C30=C30)
    condition = lens.replace(C10=-scherzer_defocus(lens))
    # Where the slope of χ vanishes, |sin χ| = sin(3π/4).
    q_flat = math.sqrt(abs(condition.C10 / (C30 * wavelength(200e3) ** 2)))
    assert chi_gradient(q_flat, 0.0, condition)[0] == pytest.approx(0.0, abs=1e-9)
    assert chi(q_flat, 0.0, condition) == pytest.approx(-math.copysign(0.75 * math.pi, C30))
    assert chi(1 / point_resolution(lens), 0.0, condition) == pytest.approx(0.0, abs=1e-9)


def test_published_factors() -> None:
    # O'Keefe: extended Scherzer defocus √(1.5 Cs λ), crossover at 0.64 Cs^¼ λ^¾.
    lens = Condition(energy=200e3, C30=1.2e7)
    assert scherzer_defocus(lens) == pytest.approx(1.2247 * math.sqrt(1.2e7 * wavelength(200e3)), rel=1e-4)
    assert point_resolution(lens) == pytest.approx(0.64 * 1.2e7**0.25 * wavelength(200e3) ** 0.75, rel=5e-3)


def test_abtem_agrees() -> None:
    abtem = pytest.importorskip("abtem")
    theirs = abtem.CTF(energy=300e3, Cs=1.0e7)
    lens = Condition(energy=300e3, C30=1.0e7)
    assert scherzer_defocus(lens) == pytest.approx(theirs.scherzer_defocus, rel=1e-6)
    assert point_resolution(lens) == pytest.approx(theirs.point_resolution, rel=1e-6)


def test_no_spherical_aberration_sets_no_limit() -> None:
    assert scherzer_defocus(Condition()) == 0.0
    assert point_resolution(Condition()) == 0.0


def test_information_limit_of_the_one_angstrom_microscope() -> None:
    # O'Keefe et al., Ultramicroscopy 89 (2001) 215: 300 kV, focal spread 20 Å, information limit 0.78 Å.
    assert information_limit(Condition(energy=300e3, focal_spread=20.0)) == pytest.approx(0.78, abs=0.01)


@pytest.mark.parametrize(
    "condition",
    [
        Condition(focal_spread=10.0),
        Condition(energy=200e3, C10=-670.0, C30=1.2e7, angular_spread=0.5),
        Condition(energy=200e3, C10=-670.0, C30=1.2e7, angular_spread=0.1, focal_spread=40.0),
    ],
)
def test_information_limit_is_where_the_envelope_first_falls_to_exp_minus_2(condition: Condition) -> None:
    q = np.linspace(0, 1 / information_limit(condition), 2001)
    left = temporal_envelope(q, 0.0, condition) * spatial_envelope(q, 0.0, condition)
    assert left[-1] == pytest.approx(math.exp(-2), rel=1e-6)
    assert (left[:-1] > math.exp(-2)).all()


def test_information_limit_takes_the_worst_direction() -> None:
    astigmatic = Condition(C10=-200.0, aberrations={"C12": 100.0, "phi12": 0.0}, angular_spread=0.5)
    # Along y the astigmatism adds to the defocus: |∇χ| = 2πλ (200 + 100) q.
    width = 0.5e-3 / wavelength(300e3)
    q = 2.0 / (width * 2 * math.pi * wavelength(300e3) * 300.0)
    assert information_limit(astigmatic) == pytest.approx(1 / q, rel=1e-6)


def test_information_limit_stops_at_the_aperture() -> None:
    cut = wavelength(300e3) / 0.010
    assert information_limit(Condition(aperture=10.0)) == pytest.approx(cut)
    assert information_limit(Condition(aperture=10.0, focal_spread=10.0)) == pytest.approx(cut)
    assert information_limit(Condition(aperture=10.0, angular_spread=1.0)) == pytest.approx(cut)
    wide = Condition(aperture=90.0, focal_spread=10.0)
    assert information_limit(wide) == information_limit(Condition(focal_spread=10.0))


def test_a_perfect_microscope_has_no_information_limit() -> None:
    assert information_limit(Condition()) == 0.0
    assert information_limit(Condition(C30=1e7)) == 0.0
