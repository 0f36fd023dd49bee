"""What the texts of a study's rows stand for: specimens and how they are imaged, by settings or by a track."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hrtem_bench.errors import InputError
from hrtem_bench.observer.exposures import Exposure, focus_spread, parse_exposure
from hrtem_bench.observer.spectra import RingPowers

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track

Key = tuple[str, str]
"""Name of the specimens, and the text of a training set or a test condition."""


@dataclass(frozen=True)
class Setup:
    """Specimens, and how they are imaged."""

    exposure: Exposure
    powers: RingPowers


def setups_of_rows(
    rows: Iterable[Mapping[str, Any]], powers: Mapping[str, RingPowers], spread: float = 15.0
) -> dict[Key, Setup]:
    """The setups of rows whose conditions are settings, as `parse_exposure` reads them.

    Parameters
    ----------
    rows
        With the columns specimens, train and test.
    powers
        Name of the specimens -> their ring powers.
    spread
        Standard deviation of C10 from image to image, Å.

    Raises
    ------
    InputError
        For specimens that have no ring powers, and as `parse_exposure`.
    """
    found: dict[Key, Setup] = {}
    for row in rows:
        name = row["specimens"]
        if name not in powers:
            raise InputError(f"no specimens are given for the rows of {name}: give their dataset")
        for text in (row["train"], row["test"]):
            if (name, text) not in found:
                found[name, text] = Setup(parse_exposure(text, powers[name].specimens, spread), powers[name])
    return found


def setups_of_track(
    track: Track, name: str, powers: RingPowers, scenes: Mapping[str, RingPowers] | None = None
) -> dict[Key, Setup]:
    """The setups of a track's conditions, by their ids.

    The spread of C10 from image to image is that of the track; that of other settings, which does less, is left out.

    Parameters
    ----------
    track
        Of a dataset.
    name
        Of the specimens, as rows have it.
    powers
        Of the dataset's specimens.
    scenes
        Id of a condition that has specimens of its own -> their ring powers; those that are not given are left out.
    """
    from hrtem_bench.recipes.detectors import recording_of
    from hrtem_bench.recipes.loading import recipe_from_dict

    recipe = recipe_from_dict(track.manifest.recipe)
    found: dict[Key, Setup] = {}
    for one in track.conditions:
        own = (scenes or {}).get(one.condition_id)
        if one.scene and own is None:
            continue
        std = one.spread.get("C10", 0.0)
        detector = recording_of(recipe, one.camera).detector
        members = focus_spread(one.condition, std if isinstance(std, float | int) else std.std)
        conditions, weights = zip(*members, strict=True)
        found[name, one.condition_id] = Setup(Exposure(conditions, weights, (detector,) * len(weights)), own or powers)
    return found
