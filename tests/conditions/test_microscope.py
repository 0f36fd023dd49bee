"""Condition.from_microscope against numbers of textbooks and instruments."""

from __future__ import annotations

import math

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError

FWHM = 2 * math.sqrt(2 * math.log(2))


def test_every_number_arrives_in_its_unit() -> None:
    condition = hb.Condition.from_microscope(
        kilovolts=200, cs_mm=1.2, defocus_nm=60, stigmation_nm=2, stigmation_degrees=30, convergence_mrad=0.5,
        aperture_mrad=12, dose=400, B2="50nm",
    )  # fmt: skip
    assert condition == hb.Condition(
        energy=200e3, C30=1.2e7, C10=-600.0, C12=20.0, phi12=math.pi / 6, angular_spread=0.25, aperture=12.0,
        dose=400.0, C21=1500.0,
    )  # fmt: skip


@pytest.mark.parametrize(("kilovolts", "picometres"), [(100, 3.701), (200, 2.508), (300, 1.969), (1000, 0.8719)])
def test_wavelengths(kilovolts: float, picometres: float) -> None:
    # Kirkland (2010), table 2.2: 0.03701, 0.02508, 0.01969, 0.00872 Å.
    found = hb.wavelength(hb.Condition.from_microscope(kilovolts=kilovolts).energy)
    assert 100 * found == pytest.approx(picometres, rel=2e-4)


def test_kirklands_scherzer_conditions() -> None:
    # Kirkland (2010), chapter 3: 200 kV and Cs = 1.3 mm have the extended Scherzer defocus 700 Å; the aperture
    # (6 λ / Cs)^¼ is 10.37 mrad, and its resolution λ/α 2.42 Å.
    lens = hb.Condition.from_microscope(kilovolts=200, cs_mm=1.3)
    assert hb.scherzer_defocus(lens) == pytest.approx(700.0, abs=1.0)
    assert hb.point_resolution(lens) == pytest.approx(hb.wavelength(200e3) / 10.37e-3, rel=1e-3)


def test_the_focal_spread_of_energy_alone() -> None:
    # Δ = Cc ΔE/E: 1.4 mm · 0.7 eV / 200 keV = 4.9 nm FWHM, 2.08 nm standard deviation.
    found = hb.Condition.from_microscope(kilovolts=200, cc_mm=1.4, energy_spread_ev=0.7).focal_spread
    assert found == pytest.approx(49.0 / FWHM, rel=1e-12)
    assert found == pytest.approx(20.8, abs=0.01)


def test_instabilities_add_in_squares() -> None:
    # Cc √((ΔE/E)² + (ΔU/U)² + (2 ΔI/I)²) with all in parts per million: 3, 4 and 2 · 6 make 13.
    energy_spread = 3e-6 * 300e3 * FWHM
    found = hb.Condition.from_microscope(
        kilovolts=300, cc_mm=1.0, energy_spread_ev=energy_spread, high_tension_ppm=4, lens_current_ppm=6
    )
    assert found.focal_spread == pytest.approx(1e7 * 13e-6, rel=1e-12)


def test_the_focal_spread_is_that_of_a_simulated_beam() -> None:
    rng = np.random.default_rng(0)
    n = 400_000
    energy = 0.9 / FWHM * rng.standard_normal(n) / 300e3
    focus = 1.3e7 * (energy + 0.5e-6 * rng.standard_normal(n) - 2 * 0.3e-6 * rng.standard_normal(n))
    found = hb.Condition.from_microscope(
        kilovolts=300, cc_mm=1.3, energy_spread_ev=0.9, high_tension_ppm=0.5, lens_current_ppm=0.3
    )
    assert found.focal_spread == pytest.approx(focus.std(), rel=5e-3)


def test_the_information_limit_of_the_one_angstrom_microscope() -> None:
    # O'Keefe et al., Ultramicroscopy 89 (2001) 215: 300 kV, a focal spread of 20 Å (standard deviation) has its
    # information limit at 0.78 Å. 20 Å of a Cc of 1 mm are 0.6 eV, standard deviation.
    lens = hb.Condition.from_microscope(kilovolts=300, cc_mm=1.0, energy_spread_ev=0.6 * FWHM)
    assert lens.focal_spread == pytest.approx(20.0)
    assert hb.information_limit(lens) == pytest.approx(0.78, abs=0.01)


def test_the_cone_of_illumination_is_a_disc() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.6, 0.6, (400_000, 2))
    inside = points[np.hypot(*points.T) < 0.6]
    found = hb.Condition.from_microscope(kilovolts=300, convergence_mrad=0.6)
    assert found.angular_spread == pytest.approx(inside[:, 0].std(), rel=5e-3)


def test_stigmation_is_half_the_difference_between_the_two_foci() -> None:
    # Along an axis φ the defocus term of χ is that of C10 + C12 cos 2(φ - φ12).
    lens = hb.Condition.from_microscope(kilovolts=300, defocus_nm=-10, stigmation_nm=3, stigmation_degrees=90)
    q = 0.5
    for qx, qy, focus in ((0.0, q, 130.0), (q, 0.0, 70.0)):
        assert hb.chi(qx, qy, lens) == pytest.approx(hb.chi(q, 0.0, hb.Condition(C10=focus)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kilovolts": 200e3}, "kilovolts is in kV"),
        ({"kilovolts": 0.2}, "kilovolts is in kV"),
        ({"kilovolts": "high"}, "kilovolts must be a number"),
        ({"kilovolts": 200, "energy_spread_ev": -1}, "energy_spread_ev cannot be below 0"),
        ({"kilovolts": 200, "C10": 3}, "C10 is given twice"),
        ({"kilovolts": 200, "defocus": 3}, "defocus is given twice"),
        ({"kilovolts": 200, "stigmation_nm": 3, "A1": 3}, "C12 is given twice"),
        ({"kilovolts": 200, "cs": 3}, "unknown coefficient 'cs'"),
    ],
)
def test_what_cannot_be_is_one_line(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        hb.Condition.from_microscope(**given)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
