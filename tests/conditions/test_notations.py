"""Other notations of the aberrations, each against its own series (docs/reference/conventions.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench import Condition, chi, parse_condition, wavelength
from hrtem_bench.conditions import NOTATIONS
from hrtem_bench.errors import InputError

RNG = np.random.default_rng(4)
OMEGA = RNG.uniform(0.0, 0.04, 50) * np.exp(1j * RNG.uniform(0, 2 * np.pi, 50))
BAR = OMEGA.conj()
# Uhlemann and Haider, Ultramicroscopy 72 (1998) 109: (factor, powers of ω and of its conjugate) of each coefficient.
UHLEMANN_HAIDER = {
    "C1": (1 / 2, 1, 1), "A1": (1 / 2, 0, 2),
    "B2": (1, 2, 1), "A2": (1 / 3, 0, 3),
    "C3": (1 / 4, 2, 2), "S3": (1, 3, 1), "A3": (1 / 4, 0, 4),
    "B4": (1, 3, 2), "D4": (1, 4, 1), "A4": (1 / 5, 0, 5),
    "C5": (1 / 6, 3, 3), "S5": (1, 4, 2), "R5": (1, 5, 1), "D5": (1, 5, 1), "A5": (1 / 6, 0, 6),
}  # fmt: skip


def wave_front(condition: Condition) -> np.ndarray:
    """χ at the angles OMEGA."""
    q = OMEGA / wavelength(condition.energy)
    return np.asarray(chi(q.real, q.imag, condition))


@pytest.mark.parametrize("name", UHLEMANN_HAIDER)
def test_uhlemann_and_haiders_series(name: str) -> None:
    factor, up, down = UHLEMANN_HAIDER[name]
    size, azimuth = 1234.5, 0.37 if up != down else 0.0
    # The coefficient's complex argument, for a term whose maximum lies in the direction of the azimuth.
    complex_value = size * np.exp(1j * (down - up) * azimuth)
    expected = 2 * np.pi / wavelength(300e3) * (factor * OMEGA**up * BAR**down * complex_value).real
    angle = f",phi{name}={azimuth}rad" if up != down else ""
    np.testing.assert_allclose(wave_front(parse_condition(f"{name}={size}{angle}")), expected, rtol=1e-9, atol=1e-12)


def test_every_name_is_tested() -> None:
    assert set(NOTATIONS) == set(UHLEMANN_HAIDER) | {"Cs"}
    assert parse_condition("Cs=1.2mm") == Condition(C30=1.2e7)


@given(st.sampled_from(["12", "21", "23", "34", "45", "52"]), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_cartesian_parts(nm: str, a: float, b: float) -> None:
    # Krivanek et al., Ultramicroscopy 78 (1999) 1: α^(n+1)/(n+1) [C_nm,a cos mφ + C_nm,b sin mφ].
    n, m = int(nm[0]), int(nm[1])
    phi = np.angle(OMEGA)
    series = np.abs(OMEGA) ** (n + 1) / (n + 1) * (a * np.cos(m * phi) + b * np.sin(m * phi))
    expected = 2 * np.pi / wavelength(300e3) * series
    found = wave_front(Condition(**{f"C{nm}a": a, f"C{nm}b": b}))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * (1 + np.abs(expected).max()))


def test_one_part_alone() -> None:
    assert parse_condition("C12b=2nm") == Condition(C12=20.0, phi12=math.pi / 4)
    assert parse_condition("C12a=-2nm") == Condition(C12=20.0, phi12=math.pi / 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C1=3,C10=4", "C10 is given twice"),
        ("C3=3,Cs=4", "C30 is given twice"),
        ("A1=3,C12a=4", "not both"),
        ("phi12=0.1,C12b=4", "not both"),
        ("phiC3=0.1,C3=4", "unknown coefficient"),
        ("A1=1kV", "no unit"),
        ("phiA1=0.2", "phi12 is the angle of C12"),
        ("C30a=1", "unknown coefficient"),
    ],
)
def test_a_name_that_does_not_fit_is_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        parse_condition(text)
    assert "\n" not in str(error.value)
