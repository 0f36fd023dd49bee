"""The whole run: a model over the conditions of a track, scored, summarised and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from numpy.typing import NDArray

import hrtem_bench
from hrtem_bench.conditions import ConditionSet
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.batches import MOST_PIXELS, BatchSize
from hrtem_bench.evaluation.expected import expected_losses
from hrtem_bench.evaluation.preflight import Trial, preflight
from hrtem_bench.evaluation.provenance import dataset_info, model_info, provenance
from hrtem_bench.evaluation.resume import KEPT, RunFolder, check_writable
from hrtem_bench.evaluation.scored_images import ConditionScores, ScoredImage, by_condition, scored
from hrtem_bench.evaluation.training_set import trained_ids, training_set
from hrtem_bench.models.prediction import ModelError
from hrtem_bench.models.runtime import Runtime, peak_memory, room_to_grow
from hrtem_bench.models.submission import Submission, load_submission
from hrtem_bench.scoring import curve as curves
from hrtem_bench.scoring.catalogue import image_metrics
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import PER_IMAGE, per_image_columns, write_per_image
from hrtem_bench.scoring.reading import MOST_NAME
from hrtem_bench.scoring.results import (
    RESULTS,
    DatasetInfo,
    ModelInfo,
    Provenance,
    Results,
    Settings,
    TrainInfo,
    write_results,
)
from hrtem_bench.scoring.statistics import Resampling
from hrtem_bench.scoring.summary import summarise
from hrtem_bench.support.plain_text import check_plain, plain_line
from hrtem_bench.support.progress import Progress

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track, TrackCondition

TRIAL_IMAGES = 3


@dataclass(frozen=True)
class _Setup:
    """What is to be scored, and how. chosen: the conditions. model, dataset: as the results name them."""

    trial: Trial
    track: Track
    chosen: tuple[TrackCondition, ...]
    options: Options
    model: ModelInfo
    dataset: DatasetInfo

    @property
    def submission(self) -> Submission:
        """The model, with what its trial told of it."""
        return self.trial.submission

    @property
    def ids(self) -> list[str]:
        """Ids of the conditions to score."""
        return [one.condition_id for one in self.chosen]


@dataclass(frozen=True)
class Evaluation:
    """A finished run.

    Parameters
    ----------
    results
        The content of results.json.
    per_image
        Scores of each image, columns of equal length, see `per_image_columns`.
    submission, track
        The model and the data.
    """

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
    """Score a model at every condition of a track.

    After an interruption, the same call with the same `out` goes on from the scores that were kept.

    Parameters
    ----------
    model
        See `load_submission`.
    data
        A dataset's folder, its Hub id, or an opened Track.
    track
        The track's name; not used with an opened Track.
    out
        Folder for results.json and per_image.parquet; None to write nothing.
    options
        How to score; the defaults are the published settings.
    command, progress
        As recorded in the results; called with (what is under way, images done, images in all).

    Returns
    -------
    Evaluation
        Results, scores of each image, and what was scored.

    Raises
    ------
    InputError
        One line, for what cannot be used. Nothing half-written is left, except scores kept for resuming where the
        model's own code failed.
    """
    options, opened = options or Options(), _opened(data, track)
    chosen = _chosen(opened, options)
    if out is not None:
        check_writable(Path(out))
    setup = _tried(model, opened, chosen, options)
    answers = setup.trial.answers
    room = partial(room_to_grow, peak_memory())
    size = BatchSize(options.batch_size, most=max(1, MOST_PIXELS // answers[0].size), has_room=room)
    folder = None if out is None else RunFolder(Path(out), _key(setup), answers)
    scores = _scores(setup, size, folder, progress)
    made = provenance(command or f"hrtem-bench evaluate {setup.submission.path}", batch_size=size.found)
    done = _finished(setup, scores, made)
    if folder is not None:
        folder.out.mkdir(parents=True, exist_ok=True)
        write_per_image(folder.out / PER_IMAGE, done.per_image)
        write_results(folder.out / RESULTS, done.results)
        folder.finish()
    return done


def _tried(model: Any, track: Track, chosen: tuple[TrackCondition, ...], options: Options) -> _Setup:
    """The model, loaded and tried on a few images, with what it is to score; InputError for what cannot be used."""
    runtime = Runtime(options.device, options.bf16)
    submission = load_submission(model, options.contract, runtime=runtime, allow_code=options.allow_code)
    info, dataset = model_info(submission), dataset_info(track, options.split)
    for name in (*msgspec.structs.astuple(dataset), *(one.condition_id for one in chosen)):
        check_plain(f"{track.name}: a name in the dataset", name, MOST_NAME)
    check_plain("the model's name", info.name, MOST_NAME)
    track.check(options.split)
    return _Setup(_trial(submission, track, chosen, options), track, chosen, options, info, dataset)


def _finished(setup: _Setup, scores: Sequence[ConditionScores], made: Provenance) -> Evaluation:
    submission, track, options = setup.submission, setup.track, setup.options
    columns = per_image_columns([image for one in scores for image in one.images])
    resampling = Resampling(options.bootstrap_samples, options.seed, options.confidence)
    statistics = curves.Scored.of(columns, setup.ids, resampling)
    settings = _settings(setup)
    tested = [ConditionSet.about(one.condition, one.spread) for one in setup.chosen]
    transfer: Any = curves.transfer_values(training_set(submission, track, options), tested, settings.q_max)
    trained = trained_ids(submission, track, options)
    expected = expected_losses(track, trained)
    transfer = [{**row, "expected": expected.get(name)} for row, name in zip(transfer, setup.ids, strict=True)]
    points = curves.curve_points(setup.chosen, statistics, transfer, [one.reliability for one in scores], trained)
    unofficial = [f"not an official result: {track.unofficial}"] if track.unofficial else []
    results = Results(
        model=setup.model,
        dataset=setup.dataset,
        train=TrainInfo(conditions=trained),
        curve=points,
        summary=summarise(
            points,
            statistics.replicates["dice"],
            confidence=options.confidence,
            has_axis=bool(track.unit),
            breakdown=options.breakdown_dice,
        ),
        settings=settings,
        provenance=made,
        warnings=[plain_line(one) for one in (*setup.trial.warnings, *unofficial)],
    )
    return Evaluation(results, columns, submission, track)


def _settings(setup: _Setup) -> Settings:
    track, options, contract = setup.track, setup.options, setup.submission.contract
    return Settings(
        q_max=0.5 / track.pixel_size,
        bootstrap_samples=options.bootstrap_samples,
        confidence=options.confidence,
        seed=options.seed,
        batch_size=options.batch_size,
        threshold=contract.threshold,
        breakdown_dice=options.breakdown_dice,
        limit=options.limit,
        device=options.device,
        bf16=options.bf16,
        official=not track.unofficial
        and options.split == "test"
        and options.limit is None
        and len(setup.chosen) == len(track.conditions),
        input=contract,
    )


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


def _trial(submission: Submission, track: Track, chosen: Sequence[TrackCondition], options: Options) -> Trial:
    """Try the model on a few images, of a condition that it was trained at if there is one."""
    trained = trained_ids(submission, track, options)
    known = [one.condition_id for one in track.conditions if one.condition_id in trained]
    condition_id = known[0] if known else chosen[0].condition_id
    samples = list(islice(track.rows(options.split, conditions=[condition_id]), TRIAL_IMAGES))
    if not samples:
        raise InputError(f"the track {track.name} has no {options.split} images at {condition_id}")
    return preflight(submission, samples, track.pixel_size)


def _scores(
    setup: _Setup, size: BatchSize, folder: RunFolder | None, progress: Progress | None
) -> list[ConditionScores]:
    """The scores by condition. Kept ones stay where the model's own code fails; after other errors nothing is left."""
    try:
        scores = by_condition(_scored(setup, size, folder, progress), setup.ids)
        empty = next((one.condition_id for one in scores if not one.images), None)
        if empty is not None:
            split = setup.options.split
            raise InputError(f"the {split} split of the track {setup.track.name} has no images at {empty}")
    except InputError as error:
        if folder is not None and not isinstance(error, ModelError):
            folder.abandon()
        raise
    return scores


def _scored(
    setup: _Setup, size: BatchSize, folder: RunFolder | None, progress: Progress | None
) -> Iterator[ScoredImage]:
    """Every image's scores: first those kept by an earlier run, then the others, which are kept as they come."""
    done = 0
    waiting: list[ScoredImage] = []
    if folder is not None:
        for image in folder.kept():
            done += 1
            yield image
        size.resume(folder.batch_size)
    track, split, limit = setup.track, setup.options.split, setup.options.limit
    total = track.count(split, setup.ids, limit=limit)
    samples = track.rows(split, setup.ids, limit=limit, start=done)
    for batch in scored(setup.submission, samples, track.pixel_size, size):
        yield from batch
        done += len(batch)
        waiting += batch
        if folder is not None and len(waiting) >= KEPT:
            folder.keep(waiting, size.found)
            waiting = []
        if progress is not None:
            progress(f"{batch[-1].scores.structure_id}, batches of {size.size}", done, total)


def _key(setup: _Setup) -> dict[str, Any]:
    """What the scores of an image, and the order of the images, depend on."""
    options = setup.options
    return {
        "hrtem_bench": hrtem_bench.__version__,
        "model": setup.submission.checksum,
        "contract": setup.submission.contract,
        "metrics": sorted(image_metrics()),
        "dataset": setup.track.checksum,
        "track": setup.track.name,
        "split": options.split,
        "conditions": setup.ids,
        "limit": options.limit,
        "device": options.device,
        "bf16": options.bf16,
    }
