"""Conditions that no track has: images rendered on request from the exit waves that a dataset keeps."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.conditions import (
    MOST,
    UNITS,
    condition_to_dict,
    parse_grid,
    parse_settings,
    warn_if_suspicious,
    with_settings,
)
from hrtem_bench.dataset import (
    Sample,
    StoredWaves,
    StructureWaves,
    Track,
    TrackCondition,
    open_dataset,
    open_exit_waves,
)
from hrtem_bench.dataset.reader import first_of_each
from hrtem_bench.dataset.rendered_samples import rendered_sample
from hrtem_bench.dataset.unaltered import check_unaltered
from hrtem_bench.errors import InputError
from hrtem_bench.recipes.detectors import recording_of
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.schema import EXIT_WAVES
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.support.child_seeds import child_seed
from hrtem_bench.support.reading import read_toml

NAME = "rendered"


@dataclass(frozen=True)
class RenderedTrack(Track):
    """A track whose images are rendered when they are read. Its results are never official.

    For each split it has the structures whose exit waves the dataset keeps, at all its conditions.

    Parameters
    ----------
    waves
        The exit waves.
    checksum
        Over the dataset's checksum and the conditions.
    unofficial
        Why its scores are not those of a published track.
    trained
        Conditions that a model was trained at. `select` finds them by id, but they are not scored.
    """

    waves: StoredWaves = field(kw_only=True)
    unofficial: str = "the conditions were rendered on request and are not those of a published track"
    trained: tuple[TrackCondition, ...] = ()

    def select(self, conditions: Sequence[str] | None = None) -> tuple[TrackCondition, ...]:
        """The named conditions, or all to score; InputError for one that the track has not."""
        named = tuple(one for one in self.trained if one.condition_id in (conditions or ()))
        if not named:
            return super().select(conditions)
        others = {one.condition_id for one in named}
        return super().select([name for name in conditions or () if name not in others]) + named

    def check(self, split: str) -> None:
        """Raise InputError, one line, for files of exit waves that are not those the dataset was made with."""
        check_unaltered(self.folder, self.manifest, EXIT_WAVES, split)

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        """Number of images that `rows` would give."""
        waves = self.waves.count(split)
        return len(self.select(conditions)) * (waves if limit is None else min(waves, limit))

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        """The images, structure by structure, as from a `Track`.

        Images that `limit` and `start` leave out are not rendered. Noise depends on the dataset, the structure and the
        condition only.
        """
        chosen = self.select(conditions)
        pairs = ((wave, one) for wave in self.waves.rows(split) for one in chosen)
        names = [one.condition_id for one in chosen]
        wanted = first_of_each(pairs, lambda pair: pair[1].condition_id, names, limit)
        recipe = recipe_from_dict(self.manifest.recipe)
        for wave, one in itertools.islice(wanted, start, None):
            yield self._sample(recipe, wave, one)

    def _sample(self, recipe: Recipe, wave: StructureWaves, one: TrackCondition) -> Sample:
        setting = msgspec.json.encode(condition_to_dict(one.condition), order="sorted").decode()
        seed = child_seed(self.manifest.seed, NAME, wave.structure_id, setting)
        return rendered_sample(recipe, wave, one, recording_of(recipe), seed)


def rendered_track(source: str | Path, conditions: Sequence[TrackCondition], axis: str, unit: str) -> RenderedTrack:
    """A track of given conditions, from the exit waves of a dataset, given as a folder or Hub id.

    axis, unit: of `TrackCondition.value`; unit "" if the conditions have no order. InputError for a dataset that keeps
    no exit waves, for no conditions, and for an id given twice; when its images are read, as `rendered_sample`.
    """
    ids = [one.condition_id for one in conditions]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if not ids or twice:
        raise InputError(f"the condition {twice} is given twice" if twice else "no condition is given to render")
    warn_if_suspicious(*(one.condition for one in conditions))
    waves = open_exit_waves(source)
    content = msgspec.json.encode([(one.condition_id, condition_to_dict(one.condition)) for one in conditions])
    return RenderedTrack(
        name=NAME,
        axis=axis,
        unit=unit,
        conditions=tuple(conditions),
        checksum=hashlib.sha256(waves.manifest.checksum.encode() + content).hexdigest(),
        pixel_size=waves.manifest.pixel_size,
        folder=waves.folder,
        manifest=waves.manifest,
        waves=waves,
    )


def grid_track(source: str | Path, grids: Sequence[str]) -> RenderedTrack:
    """A track over every combination of grids; other settings are those of the dataset's imaging.

    grids: each as text, "C10=-400:400:25" or "dose=100,200,400", in the unit of the setting (Å, rad, mrad, eV, e/Å²). A
    range includes its end. A single grid is an axis; combinations of several have no order.
    """
    names, values = zip(*(parse_grid(text) for text in grids), strict=True)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"{twice} has two grids: give its values in one")
    count = math.prod(len(one) for one in values)
    if count > MOST:
        raise InputError(f"the grids have {count} conditions: at most {MOST} are allowed")
    base = open_exit_waves(source).manifest.recipe["imaging"]
    conditions = []
    for order, chosen in enumerate(itertools.product(*values)):
        moved = dict(zip(names, chosen, strict=True))
        conditions.append(
            TrackCondition(
                condition_id=",".join(f"{name}={value:g}" for name, value in moved.items()),
                value=chosen[0] if len(names) == 1 else float(order),
                condition=with_settings(base, moved),
                train=False,
            )
        )
    single = len(names) == 1
    return rendered_track(source, conditions, names[0] if single else "condition", UNITS[names[0]] if single else "")


def file_track(source: str | Path, path: Path) -> RenderedTrack:
    """A track of the conditions in a TOML file of tables [[condition]]: fields of Condition and, if wanted, an id.

    Settings that a table leaves out are those of the dataset's imaging.
    """
    tables = read_toml(path)
    entries = tables.get("condition")
    if set(tables) != {"condition"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise InputError(f"{path} must hold tables [[condition]] and nothing else")
    base = open_exit_waves(source).manifest.recipe["imaging"]
    conditions = []
    for order, entry in enumerate(entries):
        name = str(entry.pop("id", f"condition-{order + 1}"))
        try:
            condition = with_settings(base, entry)
        except InputError as error:
            raise InputError(f"{path}, {name}: {error}") from None
        conditions.append(TrackCondition(condition_id=name, value=float(order), condition=condition, train=False))
    return rendered_track(source, conditions, "condition", "")


def trained_at(track: RenderedTrack, source: str | Path, published: str, names: Sequence[str]) -> RenderedTrack:
    """The track, with the conditions that a model was trained at, for σ.

    names: ids of `track`, ids of the track `published` of the dataset, or settings as text, "C10=100,focal_spread=10",
    with other settings as in the dataset's imaging; InputError for any other name.
    """
    own = {one.condition_id for one in track.conditions}
    known = {one.condition_id: one for one in open_dataset(source, published).conditions}
    base = track.manifest.recipe["imaging"]
    trained = []
    for name in names:
        if name in known:
            trained.append(known[name])
        elif name not in own:
            condition = with_settings(base, _settings(name, published, known))
            warn_if_suspicious(condition)
            trained.append(TrackCondition(condition_id=name, value=0.0, condition=condition, train=True))
    return replace(track, trained=tuple(trained))


def _settings(text: str, published: str, known: Iterable[str]) -> dict[str, Any]:
    try:
        return parse_settings(text)
    except InputError:
        raise InputError(
            f"{text!r} is neither a condition of the track {published} ({', '.join(known)}) nor settings such as "
            "C10=100,focal_spread=10"
        ) from None
