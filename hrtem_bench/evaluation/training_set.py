"""The weighted set of conditions that a model was trained at, for σ and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hrtem_bench.conditions import Condition, ConditionSet, Spread, flat
from hrtem_bench.models.card import TrainedOn
from hrtem_bench.models.submission import Submission
from hrtem_bench.recipes.tracks import WIDEST
from hrtem_bench.scoring.options import Options

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track, TrackCondition


def trained_ids(submission: Submission, track: Track, options: Options) -> list[str]:
    """Conditions of this track that the model was trained at: those the user gives, else those of its card."""
    record = submission.trained_on
    named = options.train_conditions
    if named is None:
        named = record.conditions if record is not None and record.track == track.name else ()
    known = {one.condition_id for one in track.conditions}
    return [name for name in named if name in known]


def training_set(submission: Submission, track: Track, options: Options) -> ConditionSet | None:
    """The set of conditions that a model was trained at; None if it is not known.

    Conditions that the user names, or that the card names and the dataset has, count alike and have the spread of their
    track: the same set as on the dataset's card. If the card's conditions are not those of this dataset, the settings
    that it records are taken, with equal weights.
    """
    record = submission.trained_on
    if options.train_conditions is None and record is not None and record.condition:
        nominal, drawn = _published(track, record), record.used()
        if not all(any(_may_be_drawn(one, about) for about in nominal) for one in drawn):
            return ConditionSet(drawn)
    elif options.train_conditions is None:
        nominal = track.select(trained_ids(submission, track, options))
    else:
        nominal = track.select(options.train_conditions)
    return ConditionSet.mixture([ConditionSet.about(one.condition, one.spread) for one in nominal]) if nominal else None


def _published(track: Track, record: TrainedOn) -> Sequence[TrackCondition]:
    """The conditions that a card names, on this track or another of its dataset; none if one of them is missing."""
    if record.track == track.name:
        conditions = track.conditions
    else:
        entry = track.manifest.tracks.get(record.track)
        conditions = entry.conditions if entry else ()
    found = [one for one in conditions if one.condition_id in record.conditions]
    return found if len(found) == len(set(record.conditions)) else []


def _may_be_drawn(condition: Condition, about: TrackCondition) -> bool:
    """Whether the settings, except the dose, lie within the spread about a track's condition."""
    nominal, settings = flat(about.condition), flat(condition)
    spread: Mapping[str, float | Spread] = about.spread
    for name in (nominal.keys() | settings.keys()) - {"dose"}:
        centre, value = nominal.get(name, 0.0), settings.get(name, 0.0)
        if centre is None or value is None:
            if centre is not value:
                return False
            continue
        one = spread.get(name, 0.0)
        std = one.std if isinstance(one, Spread) else one
        if abs(value - centre) > WIDEST * std + 1e-6 * max(1.0, abs(centre)):
            return False
    return True
