"""Masks whose edges move, against geometry; Dice against the offset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.micrographs.edges import OFFSETS, edge_counts, edges, moved_edges
from hrtem_bench.scoring.metrics import dice


def disc(radius: float, side: int = 96) -> np.ndarray:
    return np.hypot(*(np.mgrid[:side, :side] - side / 2)) < radius


@given(st.floats(8, 24), st.floats(-6, 6))
def test_a_disc_moved_by_an_offset_has_its_radius_changed_by_it(radius: float, offset: float) -> None:
    moved = moved_edges(disc(radius), offset)
    assert np.sqrt(moved.sum() / np.pi) == pytest.approx(radius + offset, abs=1.0)  # pixels know an edge to within one


@given(st.integers(0, 2**32 - 1), st.floats(-5, 5), st.floats(0, 5))
def test_growing_never_loses_a_pixel(seed: int, offset: float, more: float) -> None:
    mask = np.random.default_rng(seed).random((24, 31)) > 0.7
    assert not (moved_edges(mask, offset) & ~moved_edges(mask, offset + more)).any()
    np.testing.assert_array_equal(moved_edges(mask, 0), mask)


@pytest.mark.parametrize("mask", [np.zeros((16, 16), bool), np.ones((16, 16), bool)])
def test_masks_without_an_edge_stay(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(moved_edges(mask, 5.0), mask)
    np.testing.assert_array_equal(moved_edges(mask, -5.0), mask)


def test_dice_at_every_offset_is_that_of_the_moved_mask() -> None:
    mask, label = disc(14), disc(11) | (np.mgrid[:96, :96][0] < 6)
    found = edge_counts(mask, label, 0.4).dice
    expected = [float(dice(moved_edges(mask, offset / 0.4), label)) for offset in OFFSETS]
    assert found == pytest.approx(expected)
    empty = np.zeros((16, 16), bool)
    assert set(edge_counts(empty, empty, 0.4).dice) == {1.0}


def test_the_best_offset_is_the_difference_of_radii() -> None:
    counts = [edge_counts(disc(20), disc(15), 0.5), edge_counts(disc(16), disc(11), 0.5)]
    found = edges(counts, 50.0)
    assert found.best_offset == pytest.approx(-2.5, abs=0.5)
    assert found.dice_at_best_offset > 0.97
    assert found.area_ratio == pytest.approx((20**2 + 16**2) / (15**2 + 11**2), rel=0.03)
    assert edges([edge_counts(disc(9), disc(9), 0.5)], 50.0).best_offset == 0
