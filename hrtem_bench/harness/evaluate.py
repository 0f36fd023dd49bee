"""The whole run: a model over the conditions of a track, scored, summarised and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import hrtem_bench
from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.harness import curves
from hrtem_bench.harness.folder import RunFolder, check_writable
from hrtem_bench.harness.options import Options
from hrtem_bench.harness.predict import ModelError, preflight
from hrtem_bench.harness.progress import Meter, Progress
from hrtem_bench.harness.provenance import dataset_info, model_info, provenance
from hrtem_bench.harness.rendered import RenderedTrack
from hrtem_bench.harness.results import (
    PER_IMAGE,
    RESULTS,
    Results,
    Settings,
    TrainInfo,
    per_image_columns,
    write_per_image,
    write_results,
)
from hrtem_bench.harness.runtime import Runtime
from hrtem_bench.harness.scoring import ConditionScores, score_condition
from hrtem_bench.harness.submissions import Submission, load_submission
from hrtem_bench.harness.summary import summarise

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
    model: str,
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
    not used). out: None to write nothing. command: as recorded in the results. progress: told (condition,
    images done, images in all).

    The same run with the same `out` resumes after an interruption: what is finished is kept by condition.
    Raises InputError, one line, for what cannot be used; nothing half-written is left then, save that
    conditions finished before the model's own code failed are kept for resuming.
    """
    options = options or Options()
    opened = _opened(data, track)
    chosen = _chosen(opened, options)
    if out is not None:
        check_writable(Path(out))
    runtime = Runtime(options.device, options.bf16)
    submission = load_submission(model, options.contract, runtime=runtime, allow_code=options.allow_code)
    trial, warnings = _trial(submission, opened, options, chosen[0].condition_id)
    folder = None if out is None else RunFolder(Path(out), _key(submission, opened, options), trial)
    try:
        scores = _scores(submission, opened, chosen, options, folder, progress)
    except ModelError:
        raise
    except InputError:
        if folder is not None:
            folder.abandon()
        raise
    return _finished(submission, opened, chosen, scores, options, folder, command, warnings)


def _finished(
    submission: Submission,
    track: Track,
    chosen: Sequence[TrackCondition],
    scores: Sequence[ConditionScores],
    options: Options,
    folder: RunFolder | None,
    command: str | None,
    warnings: list[str],
) -> Evaluation:
    columns = per_image_columns([image for one in scores for image in one.images])
    order = [one.condition_id for one in chosen]
    data = curves.metric_clusters(columns, order)
    replicates = curves.bootstrap_all(data, options.bootstrap_samples, options.seed)
    q_max = 0.5 / track.pixel_size
    transfer = curves.transfer_values(
        _training_set(submission, track, options), [one.conditions() for one in scores], q_max
    )
    trained = _trained_ids(submission, track, options)
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
        provenance=provenance(command or f"hrtem-bench evaluate {submission.path}"),
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


def _trial(
    submission: Submission, track: Track, options: Options, condition_id: str
) -> tuple[NDArray[np.float32], list[str]]:
    """The model's answers on a few images of a condition it knows, if it knows one, and what was noticed."""
    trained = _trained_ids(submission, track, options)
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
    folder: RunFolder | None,
    progress: Progress | None,
) -> list[ConditionScores]:
    meter, scores = Meter(progress, len(chosen)), []
    for condition in chosen:
        name = condition.condition_id
        one = folder.finished(name) if folder is not None else None
        if one is not None:
            meter.add(name, len(one.images))
        else:
            one = score_condition(
                submission, track, options.split, name,
                batch_size=options.batch_size, limit=options.limit, scored=partial(meter.add, name),
            )  # fmt: skip
            if folder is not None:
                folder.keep(one)
        scores.append(one)
    return scores


def _trained_ids(submission: Submission, track: Track, options: Options) -> list[str]:
    """Conditions of this track that the model was trained at: as the user says, else as its card says."""
    if options.train_conditions is not None:
        return list(options.train_conditions)
    record = submission.trained_on
    if record is None or record.track != track.name:
        return []
    known = {one.condition_id for one in track.conditions}
    return [name for name in record.conditions if name in known]


def _training_set(submission: Submission, track: Track, options: Options) -> tuple[Condition, ...]:
    """The conditions of the training images, for σ: as recorded in the card, else the track's with their spread."""
    if options.train_conditions is None and submission.trained_on is not None and submission.trained_on.condition:
        return submission.trained_on.used()
    trained = _trained_ids(submission, track, options)
    nominal = [one for one in track.conditions if one.condition_id in trained]
    return tuple(c for one in nominal for c in curves.spread_set(one.condition, one.spread))


def _key(submission: Submission, track: Track, options: Options) -> dict[str, Any]:
    """What the scores of an image depend on."""
    return {
        "hrtem_bench": hrtem_bench.__version__,
        "model": submission.checksum,
        "contract": submission.contract,
        "dataset": track.checksum,
        "track": track.name,
        "split": options.split,
        "limit": options.limit,
        "device": options.device,
        "bf16": options.bf16,
    }
