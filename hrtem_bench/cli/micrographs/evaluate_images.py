"""`hrtem-bench evaluate-images`: a model on a user's own micrographs, where there are labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import fixed, limits, print_expectation, print_table, print_warnings, wrote
from hrtem_bench.cli.running import slug

if TYPE_CHECKING:
    from hrtem_bench.micrographs.segmentation import MicrographScore, MicrographScores


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Micrographs and their labels."""

    images: Annotated[Path, typer.Option(help="Your micrographs: their folder, or one file.")]
    labels: Annotated[Path, typer.Option(help="Folder of their labels, by the same names.")]
    label_name: Annotated[
        str | None,
        typer.Option(help='How names of labels differ from those of images: "image_*=label_*" or "*=*_mask".'),
    ] = None


@options.with_option_groups
def evaluate_images(
    context: typer.Context,
    given: options.ChosenModel,
    own: Labelled,
    known: options.OwnImageOptions,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for micrographs.json, masks and overlays; if not given, results/MODEL-images."),
    ] = None,
    seed: options.BootstrapSeed = 0,
) -> None:
    """Score a model on your own labelled micrographs; without labels, `predict` finds the particles.

    With --condition and --results, it also says what Dice to expect.
    """
    from hrtem_bench.interactive.segmented import SegmentationJob, segment_files
    from hrtem_bench.micrographs.segmentation import summarised, write_scores
    from hrtem_bench.scoring.statistics import Resampling

    folder = out or Path("results") / f"{slug(given.model)}-images"
    submission = given.submission()
    expected = known.expectation(submission)
    job = SegmentationJob(submission, folder, known.pixel_size, own.labels, own.label_name)
    done = segment_files(job, [own.images])
    resampling = Resampling(seed=seed)
    found = summarised(submission, done.scores, context.obj, expected, resampling=resampling, warnings=done.warnings)
    _print_scores(found)
    _print_edges(found)
    print_warnings(done.warnings)
    print_expectation(expected)
    wrote(write_scores(folder, found))


def _print_scores(scores: MicrographScores) -> None:
    """A row for each file, the mean over its frames if it is a stack, and the means over all."""
    names = ("dice", "iou", "surface_dice", "f1", "nll")
    rows = [(title, *(fixed(value) for value in values)) for title, values in _file_means(scores.images, names)]
    if len(scores.images) > 1:
        rows.append(("mean", *(fixed(scores.means.get(n)) for n in names)))
    print_table(
        f"{scores.model.name} on {len(scores.images)} micrographs",
        ("micrograph", "Dice", "IoU", "surface Dice", "F1", "NLL"),
        rows,
    )
    mean = scores.means["dice"]
    if mean.low is not None:
        print(f"mean Dice {mean.value:.3f}, {100 * scores.confidence:g} % interval {limits(mean)}")


def _file_means(images: Sequence[MicrographScore], names: Sequence[str]) -> Iterator[tuple[str, list[float | None]]]:
    """For each file its name, with the number of its frames if it is a stack, and the means of the scores named."""
    for name, group in groupby(images, key=lambda one: one.name):
        own = list(group)
        title = name if own[0].frame is None else f"{name} ({len(own)} frames)"
        columns = [[one.metrics.get(metric) for one in own] for metric in names]
        yield title, [None if None in column else sum(filter(None, column)) / len(own) for column in columns]


def _print_edges(scores: MicrographScores) -> None:
    """How the masks' edges lie relative to those of the labels."""
    if scores.edges is None:
        return
    one = scores.edges
    if one.area_ratio is not None:
        print(f"area of the masks over that of the labels: {one.area_ratio:.3f}")
    _print_distance(scores)
    print(
        f"with all edges moved by {one.best_offset:+g} Å, the best offset on these very labels, mean Dice is "
        f"{one.dice_at_best_offset:.3f}"
    )
    print(f"F1 counts pieces of at least {one.smallest_object:g} Å²")


def _print_distance(scores: MicrographScores) -> None:
    """The mean signed distance of the edges, over images that have one, each counted alike."""
    name = "signed_boundary_distance"
    known = [(one.metrics.get(name), one.pixel_size) for one in scores.images]
    pairs = [(value, size) for value, size in known if value is not None]
    if pairs:
        mean, pixels = (sum(column) / len(pairs) for column in zip(*((v, v / size) for v, size in pairs), strict=True))
        print(f"the masks' edges lie {mean:+.2f} Å ({pixels:+.2f} pixels) from the labels', positive outside")
