"""`hrtem-bench predict`, and `evaluate --images`: a model on a user's own micrographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import counted, fixed, limits, print_table, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.micrographs.expectation import Expectation
    from hrtem_bench.micrographs.recordings import Labels, Recording
    from hrtem_bench.micrographs.segmentation import MicrographScore, MicrographScores
    from hrtem_bench.models.submission import Submission


def predict(
    model: options.Model,
    images: Annotated[list[Path], typer.Argument(help="Micrographs, or folders of them: tif, png, npy, dm3, dm4, …")],
    out: Annotated[Path, typer.Option(help="Folder for a mask (TIFF) and an overlay (PNG) of each.")],
    pixel_size: options.PixelSize = None,
    condition: options.OwnCondition = None,
    results: options.OwnResults = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write the probabilities, as TIFF.")
    ] = False,
    edge_offset: Annotated[
        float, typer.Option(help="Grow the masks by so many Å everywhere; below 0, shrink them.")
    ] = 0.0,
    normalisation: options.Normalisation = None,
    output: options.Output = None,
    model_pixel_size: options.ModelPixelSize = None,
    threshold: options.Threshold = None,
    window: options.Window = None,
    device: options.Device = "cpu",
    bf16: options.Bf16 = False,
    allow_code: options.AllowCode = False,
) -> None:
    """Find particles in your own micrographs, single images or stacks: tif, png, npy, dm3, dm4, mrc, emd, ser.

    Masks are 8-bit TIFF, 255 on particles, with a page for each frame. With --condition and --results, it also says
    what Dice to expect.
    """
    from hrtem_bench.models.runtime import Runtime
    from hrtem_bench.models.submission import load_submission

    given = options.contract(
        normalisation=normalisation, output=output, pixel_size=model_pixel_size, threshold=threshold, window=window
    )
    submission = load_submission(model, given, runtime=Runtime(device, bf16), allow_code=allow_code)
    expected = expectation(submission, condition, results)
    paths = micrograph_paths(images, out)
    check_offset(edge_offset)
    work = Work(submission, out, pixel_size, probabilities=probabilities, edge_offset=edge_offset)
    done = segment_files(work, paths)
    count = done.count
    print(f"masks and overlays of {count} micrographs" + (f", files: {len(paths)}" if count > len(paths) else ""))
    print_warnings(done.warnings)
    print_expectation(expected)
    wrote(out)


def evaluate_micrographs(
    submission: Submission,
    images: Path,
    labels: Path | None,
    out: Path,
    command: str,
    pixel_size: float | None,
    expected: Expectation | None,
    seed: int,
    label_name: str | None = None,
) -> None:
    """Score the model on labelled micrographs; write micrographs.json, masks and overlays into `out`.

    label_name: how names of labels differ from those of their images, see `recordings.label_name`.
    """
    from hrtem_bench.micrographs.segmentation import summarised, write_scores

    if labels is None:
        raise InputError("scores need labels: give their folder as --labels, or use `hrtem-bench predict`")
    paths = micrograph_paths([images], out)
    done = segment_files(Work(submission, out, pixel_size, labels, label_name), paths)
    found = summarised(submission, done.scores, command, expected, seed=seed, warnings=done.warnings)
    print_scores(found)
    print_edges(found)
    print_warnings(done.warnings)
    print_expectation(expected)
    wrote(write_scores(out, found))


def expectation(submission: Submission, condition: str | None, results: Path | None) -> Expectation | None:
    """What the model's own results let expect at the condition; None where either is not given."""
    from hrtem_bench.conditions import parse_condition
    from hrtem_bench.micrographs.expectation import expected_dice
    from hrtem_bench.scoring.run import read_run

    if results is None and condition is None:
        return None
    if condition is None or results is None:
        raise InputError("what to expect needs both --condition and --results: give the other one too, or neither")
    run = read_run(results)
    if run.results.model.checksum != submission.checksum:
        raise InputError(f"{results} is not of this model, but of {run.results.model.name}: evaluate the model first")
    trained = () if submission.trained_on is None else submission.trained_on.used()
    return expected_dice(run, trained, parse_condition(condition))


def micrograph_paths(places: Sequence[Path], out: Path) -> list[Path]:
    """The micrographs to read; checks on the way that `out` can be written to."""
    from hrtem_bench.evaluation.resume import check_writable
    from hrtem_bench.micrographs.recordings import find_micrographs

    paths = find_micrographs(places)
    check_writable(out)
    return paths


@dataclass(frozen=True)
class Work:
    """What is done with every file. pixel_size: Å, None for what files say. labels: their folder, None without scores.

    label_name: see `recordings.label_name`. edge_offset: Å, see `segment`.
    """

    submission: Submission
    out: Path
    pixel_size: float | None
    labels: Path | None = None
    label_name: str | None = None
    probabilities: bool = False
    edge_offset: float = 0.0


@dataclass(frozen=True)
class Done:
    """count: of micrographs. scores: one of each, where there are labels. warnings: what may be wrong with them."""

    count: int
    scores: list[MicrographScore]
    warnings: list[str]


def segment_files(work: Work, paths: Sequence[Path]) -> Done:
    """Masks and pictures of every micrograph into `work.out`, behind a progress bar.

    All files are opened once before the model runs, so that what is wrong with any of them is said at once.
    """
    from hrtem_bench.micrographs.origin import check_origin, origin_of, write_origin

    count = sum(len(recording) for recording, _ in opened(work, paths))
    settings = f"{work.submission.contract}, pixel size {work.pixel_size}, edge offset {work.edge_offset:g}"
    origin = origin_of(work.submission.checksum, settings, paths)
    check_origin(work.out, origin, whole=work.labels is not None)
    scores: list[MicrographScore] = []
    warnings: list[str] = []
    with counted("micrographs") as moved:
        done = 0
        for recording, own in opened(work, paths):

            def each(frame: int, before: int = done) -> None:
                if moved is not None:
                    moved(before + frame, count)

            found = segment_file(work, recording, own, partial(write_origin, work.out, origin, recording.name), each)
            scores += found.scores
            warnings += found.warnings
            done += len(recording)
    return Done(count, scores, warnings)


def opened(work: Work, paths: Sequence[Path]) -> Iterator[tuple[Recording, Labels | None]]:
    """The files and their labels, one after another."""
    from hrtem_bench.micrographs.recordings import open_labels, open_recording

    for path in paths:
        recording = open_recording(path, work.pixel_size)
        yield recording, None if work.labels is None else open_labels(work.labels, recording, work.label_name)


def segment_file(
    work: Work,
    recording: Recording,
    labels: Labels | None,
    begin: Callable[[], None],
    each: Callable[[int], None],
) -> Done:
    """NAME_mask.tif and overlays of a file into `work.out`, with as many pages as it has frames; scores, with labels.

    begin: called before the first file is written. each: told of every frame, counted from 1, when it is done.
    Nothing is written if the model fails on the first.
    """
    from hrtem_bench.micrographs.segmentation import score, segment, tiff_pages, with_sides
    from hrtem_bench.micrographs.warnings import frame_warnings
    from hrtem_bench.report.overlay import write_overlay

    name, count, out = recording.name, len(recording), work.out
    shape = (count, *recording.file.shape) if recording.file.stack else recording.file.shape
    submission, said = with_sides(work.submission, next(iter(recording)))
    answers = (segment(submission, micrograph, work.edge_offset) for micrograph in recording)
    first, scores, warnings = next(answers), [], [f"{recording.file.path}: {one}" for one in said]
    out.mkdir(parents=True, exist_ok=True)
    begin()
    with ExitStack() as files:
        masks = files.enter_context(tiff_pages(out / f"{name}_mask.tif", shape, "uint8", recording.pixel_size))
        found = None
        if work.probabilities:
            path = out / f"{name}_probability.tif"
            found = files.enter_context(tiff_pages(path, shape, "float32", recording.pixel_size))
        for index, answer in enumerate(chain([first], answers)):
            masks[index] = 255 * answer.mask
            if found is not None:
                found[index] = answer.probability
            label = None if labels is None else labels.instances(index)
            if label is not None:
                scores.append(score(work.submission, answer, label))
            warnings += frame_warnings(
                recording.file.path, None if labels is None else labels.file.path, answer.micrograph, answer.mask, label
            )
            if index in (0, count // 2, count - 1):
                frame = f"_{index + 1:0{len(str(count))}d}" if recording.file.stack else ""
                write_overlay(out / f"{name}_overlay{frame}.png", answer, label)
            each(index + 1)
    return Done(count, scores, warnings)


def check_offset(edge_offset: float) -> None:
    """Raise InputError for an offset of edges that is none: not finite, or beyond 100 Å."""
    if not abs(edge_offset) <= 100:
        raise InputError(f"--edge-offset must lie between -100 and 100 Å, not {edge_offset:g}")


def print_warnings(warnings: Sequence[str]) -> None:
    """A line for each."""
    for warning in warnings:
        print(f"warning: {warning}")


def print_edges(scores: MicrographScores) -> None:
    """Where the masks' edges lie to those of the labels."""
    if scores.edges is None:
        return
    one = scores.edges
    if one.area_ratio is not None:
        print(f"area of the masks over that of the labels: {one.area_ratio:.3f}")
    print(
        f"with all edges moved by {one.best_offset:+g} Å, the best offset on these very labels, mean Dice is "
        f"{one.dice_at_best_offset:.3f}"
    )
    print(f"F1 counts pieces of at least {one.smallest_object:g} Å²")


def print_scores(scores: MicrographScores) -> None:
    """A row for each file, the mean over its frames if it is a stack, and the means over all."""
    names = ("dice", "iou", "surface_dice", "f1", "nll")
    rows = [(title, *(fixed(value) for value in values)) for title, values in file_means(scores.images, names)]
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


def file_means(images: Sequence[MicrographScore], names: Sequence[str]) -> Iterator[tuple[str, list[float | None]]]:
    """For each file its name, with the number of its frames if it is a stack, and the means of the scores named."""
    for name, group in groupby(images, key=lambda one: one.name):
        own = list(group)
        title = name if own[0].frame is None else f"{name} ({len(own)} frames)"
        columns = [[one.metrics.get(metric) for one in own] for metric in names]
        yield title, [None if None in column else sum(filter(None, column)) / len(own) for column in columns]


def print_expectation(expected: Expectation | None) -> None:
    """What Dice is expected, from the model's own curve."""
    if expected is None:
        return
    print(
        f"expected Dice {fixed(expected.dice)} ({limits(expected.dice)}), from the model's results on "
        f"simulated images: σ(train, condition) = {expected.sigma:.3f}, tested from {expected.tested_low:.3f} to "
        f"{expected.tested_high:.3f}"
    )
    for warning in expected.warnings:
        print(f"note: {warning}")
