"""Why a condition helps: the bands of q in which it supplies what the others lack, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.physics import Spectra

Floats = NDArray[np.float64]
Band = tuple[float, float]
BINS = 100
"""Bins of the band in which gains are added up: the resolution of what is said."""
_LEAST = 0.2
"""A bin counts where it holds this share of the largest bin's gain."""
_MOST_BANDS = 3


def gained_bands(targets: Spectra, before: Floats | None, after: Floats, q_max: float, *, shape: bool) -> list[Band]:
    """Where in q, 1/Å, a training set that grew covers more of the targets; at most three bands, ascending.

    before, after: P (1, n) of the set; before None for a set that was empty. shape: compare amplitudes scaled to equal
    power, as σ does, and not as they are.
    """
    wanted = _amplitude(targets.power, targets.share, shape)
    covered = np.minimum(_amplitude(after, targets.share, shape), wanted)
    if before is not None:
        covered = covered - np.minimum(_amplitude(before, targets.share, shape), wanted)
    place = np.minimum((targets.q / q_max * BINS).astype(int), BINS - 1)
    gain = np.bincount(place, weights=covered.mean(axis=0) * targets.share, minlength=BINS).astype(np.float64)
    return _bands(gain, q_max / BINS)


def _amplitude(power: Floats, share: Floats, shape: bool) -> Floats:
    strength = np.sqrt(power @ share)[:, None] if shape else 1.0
    return np.sqrt(power) / np.maximum(strength, 1e-30)


def _bands(gain: Floats, width: float) -> list[Band]:
    """The runs of bins that gain, those with most of it."""
    if gain.max() <= 0:
        return []
    counts = np.concatenate([[False], gain >= _LEAST * gain.max(), [False]])
    starts, ends = np.flatnonzero(counts[1:] & ~counts[:-1]), np.flatnonzero(~counts[1:] & counts[:-1])
    runs = _merged(list(zip(starts.tolist(), ends.tolist(), strict=True)))
    largest = sorted(runs, key=lambda run: -gain[run[0] : run[1]].sum())[:_MOST_BANDS]
    return [(round(a * width, 4), round(b * width, 4)) for a, b in sorted(largest)]


def _merged(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of bins, those joined that are a bin apart."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def reason(bands: Sequence[Band], at: str, moved: tuple[float, float] | None) -> str:
    """In words.

    at: the target that the bands are of, "" for the mean of all. moved: what the score there was and is.
    """
    spans = [f"{a:.2f}–{b:.2f}" for a, b in bands]
    where = " and ".join(filter(None, [", ".join(spans[:-1]), *spans[-1:]]))
    if moved is None:
        return f"supplies {where} 1/Å" if bands else "supplies nothing"
    change = f"{f'at {at}' if at else 'on average'} ({moved[0]:.3f} to {moved[1]:.3f})"
    if moved[1] < moved[0] - 1e-4:
        return f"costs by itself {change}, and pays with those that follow"
    return f"fills {where} 1/Å {change}" if bands else f"changes little {change}"


__all__ = ["Band", "gained_bands", "reason"]
