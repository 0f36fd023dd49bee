"""What a study will take, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrtem_bench.models.card import CARD
from hrtem_bench.models.identity import files_of
from hrtem_bench.study.networks import every_network, folder_of, record_of
from hrtem_bench.study.settings import Opened
from hrtem_bench.support.reading import read_toml

_BYTES_PER_IMAGE, _BYTES_PER_TRACK = 190, 25_000
"""Of per_image.parquet and results.json, measured."""


@dataclass(frozen=True)
class Estimate:
    """What `study` would make and use; networks that are finished already are left out.

    images: test images that each network is scored on. seconds: of one process, None where nothing tells. source: what
    the time is from: "finished networks" of this study, scoring included; or "card", the baseline's record of its own
    training, for images of the same size. bytes: of the finished folders.
    """

    networks: int
    finished: int
    images: int
    training_images: int
    seconds: float | None
    source: str
    bytes: int


def estimate(opened: Opened, out: Path) -> Estimate:
    """Count what is left to do of a study in the folder `out`, and what it takes."""
    study = opened.study
    networks = every_network(study)
    records = {one.name: record for one in networks if (record := record_of(out, one)) is not None}
    waiting = [one for one in networks if one.name not in records]
    images = sum(track.count("test", limit=study.limit) for track in opened.tracks)
    counts = {one.name: opened.track.count("train", one.conditions) for one in study.training}
    shown = sum(counts[one.training.name] for one in waiting)
    sizes = [_size(folder_of(out, one)) for one in networks if one.name in records]
    size = sum(sizes) / len(sizes) if sizes else _guess(opened, images)
    if records:
        spent = sum(record.training + record.scoring for record in records.values())
        done = sum(counts[one.training.name] for one in networks if one.name in records)
        alike = study.epochs is None  # each network is shown as many images as any other
        seconds: float | None = spent * (len(waiting) / len(records) if alike else shown / done)
    else:
        passes = [(counts[one.training.name], study.epochs_of(counts[one.training.name])) for one in waiting]
        seconds = _by_card(opened, passes)
    return Estimate(
        networks=len(waiting),
        finished=len(records),
        images=images,
        training_images=shown,
        seconds=seconds,
        source="finished networks" if records else "card",
        bytes=int(size * len(waiting)),
    )


def _by_card(opened: Opened, passes: Sequence[tuple[int, int | None]]) -> float | None:
    """Training time from the seconds, epochs and images on the baseline's card. passes: images and epochs of each."""
    table = read_toml(opened.baseline / CARD).get("trained_on", {})
    seconds, epochs, images = (_number(table, name) for name in ("seconds", "epochs", "n_images"))
    if seconds is None or not epochs or not images:
        return None
    return sum(seconds if own is None else seconds / (epochs * images) * own * count for count, own in passes)


def _number(table: dict[str, Any], name: str) -> float | None:
    value = table.get(name)
    return float(value) if isinstance(value, int | float) else None


def _guess(opened: Opened, images: int) -> float:
    return _size(opened.baseline) + images * _BYTES_PER_IMAGE + len(opened.tracks) * _BYTES_PER_TRACK


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in files_of(folder))


__all__ = ["Estimate", "estimate"]
