"""Which other models' results a report shows beside its own: those of the very same images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.reading import read_results
from hrtem_bench.scoring.results import RESULTS, Results

MOST_LOOKED_AT = 200
"""Folders beside a run's own that are looked into."""


def companions(results: Results, out: Path, named: Sequence[Path] = ()) -> list[Results]:
    """The results that stand beside a model's own, which lie in `out`.

    Those in the folders `named`; InputError for one without results, or with such of other images. If none is named,
    those of highest mean Dice in the folders beside `out`, if there are any.
    """
    beside = [read_results(path) for path in named]
    for path, one in zip(named, beside, strict=True):
        if not same_images(one, results):
            raise InputError(
                f"{path} was scored on other images than {results.model.name}: only the same can be put beside"
            )
    if beside:
        return beside
    near = [one for one in _near(out) if same_images(one, results) and one.model.checksum != results.model.checksum]
    return sorted(near, key=lambda one: (-_mean_dice(one), one.model.name))[:1]


def same_images(one: Results, other: Results) -> bool:
    """Whether two results are of the same dataset, track, split and conditions, and of as many images of each."""
    return one.dataset == other.dataset and _images(one) == _images(other)


def _images(results: Results) -> dict[str, int]:
    return {point.condition: point.n_images for point in results.curve}


def _mean_dice(results: Results) -> float:
    return sum(point.dice.value for point in results.curve) / len(results.curve)


def _near(out: Path) -> Iterator[Results]:
    """Results in the folders beside `out`; what cannot be read as such is passed over."""
    own = out.resolve()
    for folder in islice(sorted(own.parent.iterdir()), MOST_LOOKED_AT):
        if folder != own and (folder / RESULTS).is_file():
            try:
                yield read_results(folder)
            except InputError:
                continue
