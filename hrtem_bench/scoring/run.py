"""A model's results together with its scores per image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.results import Results, read_per_image, read_results


@dataclass(frozen=True)
class Run:
    """A model's results with its scores per image."""

    results: Results
    per_image: dict[str, NDArray[Any]]


def read_run(path: Path) -> Run:
    """The run in a folder that `evaluate` wrote, or beside a results.json. InputError where the two files disagree."""
    run = Run(read_results(path), read_per_image(path if path.is_dir() else path.parent))
    for point in run.results.curve:
        own = run.per_image["dice"][run.per_image["condition_id"] == point.condition]
        if len(own) != point.n_images or abs(own.mean() - point.dice) > 1e-9:
            raise InputError(
                f"{path}: the scores per image do not give the curve at {point.condition}: evaluate the model again"
            )
    return run


def check_same(a: Run, b: Run) -> None:
    """Raise InputError if two runs did not score the very same images."""
    one, other = a.results, b.results
    for field in ("checksum", "track", "split"):
        mine, theirs = getattr(one.dataset, field), getattr(other.dataset, field)
        if mine != theirs:
            what = "dataset" if field == "checksum" else field
            raise InputError(
                f"{one.model.name} and {other.model.name} were scored on different {what}s ({mine[:12]} and "
                f"{theirs[:12]}): only scores of the same images are compared"
            )
    if _images(a) != _images(b):
        raise InputError(
            f"{one.model.name} and {other.model.name} were scored on different images of the {one.dataset.track} "
            "track: score both with the same conditions and limit"
        )


def _images(run: Run) -> list[tuple[str, str]]:
    columns = (run.per_image["structure_id"], run.per_image["condition_id"])
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


__all__ = ["Run", "check_same", "read_run"]
