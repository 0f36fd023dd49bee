"""Tracks: signs, units, names, and how settings are drawn."""

import numpy as np
import pytest
import toy_datasets
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.conditions import Condition
from hrtem_bench.recipes.tables import SpreadTable
from hrtem_bench.recipes.tracks import condition_id, draw, setting, track_conditions
from hrtem_bench.support.child_seeds import child_seed


@pytest.mark.parametrize(
    ("axis", "value", "unit", "field", "number", "name"),
    [
        ("defocus", -10, "nm", "C10", 100.0, "defocus=-10nm"),  # defocus = -C10
        ("defocus", 0, "Å", "C10", 0.0, "defocus=0A"),
        ("spherical_aberration", 1.2, "mm", "C30", 1.2e7, "spherical_aberration=1.2mm"),
        ("spherical_aberration", -13, "µm", "C30", -1.3e5, "spherical_aberration=-13um"),
        ("astigmatism", 5, "nm", "C12", 50.0, "astigmatism=5nm"),
        ("dose", 400, "e/Å²", "dose", 400.0, "dose=400"),
        ("focal_spread", 3, "nm", "focal_spread", 30.0, "focal_spread=3nm"),
        ("aperture", 20, "mrad", "aperture", 20.0, "aperture=20mrad"),
        ("C21", 20, "nm", "C21", 200.0, "C21=20nm"),
    ],
)
def test_values_become_settings(axis, value, unit, field, number, name):
    assert setting(axis, value, unit, "tracks.x") == {field: pytest.approx(number)}
    assert condition_id(axis, value, unit) == name
    assert name.isascii()


def test_zero_defocus_has_no_sign():
    assert condition_id("defocus", -0.0, "nm") == "defocus=0nm"
    assert not np.signbit(setting("defocus", 0.0, "nm", "x")["C10"])


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_spread_is_a_standard_deviation(distribution):
    spread = {"C10": SpreadTable(std=15.0, distribution=distribution)}
    rng = np.random.default_rng(0)
    c10 = np.array([draw(Condition(C10=100.0), spread, rng).C10 for _ in range(4000)])
    assert abs(c10.mean() - 100) < 4 * 15 / np.sqrt(4000)
    assert abs(c10.std() - 15) < 4 * 15 / np.sqrt(2 * 4000)
    largest = 60 if distribution == "normal" else 15 * np.sqrt(3)
    assert abs(c10 - 100).max() <= largest


@given(seed=st.integers(0, 2**40), std=st.floats(0.1, 50))
def test_draw_moves_only_what_is_spread(seed, std):
    nominal = Condition(C10=50.0, C30=1e4, dose=300.0, focal_spread=10.0)
    drawn = draw(nominal, {"C10": std}, np.random.default_rng(seed))
    assert drawn.replace(C10=nominal.C10) == nominal
    assert drawn == draw(nominal, {"C10": std}, np.random.default_rng(seed))
    assert drawn.C10 != nominal.C10


def test_angle_may_vary_where_there_is_no_astigmatism_yet():
    drawn = draw(Condition(), {"phi12": 0.5}, np.random.default_rng(1))
    assert drawn.aberrations["C12"] == 0


def test_joint_conditions_fill_their_ranges_evenly():
    recipe = toy_datasets.recipe(
        toy_datasets.TOML.replace("train_conditions = 2", "train_conditions = 20").replace(
            "test_conditions = 3", "test_conditions = 40"
        )
    )
    conditions = track_conditions(recipe, "joint")
    inner = [c.condition for c in conditions if c.train]
    whole = [c.condition for c in conditions if not c.train]
    assert (len(inner), len(whole)) == (20, 40)
    assert len({c.condition_id for c in conditions}) == 60
    # One draw in each of equal parts of the range, so that counts per quarter are exact (to the rounding of an edge).
    defocus = np.histogram([c.defocus for c in inner], [-50, -25, 0, 25, 50])[0]
    dose = np.histogram(np.log([c.dose for c in whole]), np.log([50, 100, 200, 400, 800]))[0]
    assert np.abs(defocus - 5).max() <= 1
    assert np.abs(dose - 10).max() <= 1


@given(st.integers(0, 2**60), st.integers(0, 10**6))
def test_child_seeds_fit_a_signed_column_and_differ(seed, index):
    one = child_seed(seed, "noise", "defocus", index)
    assert 0 <= one < 2**63
    assert one == child_seed(seed, "noise", "defocus", index)
    assert one != child_seed(seed, "noise", "defocus", index + 1)
    assert one != child_seed(seed, "noise", "dose", index)
    assert one != child_seed(seed + 1, "noise", "defocus", index)
