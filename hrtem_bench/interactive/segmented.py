"""A model on files of micrographs: masks, pictures and scores of each, behind the commands and for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.resume import check_writable
from hrtem_bench.image_files.recordings import Labels, Recording, find_micrographs, open_labels, open_recording
from hrtem_bench.image_files.saving import tiff_pages
from hrtem_bench.interactive.table import Table, table_of
from hrtem_bench.micrographs.origin import ORIGIN, check_origin, origin_of, write_origin
from hrtem_bench.micrographs.segmentation import MicrographScore, score, segment, with_sides
from hrtem_bench.micrographs.unfinished import FinishedFile, finished, forget, keep, mark_of
from hrtem_bench.micrographs.warnings import Warned, frame_warnings, told_once
from hrtem_bench.models.submission import Submission, load_submission
from hrtem_bench.report.image_figures import write_overlay
from hrtem_bench.support.files import remove_temporaries
from hrtem_bench.support.progress import progress_bar

LARGEST_OFFSET = 100.0
"""Å by which masks are grown or shrunk at most."""


@dataclass(frozen=True)
class SegmentationJob:
    """What is done with every file.

    Parameters
    ----------
    submission
        The model.
    out
        Folder for masks and pictures.
    pixel_size
        Å; None for what the files say.
    labels
        Folder of the labels; None where there are none to score against.
    label_name
        How names of labels differ from those of images, see `recordings.label_name`.
    probabilities
        Whether to write the probabilities too.
    edge_offset
        Å by which masks are grown, see `segmentation.segment`.
    """

    submission: Submission
    out: Path
    pixel_size: float | None
    labels: Path | None = None
    label_name: str | None = None
    probabilities: bool = False
    edge_offset: float = 0.0


@dataclass(frozen=True)
class SegmentedFiles:
    """What came of the files.

    Parameters
    ----------
    files, frames
        How many files, and how many micrographs in them.
    scores
        One of each micrograph, where there are labels.
    warnings
        What may be wrong with images and labels, a sentence each.
    """

    files: int
    frames: int
    scores: list[MicrographScore]
    warnings: list[str]

    def table(self) -> Table:
        """The scores: name, frame in a stack, and each metric, a row for each micrograph."""
        return table_of({"name": one.name, "frame": one.frame} | one.metrics for one in self.scores)


def predict(
    model: Any,
    images: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    pixel_size: float | None = None,
    labels: str | Path | None = None,
    label_name: str | None = None,
    probabilities: bool = False,
    edge_offset: float = 0.0,
) -> SegmentedFiles:
    """Find the particles of micrographs: a mask (TIFF) and a picture (PNG) of each; scored where there are labels.

    Parameters
    ----------
    model
        As `evaluate` takes one.
    images
        Micrographs, or folders of them.
    out
        Folder for what is written.
    pixel_size
        Å, in place of what the files say.
    labels, label_name
        Folder of the labels to score against, and how their names differ from those of the images, see `open_labels`.
    probabilities
        Whether to write the probabilities too.
    edge_offset
        Å by which masks are grown; below 0 they shrink.

    Raises
    ------
    InputError
        As `segment_files`.
    """
    submission = load_submission(model)
    folder = None if labels is None else Path(labels)
    job = SegmentationJob(submission, Path(out), pixel_size, folder, label_name, probabilities, edge_offset)
    places = [images] if isinstance(images, str | Path) else images
    return segment_files(job, [Path(one) for one in places])


def segment_files(job: SegmentationJob, places: Sequence[Path]) -> SegmentedFiles:
    """Write masks and pictures of every micrograph into `job.out`, with a progress bar; score them where labels are.

    All files are opened, and labels read, before the model runs, so that one that cannot be read is named before any
    work. Of a run that was interrupted, the files that it finished are not done again.

    Parameters
    ----------
    job
        The model and what to do.
    places
        Micrographs, or folders of them.

    Returns
    -------
    SegmentedFiles
        Counts, scores and warnings.

    Raises
    ------
    InputError
        For files that cannot be read, a folder that cannot be written to or holds masks of another run, an edge offset
        beyond LARGEST_OFFSET, and a model that fails.
    """
    if not abs(job.edge_offset) <= LARGEST_OFFSET:
        raise InputError(
            f"--edge-offset must lie between -{LARGEST_OFFSET:g} and {LARGEST_OFFSET:g} Å, not {job.edge_offset:g}"
        )
    paths = find_micrographs(places)
    check_writable(job.out)
    count = _checked(job, paths)
    settings = f"{job.submission.contract}, pixel size {job.pixel_size}, edge offset {job.edge_offset:g}"
    origin = origin_of(job.submission.checksum, settings, paths)
    check_origin(job.out, origin, whole=job.labels is not None)
    if (job.out / ORIGIN).exists():  # else the folder need not be ours alone
        remove_temporaries(job.out)
    every: list[FinishedFile] = []
    with progress_bar() as moved:
        done = 0
        for recording, labels in _opened(job, paths):

            def each(frame: int, before: int = done) -> None:
                if moved is not None:
                    moved("micrographs", before + frame, count)

            mark = mark_of([job.submission.checksum, settings, str(job.probabilities)], _read_for(recording, labels))
            found = finished(job.out, recording.name, mark)
            if found is None:
                begin = partial(write_origin, job.out, origin, recording.name)
                found = FinishedFile(mark, *_segment_file(job, recording, labels, begin, each))
                keep(job.out, recording.name, found)
            every.append(found)
            done += len(recording)
            each(0, done)
    forget(job.out)
    return SegmentedFiles(
        len(paths),
        count,
        [score for one in every for score in one.scores],
        [text for one in every for text in one.warnings],
    )


def _checked(job: SegmentationJob, paths: Sequence[Path]) -> int:
    """The number of micrographs, after looking into every file and label."""
    count = 0
    for recording, labels in _opened(job, paths):
        count += len(recording)
        if labels is not None:
            labels.check()
    return count


def _read_for(recording: Recording, labels: Labels | None) -> list[Path]:
    return [recording.file.path] if labels is None else [recording.file.path, labels.file.path]


def _opened(job: SegmentationJob, paths: Sequence[Path]) -> Iterator[tuple[Recording, Labels | None]]:
    """The files and their labels, one after another."""
    for path in paths:
        recording = open_recording(path, job.pixel_size)
        yield recording, None if job.labels is None else open_labels(job.labels, recording, job.label_name)


def _segment_file(
    job: SegmentationJob,
    recording: Recording,
    labels: Labels | None,
    begin: Callable[[], None],
    each: Callable[[int], None],
) -> tuple[list[MicrographScore], list[str]]:
    """NAME_mask.tif with a page for each frame, and overlays of the first, the middle and the last frame.

    Returns the scores of the frames, where there are labels, and what may be wrong with images and labels.
    begin: called before the first file is written. each: called with the number of every frame done, from 1.
    Nothing is written if the model fails on the first.
    """
    name, count, out = recording.name, len(recording), job.out
    shape = (count, *recording.file.shape) if recording.file.stack else recording.file.shape
    submission, said = with_sides(job.submission, next(iter(recording)))
    answers = (segment(submission, micrograph, job.edge_offset) for micrograph in recording)
    first, scores = next(answers), []
    warnings = [Warned(str(recording.file.path), 0, one) for one in said]
    out.mkdir(parents=True, exist_ok=True)
    begin()
    with ExitStack() as files:
        masks = files.enter_context(tiff_pages(out / f"{name}_mask.tif", shape, "uint8", recording.pixel_size))
        found = None
        if job.probabilities:
            path = out / f"{name}_probability.tif"
            found = files.enter_context(tiff_pages(path, shape, "float32", recording.pixel_size))
        for index, answer in enumerate(chain([first], answers)):
            masks[index] = 255 * answer.mask
            if found is not None:
                found[index] = answer.probability
            label = None if labels is None else labels.instances(index)
            if label is not None:
                scores.append(score(job.submission, answer, label))
            warnings += frame_warnings(recording.file.path, labels, answer, label)
            if index in (0, count // 2, count - 1):
                frame = f"_{index + 1:0{len(str(count))}d}" if recording.file.stack else ""
                write_overlay(out / f"{name}_overlay{frame}.png", answer, label)
            each(index + 1)
    return scores, told_once(warnings)
