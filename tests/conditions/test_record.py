"""Condition: validation, equality, and its text and mapping forms (docs/reference/conventions.md, "Aberrations")."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.conditions import (
    ANGLES,
    COEFFICIENTS,
    Condition,
    coefficients,
    condition_from_dict,
    condition_to_dict,
    parse_condition,
)
from hrtem_bench.errors import InputError

FULL = Condition(
    energy=200e3,
    C10=-650.0,
    C30=1.2e7,
    aberrations={"C12": 20.0, "phi12": 0.3, "C50": 1e7},
    focal_spread=40.0,
    angular_spread=0.3,
    aperture=15.0,
    dose=400.0,
)


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


CONDITIONS = st.builds(
    Condition,
    energy=_numbers(1e3, 1e6),
    C10=_numbers(-1e5, 1e5),
    C30=_numbers(-1e8, 1e8),
    aberrations=st.dictionaries(
        st.sampled_from([n for n in COEFFICIENTS if n not in ("C10", "C30")]), _numbers(-1e9, 1e9)
    ),
    focal_spread=_numbers(0, 1e3),
    angular_spread=_numbers(0, 10),
    aperture=st.none() | _numbers(1e-3, 100),
    dose=st.none() | _numbers(1e-3, 1e6),
)


def test_every_krivanek_coefficient_to_fifth_order_is_known() -> None:
    # n = 1 ... 5; m from 0 (n odd) or 1 (n even) to n + 1 in steps of 2: Krivanek et al. (1999), table 1.
    expected = {f"C{n}{m}": (n, m) for n in range(1, 6) for m in range((n + 1) % 2, n + 2, 2)}
    assert dict(COEFFICIENTS) == expected
    assert set(ANGLES) == {f"phi{n}{m}" for n, m in expected.values() if m}


def test_defocus_is_minus_C10() -> None:
    assert Condition(C10=-100.0).defocus == 100.0
    assert condition_from_dict({"defocus": 100.0}) == Condition(C10=-100.0)


@given(CONDITIONS)
def test_mapping_and_pickle_give_back_an_equal_condition(condition: Condition) -> None:
    for again in (
        condition_from_dict(condition_to_dict(condition)),
        pickle.loads(pickle.dumps(condition)),
        copy.deepcopy(condition),
    ):
        assert again == condition
        assert hash(again) == hash(condition)


def test_flat_and_nested_mappings_agree() -> None:
    flat = condition_to_dict(FULL)
    flat |= flat.pop("aberrations")
    assert condition_from_dict(flat) == FULL


def test_text_names_the_same_fields() -> None:
    text = (
        "energy=200e3, C10=-650, C30=1.2e7,C12=20,phi12=0.3,C50=1e7,"
        "focal_spread=40,angular_spread=0.3,aperture=15,dose=400"
    )
    assert parse_condition(text) == FULL
    assert parse_condition("defocus=650,aperture=none,dose=None") == Condition(C10=-650.0)
    assert parse_condition("") == Condition()


def test_a_condition_cannot_be_changed() -> None:
    given_aberrations = {"C12": 20.0}
    condition = Condition(aberrations=given_aberrations)
    given_aberrations["C12"] = 5.0
    assert condition.aberrations["C12"] == 20.0
    with pytest.raises(AttributeError):
        condition.C10 = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        condition.aberrations["C12"] = 1.0  # type: ignore[index]
    assert condition.replace(C10=3.0) == Condition(C10=3.0, aberrations={"C12": 20.0})


def test_coefficients_leaves_out_what_is_zero() -> None:
    condition = Condition(C10=-1.0, aberrations={"C12": 20.0, "phi12": 0.3, "C21": 0.0, "C50": 2e5})
    assert coefficients(condition) == {"C10": (-1.0, 0.0), "C12": (20.0, 0.3), "C50": (2e5, 0.0)}


@pytest.mark.parametrize("name", ["C11", "C70", "phi30", "C1O", "astigmatism", "phi10"])
def test_an_unknown_coefficient_names_the_known_ones(name: str) -> None:
    with pytest.raises(InputError) as error:
        Condition(aberrations={name: 1.0})
    message = str(error.value)
    assert "\n" not in message
    assert repr(name) in message
    for known in (*COEFFICIENTS, *ANGLES):
        assert known in message


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match="did you mean phi12"):
        Condition(aberrations={"C12": 1.0, "phi_12": 1.0})
    with pytest.raises(InputError, match="did you mean focal_spread"):
        parse_condition("focal_sprad=10")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"energy": 0.0}, "energy must be above 0"),
        ({"energy": 300.0}, "300 keV is 300e3"),
        ({"energy": math.nan}, "energy must be finite"),
        ({"C10": math.inf}, "C10 must be finite"),
        ({"C10": "ten"}, "C10 must be a number"),
        ({"C30": None}, "C30 must be a number"),
        ({"focal_spread": -1.0}, "focal_spread is a standard deviation"),
        ({"angular_spread": -1.0}, "angular_spread is a standard deviation"),
        ({"aperture": 0.0}, "aperture must be above 0"),
        ({"dose": -3.0}, "dose must be above 0"),
        ({"aberrations": {"C10": 5.0}}, "give C10 as a field"),
        ({"aberrations": {"phi12": 5.0}}, "phi12 is the angle of C12"),
        ({"aberrations": {"C12": math.nan}}, "C12 must be finite"),
        ({"aberrations": [("C12", 1.0)]}, "aberrations must map names to numbers"),
    ],
)
def test_impossible_values_are_one_line(fields: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        Condition(**fields)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C10", "has no '='"),
        ("C10=1,C10=2", "given twice"),
        ("C10=1,defocus=2", "not both"),
        ("C10=x", "must be a number"),
        ("C10=none", "must be a number"),
    ],
)
def test_unreadable_text_is_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        parse_condition(text)
    assert "\n" not in str(error.value)


def test_a_coefficient_given_twice_in_a_mapping_is_an_error() -> None:
    with pytest.raises(InputError, match="C12 is given both"):
        condition_from_dict({"aberrations": {"C12": 1.0}, "C12": 2.0})


def test_the_constructor_understands_what_text_does() -> None:
    assert Condition(defocus=60.0, C12=20.0, phi12=0.3) == parse_condition("defocus=60,C12=20,phi12=0.3")
    assert Condition(defocus=60.0) == Condition(C10=-60.0)
    assert Condition(energy="200kV", C30="1.2mm") == Condition(energy=200e3, C30=1.2e7)
    with pytest.raises(InputError, match="not both"):
        Condition(C10=1.0, defocus=1.0)
    with pytest.raises(InputError, match="unknown coefficient 'defocuss': did you mean defocus"):
        Condition(defocuss=1.0)
    with pytest.raises(InputError, match="both among the aberrations and beside"):
        Condition(aberrations={"C12": 1.0}, C12=2.0)


def test_replace_takes_what_the_constructor_takes() -> None:
    one = Condition(C10=5.0, C12=20.0, phi12=0.3)
    assert one.replace(defocus=60.0) == Condition(C10=-60.0, C12=20.0, phi12=0.3)
    assert one.replace(C12=7.0) == Condition(C10=5.0, C12=7.0, phi12=0.3)
    assert one.replace(A1="1nm") == Condition(C10=5.0, C12=10.0, phi12=0.3)
    assert one.replace(aberrations={}) == Condition(C10=5.0)
    with pytest.raises(InputError, match="unknown coefficient"):
        one.replace(colour=1.0)


@pytest.mark.parametrize("number", [np.int64(3), np.float32(3), np.float64(3), np.array(3), np.uint8(3)])
def test_numbers_of_numpy_are_numbers(number: np.generic) -> None:
    condition = Condition(C10=number, C12=number, focal_spread=number, dose=number)
    assert condition == Condition(C10=3.0, C12=3.0, focal_spread=3.0, dose=3.0)
    assert all(type(value) is float for value in (condition.C10, condition.focal_spread, condition.dose))
    assert hash(condition) == hash(Condition(C10=3.0, C12=3.0, focal_spread=3.0, dose=3.0))
