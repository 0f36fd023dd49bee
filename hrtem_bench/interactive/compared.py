"""`compare`: several results on the same images, with a record to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hrtem_bench.comparison.compare import Comparison
from hrtem_bench.comparison.compare import compare as pair_up
from hrtem_bench.errors import InputError
from hrtem_bench.interactive.evaluated import Evaluated
from hrtem_bench.interactive.pictures import figure_image
from hrtem_bench.interactive.table import Table, table_of
from hrtem_bench.scoring.run import Run, read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Compared:
    """Paired differences between models scored on the same images; a notebook shows what follows, and the figure.

    Parameters
    ----------
    comparison
        What `hrtem_bench.comparison.compare` returned.
    """

    comparison: Comparison

    @property
    def conclusions(self) -> list[str]:
        """What can be concluded about each pair, in words."""
        from hrtem_bench.report import comparison_sentences

        return [" ".join(comparison_sentences(self.comparison, pair)) for pair in self.comparison.pairs]

    def table(self) -> Table:
        """A row for each pair and condition, and one for each pair's mean over all.

        Returns
        -------
        Table
            first, second, condition ("mean of all" for the mean), difference (first less second), low, high, p_holm.
        """
        return table_of(
            {
                "first": pair.first,
                "second": pair.second,
                "condition": one.condition or "mean of all",
                "difference": one.difference.value,
                "low": one.difference.low,
                "high": one.difference.high,
                "p_holm": one.p_holm,
            }
            for pair in self.comparison.pairs
            for one in (*pair.conditions, pair.mean)
        )

    def plot(self) -> Figure:
        """The differences along the track, as a matplotlib Figure."""
        from hrtem_bench.report import comparison_figure

        return comparison_figure(self.comparison)

    def __repr__(self) -> str:
        return f"<{' '.join(self.conclusions)}>"

    def _repr_html_(self) -> str:
        from hrtem_bench.report.html_elements import element, join, listing

        picture = figure_image(self.plot(), "Differences by condition")
        return str(element("div", join([listing(self.conclusions), picture])))


def compare(
    results: Sequence[Evaluated | Run | str | Path], metric: str = "dice", *, confidence: float = 0.95, seed: int = 0
) -> Compared:
    """Compare models that were scored on the same images, every pair of them.

    Parameters
    ----------
    results
        At least two: what `evaluate` returned, or folders that the command or `Evaluated.save` wrote.
    metric
        Score of an image: "dice", "iou", "nll", …
    confidence
        Level of the intervals.
    seed
        Of the bootstrap and of the sign-flip test.

    Raises
    ------
    InputError
        Where the images are not the same, or a model lacks the metric.
    """
    if isinstance(results, str | Path | Evaluated | Run):
        raise InputError("compare takes a list of results: compare([result, other])")
    return Compared(pair_up([_run(one) for one in results], metric, confidence=confidence, seed=seed))


def _run(result: Evaluated | Run | str | Path) -> Run:
    if isinstance(result, Evaluated):
        return result.run
    if isinstance(result, Run):
        return result
    if isinstance(result, str | os.PathLike):
        return read_run(Path(result))
    raise InputError(f"a {type(result).__name__} is no result: give what evaluate returned, or a folder of results")
