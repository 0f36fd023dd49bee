"""A model's results together with its scores per image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.per_image import image_clusters, read_per_image
from hrtem_bench.scoring.reading import read_results
from hrtem_bench.scoring.results import Results
from hrtem_bench.scoring.statistics import Clusters


@dataclass(frozen=True)
class Run:
    """A model's results with its scores per image."""

    results: Results
    per_image: dict[str, NDArray[Any]]

    @property
    def conditions(self) -> list[str]:
        """Ids of the conditions, in the order of the curve."""
        return [point.condition for point in self.results.curve]

    def clusters(self, metric: str = "dice") -> Clusters:
        """Sums of a metric by structure and condition, with conditions in the order of the curve.

        Parameters
        ----------
        metric
            Name of an image's metric.
        """
        return image_clusters(self.per_image, metric, self.conditions)


def read_run(path: Path) -> Run:
    """The results of a run with the scores of its images.

    Parameters
    ----------
    path
        Folder that `evaluate` wrote, or a results.json with per_image.parquet beside it.

    Raises
    ------
    InputError
        Where a file cannot be read or the two disagree.
    """
    run = Run(read_results(path), read_per_image(path if path.is_dir() else path.parent))
    for point in run.results.curve:
        own = run.per_image["dice"][run.per_image["condition_id"] == point.condition]
        if len(own) != point.n_images or abs(own.mean() - point.dice.value) > 1e-9:
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
