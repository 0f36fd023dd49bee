"""Windows cover every pixel, and blending leaves what all windows agree on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.sizes import starts, windowed


@given(st.integers(8, 200), st.integers(8, 64))
def test_windows_reach_both_edges_and_overlap_by_half(side: int, window: int) -> None:
    if side < window:
        return
    places = starts(side, window)
    assert places[0] == 0
    assert places[-1] + window == side
    assert all(0 < step <= (window + 1) // 2 for step in np.diff(places))


@pytest.mark.parametrize("shape", [(1, 40, 40), (3, 33, 70), (2, 9, 40), (1, 7, 5)])
def test_what_a_model_does_pixel_by_pixel_is_unchanged(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).random(shape).astype(np.float32)
    seen = []

    def ask(windows: np.ndarray) -> np.ndarray:
        seen.append(windows.shape)
        return windows**2

    assert np.allclose(windowed(ask, images, 16), images**2, atol=1e-6)
    assert set(seen) == {(shape[0], 16, 16)}


def test_the_middle_of_a_window_counts_for_more_than_its_edge() -> None:
    """A model that is wrong within two pixels of its window's edge."""

    def ask(windows: np.ndarray) -> np.ndarray:
        answer = np.ones_like(windows)
        answer[..., 2:-2, 2:-2] = 0
        return answer

    inner = windowed(ask, np.zeros((1, 64, 64), np.float32), 16)[0, 8:-8, 8:-8]
    assert inner.max() < 0.05


@pytest.mark.parametrize("window", [0, 7, -256, 4097, 100_000, 10**30])
def test_a_window_has_bounds(window: int) -> None:
    with pytest.raises(ValueError, match="window must be 8 to 4096 pixels"):
        InputContract(window=window)
