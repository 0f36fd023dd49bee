"""The whole run: a model over the conditions of a track, scored, summarised and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

import hrtem_bench
from hrtem_bench.conditions import ConditionSet
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.batches import MOST_PIXELS, BatchSize
from hrtem_bench.evaluation.preflight import Trial, preflight
from hrtem_bench.evaluation.provenance import dataset_info, model_info, provenance
from hrtem_bench.evaluation.rendered import RenderedTrack
from hrtem_bench.evaluation.resume import KEPT, RunFolder, check_writable
from hrtem_bench.evaluation.scored_images import ConditionScores, ScoredImage, by_condition, scored
from hrtem_bench.evaluation.training_set import trained_ids, training_set
from hrtem_bench.models.prediction import ModelError
from hrtem_bench.models.runtime import Runtime, peak_memory, room_to_grow
from hrtem_bench.models.submission import Submission, load_submission
from hrtem_bench.scoring import curve as curves
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.results import (
    PER_IMAGE,
    RESULTS,
    Provenance,
    Results,
    Settings,
    TrainInfo,
    per_image_columns,
    write_per_image,
    write_results,
)
from hrtem_bench.scoring.summary import summarise
from hrtem_bench.support.progress import Progress

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track, TrackCondition

TRIAL_IMAGES = 3


@dataclass(frozen=True)
class Evaluation:
    """A finished run. per_image: columns of equal length, see `per_image_columns`."""

    results: Results
    per_image: dict[str, NDArray[Any]]
    submission: Submission
    track: Track


def evaluate(
    model: Any,
    data: str | Path | Track,
    track: str = "defocus",
    out: str | Path | None = None,
    *,
    options: Options | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model at every condition of a track; write results.json and per_image.parquet into `out`.

    model: see `load_submission`. data: a dataset's folder, its Hub id, or an opened Track (`track` is then
    not used). out: None to write nothing. command: as recorded in the results. progress: told (what is
    under way, images done, images in all).

    The images go through the model in the order of the dataset's files, whatever their condition, so that each file is
    read once. The same run with the same `out` resumes after an interruption from the images whose scores are kept.
    Raises InputError, one line, for what cannot be used; nothing half-written is left then, save that
    scores made before the model's own code failed are kept for resuming.
    """
    options = options or Options()
    opened = _opened(data, track)
    chosen = _chosen(opened, options)
    if out is not None:
        check_writable(Path(out))
    runtime = Runtime(options.device, options.bf16)
    submission = load_submission(model, options.contract, runtime=runtime, allow_code=options.allow_code)
    trial = _trial(submission, opened, options, chosen[0].condition_id)
    submission = trial.submission
    size = BatchSize(
        options.batch_size,
        most=max(1, MOST_PIXELS // trial.answers[0].size),
        has_room=partial(room_to_grow, peak_memory()),
    )
    folder = None if out is None else RunFolder(Path(out), _key(submission, opened, chosen, options), trial.answers)
    try:
        scores = _scores(submission, opened, chosen, options, size, folder, progress)
    except ModelError:
        raise
    except InputError:
        if folder is not None:
            folder.abandon()
        raise
    made = provenance(command or f"hrtem-bench evaluate {submission.path}", batch_size=size.found)
    return _finished(submission, opened, chosen, scores, options, folder, made, trial.warnings)


def _finished(
    submission: Submission,
    track: Track,
    chosen: Sequence[TrackCondition],
    scores: Sequence[ConditionScores],
    options: Options,
    folder: RunFolder | None,
    made: Provenance,
    warnings: list[str],
) -> Evaluation:
    columns = per_image_columns([image for one in scores for image in one.images])
    order = [one.condition_id for one in chosen]
    data = curves.metric_clusters(columns, order)
    replicates = curves.bootstrap_all(data, options.bootstrap_samples, options.seed)
    q_max = 0.5 / track.pixel_size
    tested = [ConditionSet.about(one.condition, one.spread) for one in chosen]
    transfer = curves.transfer_values(training_set(submission, track, options), tested, q_max)
    trained = trained_ids(submission, track, options)
    reliability = [one.reliability for one in scores]
    points = curves.curve_points(chosen, data, replicates, transfer, reliability, trained, options)
    results = Results(
        model=model_info(submission),
        dataset=dataset_info(track, options.split),
        train=TrainInfo(conditions=trained),
        curve=points,
        summary=summarise(
            points,
            replicates["dice"],
            confidence=options.confidence,
            has_axis=bool(track.unit),
            breakdown=options.breakdown_dice,
        ),
        settings=Settings(
            q_max=q_max,
            bootstrap_samples=options.bootstrap_samples,
            confidence=options.confidence,
            seed=options.seed,
            batch_size=options.batch_size,
            threshold=submission.contract.threshold,
            breakdown_dice=options.breakdown_dice,
            limit=options.limit,
            device=options.device,
            bf16=options.bf16,
            official=not _unofficial(track, options)
            and options.split == "test"
            and options.limit is None
            and len(chosen) == len(track.conditions),
            input=submission.contract,
        ),
        provenance=made,
        warnings=[*warnings, *_unofficial(track, options)],
    )
    if folder is not None:
        folder.out.mkdir(parents=True, exist_ok=True)
        write_per_image(folder.out / PER_IMAGE, columns)
        write_results(folder.out / RESULTS, results)
        folder.finish()
    return Evaluation(results, columns, submission, track)


def _unofficial(track: Track, options: Options) -> list[str]:
    """Why the scores are not those of a published track, as a sentence; none where they are."""
    reason = options.unofficial or (track.unofficial if isinstance(track, RenderedTrack) else "")
    return [f"not an official result: {reason}"] if reason else []


def _opened(data: str | Path | Track, track: str) -> Track:
    if not isinstance(data, str | Path):
        return data
    from hrtem_bench.dataset import open_dataset

    return open_dataset(data, track)


def _chosen(track: Track, options: Options) -> tuple[TrackCondition, ...]:
    """The conditions to score, in the track's order; the names of those trained at are checked too."""
    track.select(options.train_conditions)
    chosen = track.select(options.conditions)
    if not chosen:
        raise InputError(f"no condition to score: the track {track.name} has {len(track.conditions)}, none is chosen")
    return chosen


def _trial(submission: Submission, track: Track, options: Options, condition_id: str) -> Trial:
    """The model tried on a few images of a condition it knows, if it knows one."""
    trained = trained_ids(submission, track, options)
    known = [one.condition_id for one in track.conditions if one.condition_id in trained]
    rows = track.rows(options.split, conditions=[known[0] if known else condition_id])
    samples = list(islice(rows, TRIAL_IMAGES))
    if not samples:
        raise InputError(f"the track {track.name} has no {options.split} images at {condition_id}")
    return preflight(submission, samples, track.pixel_size)


def _scores(
    submission: Submission,
    track: Track,
    chosen: Sequence[TrackCondition],
    options: Options,
    size: BatchSize,
    folder: RunFolder | None,
    progress: Progress | None,
) -> list[ConditionScores]:
    ids = [one.condition_id for one in chosen]
    scores = by_condition(_scored(submission, track, ids, options, size, folder, progress), ids)
    empty = next((one.condition_id for one in scores if not one.images), None)
    if empty is not None:
        raise InputError(f"the {options.split} split of the track {track.name} has no images at {empty}")
    return scores


def _scored(
    submission: Submission,
    track: Track,
    ids: Sequence[str],
    options: Options,
    size: BatchSize,
    folder: RunFolder | None,
    progress: Progress | None,
) -> Iterator[ScoredImage]:
    """Every image's scores: those an earlier run kept, then the others, kept as they come."""
    done = 0
    waiting: list[ScoredImage] = []
    for image in folder.kept() if folder is not None else ():
        done += 1
        yield image
    if folder is not None:
        size.resume(folder.batch_size)
    total = track.count(options.split, ids, limit=options.limit)
    samples = track.rows(options.split, ids, limit=options.limit, start=done)
    for batch in scored(submission, samples, track.pixel_size, size):
        yield from batch
        done += len(batch)
        waiting += batch
        if folder is not None and len(waiting) >= KEPT:
            folder.keep(waiting, size.found)
            waiting = []
        if progress is not None:
            progress(f"{batch[-1].scores.structure_id}, batches of {size.size}", done, total)


def _key(submission: Submission, track: Track, chosen: Sequence[TrackCondition], options: Options) -> dict[str, Any]:
    """What the scores of an image depend on, and which images come one after the other."""
    return {
        "hrtem_bench": hrtem_bench.__version__,
        "model": submission.checksum,
        "contract": submission.contract,
        "dataset": track.checksum,
        "track": track.name,
        "split": options.split,
        "conditions": [one.condition_id for one in chosen],
        "limit": options.limit,
        "device": options.device,
        "bf16": options.bf16,
    }
