"""Units in text, and grids of settings (docs/reference/conventions.md, "Units")."""

from __future__ import annotations

import math

import pytest

from hrtem_bench.conditions import (
    MOST,
    UNITS,
    Condition,
    condition_from_dict,
    parse_condition,
    parse_grid,
    quantity,
    with_settings,
)
from hrtem_bench.errors import InputError


@pytest.mark.parametrize(
    ("text", "setting", "value"),
    [
        ("C30=1.2mm", "C30", 1.2e7),
        ("C30=-15 um", "C30", -1.5e5),
        ("C30=15µm", "C30", 1.5e5),
        ("C30=15μm", "C30", 1.5e5),
        ("defocus=-60nm", "C10", 600.0),
        ("C10=-500pm", "C10", -5.0),
        ("C10=1.2e2", "C10", 120.0),
        ("C10=1e2A", "C10", 100.0),
        ("focal_spread=3nm", "focal_spread", 30.0),
        ("energy=200kV", "energy", 200e3),
        ("energy=0.3MeV", "energy", 300e3),
        ("aperture=20mrad", "aperture", 20.0),
        ("aperture=0.02rad", "aperture", 20.0),
        ("angular_spread=300urad", "angular_spread", 0.3),
        ("dose=400e/A2", "dose", 400.0),
        ("dose=40000 e/nm2", "dose", 400.0),
        ("dose=4e2e/Å²", "dose", 400.0),
    ],
)
def test_a_value_may_carry_its_unit(text: str, setting: str, value: float) -> None:
    assert getattr(parse_condition(text), setting) == pytest.approx(value, rel=1e-12)
    name, _, written = text.partition("=")
    assert condition_from_dict({name: written}) == parse_condition(text)


@pytest.mark.parametrize("written", ["30deg", "30°", "0.5235987755982988", "523.5987755982988mrad"])
def test_angles_carry_units_too(written: str) -> None:
    condition = parse_condition(f"C12=2nm,phi12={written}")
    assert condition.aberrations == pytest.approx({"C12": 20.0, "phi12": math.pi / 6})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C30=1.2kV", "'kV' is no unit of it; use Å, A, pm, nm"),
        ("energy=200mm", "use eV, keV, kV"),
        ("phi12=30nm,C12=1", "use rad, mrad, deg"),
        ("dose=4C/m2", "use e/Å²"),
        ("C10=nm", "must be a number"),
        ("C10=1e999nm", "must be finite"),
        ("C10=--3nm", "must be a number"),
    ],
)
def test_another_units_kind_is_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        parse_condition(text)
    assert "\n" not in str(error.value)


def test_every_setting_has_a_unit() -> None:
    for name, unit in UNITS.items():
        assert quantity(name, f"3{unit}", unit) == 3.0


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("C10=-400:400:200", "C10", [-400, -200, 0, 200, 400]),
        ("defocus=-40nm:40nm:20nm", "defocus", [-400, -200, 0, 200, 400]),
        ("defocus=-40:40:20nm", "defocus", [-400, -200, 0, 200, 400]),
        ("C30=0.5,1,1.2mm", "C30", [5e6, 1e7, 1.2e7]),
        ("C30=5e6,1mm", "C30", [5e13, 1e7]),  # the unit of the last is that of all
        ("C30=1um,1mm", "C30", [1e4, 1e7]),
        ("B2=10nm,20nm", "C21", [300, 600]),
        ("phiA1=0,90deg", "phi12", [0, math.pi / 2]),
        ("dose=100,200,400", "dose", [100, 200, 400]),
    ],
)
def test_a_grid_of_values(text: str, name: str, values: list[float]) -> None:
    found, numbers = parse_grid(text)
    assert found == name
    assert numbers == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C10", "write NAME=FIRST:LAST:STEP"),
        ("C11=1,2", "names are"),
        ("C10=1:2", "neither"),
        ("C10=a,b", "neither"),
        ("C10=1kV,2kV", "no unit"),
        ("C10=0:1:0", "STEP > 0"),
        (f"C10=0:{MOST + 1}:1", f"at most {MOST} steps"),
    ],
)
def test_an_unusable_grid_is_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        parse_grid(text, "--here")
    assert str(error.value).startswith("--here")
    assert "\n" not in str(error.value)


def test_settings_over_a_base() -> None:
    base = {"energy": 200e3, "C10": 30.0, "C12": 5.0, "dose": 10.0}
    assert with_settings(base, {"defocus": "6nm"}) == Condition(energy=200e3, C10=-60.0, C12=5.0, dose=10.0)
    assert with_settings(base, {"A1": 7.0}) == Condition(energy=200e3, C10=30.0, C12=7.0, dose=10.0)
    assert with_settings(base, {"aberrations": {"A1": 7.0}}) == with_settings(base, {"C12": 7.0})
