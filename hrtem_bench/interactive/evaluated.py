"""`evaluate`: a model in a variable, or by its name, over the conditions of a track, with a result to look at."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import Evaluation
from hrtem_bench.evaluation.evaluate import evaluate as score
from hrtem_bench.evaluation.resume import check_writable
from hrtem_bench.interactive.pictures import figure_image
from hrtem_bench.interactive.table import Table, table_of
from hrtem_bench.models.contract import InputContract
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import PER_IMAGE, write_per_image
from hrtem_bench.scoring.results import RESULTS, Results, write_results
from hrtem_bench.scoring.run import Run
from hrtem_bench.support.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hrtem_bench.dataset import Track

CONTRACT = InputContract.__struct_fields__
OPTIONS = tuple(field.name for field in fields(Options) if field.name != "contract")


@dataclass(frozen=True, repr=False)
class Evaluated:
    """The scores of a model along a track; a notebook shows the verdict and the curve.

    Parameters
    ----------
    evaluation
        What `hrtem_bench.evaluation.evaluate` returned.
    """

    evaluation: Evaluation

    @property
    def results(self) -> Results:
        """Everything that results.json holds."""
        return self.evaluation.results

    @property
    def per_image(self) -> dict[str, NDArray[Any]]:
        """Scores of each image, as columns of equal length."""
        return self.evaluation.per_image

    @property
    def run(self) -> Run:
        """Results and scores of each image, as `compare` takes them."""
        return Run(self.results, self.per_image)

    def table(self) -> Table:
        """The curve, a row for each condition.

        Returns
        -------
        Table
            condition, value (place on the axis, in the unit `results.dataset.unit`), C10 (Å), in_distribution,
            n_images, n_structures, epsilon, sigma, coverage, and for each metric its mean, ``METRIC_low`` and
            ``METRIC_high``: the limits of its interval, at the level `results.settings.confidence`.
        """
        plain = (
            "condition", "value", "C10", "in_distribution", "n_images", "n_structures", "epsilon", "sigma", "coverage"
        )  # fmt: skip
        rows = []
        for point in self.results.curve:
            row = {name: getattr(point, name) for name in plain}
            for name, one in point.scores.items():
                row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
            rows.append(row)
        return table_of(rows)

    def plot(self) -> Figure:
        """Dice, loss and transfer along the track, as a matplotlib Figure."""
        from hrtem_bench.report import curve_figure, curve_of
        from hrtem_bench.report.curve_data import track_of

        return curve_figure(curve_of(self.results), track_of(self.results), confidence=self.results.settings.confidence)

    def report(self, path: str | Path = "report.html") -> Path:
        """Write the report as one page, its figures inside; returns the page's path.

        The model runs once for each example image that the page shows.
        """
        from hrtem_bench.report import evaluation_page
        from hrtem_bench.support.files import write_aside

        out = Path(path)
        if out.suffix != ".html":
            raise InputError(f"{path}: the name of a report must end in .html")
        out.parent.mkdir(parents=True, exist_ok=True)
        write_aside(out, evaluation_page(self.evaluation))
        return out

    def save(self, folder: str | Path) -> Path:
        """Write the files that the command `evaluate` writes into a folder; returns it.

        They are results.json, per_image.parquet, report.html and figures/.
        """
        from hrtem_bench.report import report_evaluation

        if not str(folder):
            raise InputError("the folder to save in is empty text: give its path")
        out = Path(folder)
        check_writable(out)
        out.mkdir(parents=True, exist_ok=True)
        write_per_image(out / PER_IMAGE, self.per_image)
        write_results(out / RESULTS, self.results)
        report_evaluation(self.evaluation, out)
        return out

    def __repr__(self) -> str:
        data = self.results.dataset
        dice = ", ".join(f"{point.condition}: {point.dice.value:.3f}" for point in self.results.curve)
        return f"<{self.results.model.name} on the {data.track} track of {data.name} {data.version}; Dice {dice}>"

    def _repr_html_(self) -> str:
        from hrtem_bench.report import verdict
        from hrtem_bench.report.html_elements import element, join, listing, text

        said = verdict(self.results)
        picture = figure_image(self.plot(), f"Dice of {self.results.model.name} by condition")
        notes = [*said.findings, *(f"Note: {one}" for one in self.results.warnings)]
        return str(element("div", join([element("p", element("strong", text(said.lead))), listing(notes), picture])))


def evaluate(
    model: Any,
    data: str | Path | Track = "mini",
    track: str = "defocus",
    *,
    out: str | Path | None = None,
    progress: bool = True,
    **settings: Any,
) -> Evaluated:
    """Score a model at every condition of a track.

    Parameters
    ----------
    model
        A function of images float32 (N, ny, nx), each with mean 0 and variance 1, that returns the probability of the
        particle class at every pixel, float32 (N, ny, nx); a torch.nn.Module of images (N, 1, ny, nx), which is run in
        evaluation mode, without gradients, on its own device, and left as it was; or anything that the command
        `evaluate` takes as text: a shipped baseline's name, a folder, a file.
    data
        Folder of a dataset, its id on the Hugging Face Hub, or an opened track.
    track
        Which track of the dataset; not used for an opened one.
    out
        Folder for results.json and per_image.parquet; an evaluation that was interrupted goes on from there. None to
        write nothing: see `Evaluated.save`.
    progress
        Show a progress bar, in a terminal or a notebook.
    **settings
        Fields of `hrtem_bench.scoring.Options`, such as `conditions`, `train_conditions` (ids of the track that the
        model was trained at, for σ), `limit` (images per condition; the result is then unofficial), `batch_size`,
        `device`, `allow_code`; and of `hrtem_bench.models.InputContract`, such as ``output="logits"``,
        `normalisation`, `pixel_size` (Å) and `threshold`.

    Returns
    -------
    Evaluated
        The same scores and intervals as the command gives.

    Raises
    ------
    InputError
        In one line, for what cannot be used.

    Examples
    --------
    >>> result = evaluate("otsu", data="mini", track="defocus")  # doctest: +SKIP
    >>> result.table()["dice"]  # doctest: +SKIP
    """
    options = _options(settings)
    if not progress:
        return Evaluated(score(model, data, track, out, options=options, command=_command(model)))
    with progress_bar() as show:
        return Evaluated(score(model, data, track, out, options=options, command=_command(model), progress=show))


def _options(settings: dict[str, Any]) -> Options:
    """Options of an evaluation from keywords, some of which are of the input contract."""
    given = {name: value for name, value in settings.items() if name in CONTRACT}
    contract = settings.get("contract")
    if contract is not None and given:
        raise InputError(f"give contract or {', '.join(given)}, which are part of it")
    for name in settings:
        if name not in (*CONTRACT, *OPTIONS, "contract"):
            close = difflib.get_close_matches(name, [*CONTRACT, *OPTIONS], n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise InputError(f"evaluate has no setting {name!r}: {hint}there are {', '.join([*OPTIONS, *CONTRACT])}")
    if given:
        try:
            contract = msgspec.convert(given, InputContract)
        except (ValueError, TypeError) as error:
            raise InputError(f"{', '.join(given)}: {error}") from None
    named = {name: _sequence(name, value) for name, value in settings.items() if name in OPTIONS}
    return Options(**named, contract=contract)


def _sequence(name: str, value: Any) -> Any:
    """The id of one condition as a list of it."""
    if name in ("conditions", "train_conditions") and isinstance(value, str):
        return [value]
    return value.item() if isinstance(value, np.generic) else value


def _command(model: Any) -> str:
    """What results record where there was no command line."""
    return f"hrtem_bench.evaluate({model!r}, …)" if isinstance(model, str) else "hrtem_bench.evaluate(…)"
