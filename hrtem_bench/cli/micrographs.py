"""A model on a user's own micrographs: masks and pictures into a folder, scores where there are labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from hrtem_bench.cli.printing import counted, fixed, limits
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.micrographs.expectation import Expectation
    from hrtem_bench.micrographs.recordings import Labels, Recording
    from hrtem_bench.micrographs.segmentation import MicrographScore
    from hrtem_bench.models.submission import Submission


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
    from hrtem_bench.report import write_overlay

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


def print_warnings(warnings: Sequence[str]) -> None:
    """A line for each."""
    for warning in warnings:
        print(f"warning: {warning}")


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
