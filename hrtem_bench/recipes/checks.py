"""What must hold between the keys of a recipe, beyond the type of each key."""

from __future__ import annotations

import math

from hrtem_bench.conditions import Spread, condition_from_dict
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.coherence import MOST_NODES
from hrtem_bench.recipes.detectors import check_rounding, recording_of, spread_of
from hrtem_bench.recipes.plan import dataset_plan
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.schema import EXIT_WAVES, LARGEST_COUNT
from hrtem_bench.recipes.tables import (
    SPLITS,
    AnyTrack,
    CameraTrack,
    JointTrack,
    Recipe,
    Sampling,
    ScanTrack,
    SceneTrack,
)
from hrtem_bench.recipes.tracks import SPREADABLE, WIDEST, TrackCondition, as_spread, setting, track_conditions
from hrtem_bench.support.toml_tables import key_error

COHERENCE = ("envelope", "quadrature")
"""What a dataset's images may be formed by."""

MOST_POINTS = 32768
"""Pixels of the simulation along a side: one wave of them takes 8 GiB."""
MOST_PARTICLES = 1000


def check_recipe(recipe: Recipe) -> None:
    """Raise InputError, one line, for the first thing in the recipe that is not possible."""
    _check_sampling(recipe.sampling)
    try:
        base = condition_from_dict(recipe.settings)
    except InputError as error:
        raise InputError(f"imaging: {error}") from None
    _check_coherence(recipe)
    if base.dose is None:
        raise InputError("imaging.dose is missing: give the dose in electrons per Å², images are electron counts")
    if not recipe.tracks:
        raise InputError("tracks is empty: give at least one track, [tracks.defocus] for example")
    if recipe.default_track not in recipe.tracks:
        raise key_error("default_track", recipe.default_track, f"allowed are {', '.join(recipe.tracks)}")
    _check_exit_waves(recipe)
    recording_of(recipe)
    spread_of(recipe)
    for name, track in recipe.tracks.items():
        _check_track(recipe, name, track)
    for key in dataset_plan(recipe).scenes:
        spec = scene_spec(recipe, key)
        if spec.count[1] > MOST_PARTICLES:  # so that no number in a recipe fills the memory
            where = f"tracks.{key}" if key else "scene"
            raise key_error(f"{where}.count", list(spec.count), f"allowed are at most {MOST_PARTICLES} particles")


def _check_sampling(s: Sampling) -> None:
    def refused(why: str) -> InputError:
        return key_error("sampling.simulation_pixel_size", s.simulation_pixel_size, why)

    count = s.field / s.simulation_pixel_size
    if not count <= MOST_POINTS:
        raise refused(
            f"the field of {s.field:g} Å takes {count:.3g} such pixels along a side; allowed are {MOST_POINTS}"
        )
    if abs(count - round(count)) > 1e-4:
        nearest = s.field / round(count)
        raise refused(
            f"the field of {s.field:g} Å must be a whole number of such pixels; {nearest:.6g} is the nearest that is"
        )
    if s.simulation_pixel_size > s.pixel_size * 2 / 3 + 1e-9:
        raise refused(
            f"allowed is at most 2/3 of pixel_size, {s.pixel_size * 2 / 3:g}: waves are kept to 2/3 of their band"
        )


def _check_coherence(recipe: Recipe) -> None:
    coherence, nodes = recipe.imaging.get("coherence", "envelope"), recipe.nodes
    if coherence not in COHERENCE:
        raise key_error("imaging.coherence", coherence, f"allowed are {' and '.join(COHERENCE)}")
    if nodes is None:
        return
    if coherence != "quadrature":
        raise key_error("imaging.nodes", nodes, 'nodes are those of coherence = "quadrature"')
    if type(nodes) is not int or not 1 <= nodes <= MOST_NODES:
        raise key_error("imaging.nodes", nodes, f"allowed is a whole number from 1 to {MOST_NODES}")


def _check_exit_waves(recipe: Recipe) -> None:
    if recipe.exit_waves is None:
        return
    counts = {split: recipe.exit_waves.count(split) for split in SPLITS}
    for split, count in counts.items():
        if count > (most := getattr(recipe.structures, split)):
            raise key_error("exit_waves.structures", count, f"allowed in {split} is at most structures.{split}, {most}")
    if not any(counts.values()):
        raise key_error("exit_waves.structures", 0, "keep those of one structure at least, or leave [exit_waves] out")


def _check_track(recipe: Recipe, name: str, track: AnyTrack) -> None:
    where = f"tracks.{name}"
    if not name.isidentifier() or not name.islower() or name == EXIT_WAVES:
        raise key_error("tracks", name, f"a track's name is small letters, digits and _, and not {EXIT_WAVES}")
    if "energy" in track.base:
        raise key_error(f"{where}.base.energy", track.base["energy"], "the energy is one for all: set imaging.energy")
    if track.structures:
        for split in SPLITS:
            most, asked = getattr(recipe.structures, split), getattr(track.structures, split)
            if asked > most:
                raise key_error(f"{where}.structures.{split}", asked, f"at most structures.{split}, {most}")
    _check_values(where, track)
    if isinstance(track, JointTrack):
        _check_ranges(where, track)
    try:
        conditions = track_conditions(recipe, name)
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    _check_spread(where, track, conditions)
    for c in conditions:
        _check_counts(where, recipe, c)


def _check_values(where: str, track: AnyTrack) -> None:
    if isinstance(track, ScanTrack):
        values: list[float] | list[str] = track.values
        if len(set(values)) != len(values) or not all(math.isfinite(v) for v in track.values):
            raise key_error(f"{where}.values", values, "values must be finite and differ from each other")
    elif isinstance(track, SceneTrack):
        values = list(track.scenes)
    elif isinstance(track, CameraTrack):
        values = list(track.cameras)
    else:
        return
    if not track.train or not set(track.train) <= set(values):
        raise key_error(f"{where}.train", track.train, f"give one or more of {', '.join(map(str, values))}")


def _check_ranges(where: str, track: JointTrack) -> None:
    for axis, r in track.ranges.items():
        if not r.low <= r.train_low <= r.train_high <= r.high:
            raise key_error(
                f"{where}.ranges.{axis}",
                [r.low, r.train_low, r.train_high, r.high],
                "low, train_low, train_high, high must not decrease",
            )
        if r.scale == "log" and r.low <= 0:
            raise key_error(f"{where}.ranges.{axis}.low", r.low, "a log scale needs numbers above 0")
        setting(axis, r.low, r.unit, f"{where}.ranges.{axis}")


def _check_spread(where: str, track: AnyTrack, conditions: tuple[TrackCondition, ...]) -> None:
    for name, value in track.spread.items():
        if name not in SPREADABLE:
            raise key_error(f"{where}.spread.{name}", value, f"allowed are {', '.join(SPREADABLE)}")
        std = as_spread(value).std
        if std <= 0:
            raise key_error(
                f"{where}.spread.{name}", std, "a standard deviation is above 0; leave the key out for none"
            )
        if name in ("focal_spread", "angular_spread", "dose"):
            smallest = min(getattr(c.condition, name) or 0.0 for c in conditions)
            if std * WIDEST >= smallest:
                raise key_error(
                    f"{where}.spread.{name}", std, f"must be below {smallest / WIDEST:g}, or {name} could fall below 0"
                )


def _check_counts(where: str, recipe: Recipe, c: TrackCondition) -> None:
    if c.condition.dose is None:
        raise InputError(f"{where}: {c.condition_id} has no dose, and images are electron counts")
    electrons = c.condition.dose * recipe.sampling.pixel_size**2
    recording, spread = recording_of(recipe, c.camera), spread_of(recipe, c.camera)
    brightest = spread.gain[1] if spread is not None and spread.gain else recording.gain
    mean = recording.offset + electrons * brightest
    if mean > LARGEST_COUNT / 8:
        raise InputError(
            f"{where}: {c.condition_id} means {mean:g} counts per pixel; 16-bit images take at most "
            f"{LARGEST_COUNT // 8} on average"
        )
    varies = c.spread.get("dose", 0.0)
    faintest = c.condition.dose - WIDEST * (varies.std if isinstance(varies, Spread) else varies)
    check_rounding(recipe, c.camera, faintest * recipe.sampling.pixel_size**2)
