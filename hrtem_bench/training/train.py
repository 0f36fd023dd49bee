"""`train`: a network on images of chosen conditions, to a model that can be scored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.conditions import Condition, condition_to_dict
from hrtem_bench.dataset import Track, open_dataset, open_exit_waves
from hrtem_bench.dataset.rendered_samples import samples_at
from hrtem_bench.errors import InputError, require
from hrtem_bench.models.card import Card, ModelEntry, check_name, read_card
from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.runtime import Runtime
from hrtem_bench.models.shipped_baselines import baseline_at, baseline_folder
from hrtem_bench.models.submission import untrained_network
from hrtem_bench.support.progress import Progress
from hrtem_bench.training.images import TrainingImages, images_of, track_images
from hrtem_bench.training.loop import Training, begin, best_row, fit, seeded
from hrtem_bench.training.record import load_state, partial_folder, save_state, write_model
from hrtem_bench.training.settings import TrainingSettings

C10_SPREAD = 15.0
"""Å: of images rendered at settings, as in the tracks of the shipped recipes."""
RENDERED = "rendered"
"""Stands for the track in the record of a network trained at settings."""


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Parameters
    ----------
    network
        The torch.nn.Module, of images (N, 1, ny, nx) to logits of the particle class.
    log
        A row for each cycle, see `Training`.
    ended
        Whether training ended because nothing more was gained; False where it stopped at the most cycles.
    """

    network: Any
    log: list[dict[str, float]]
    ended: bool


def train(
    network: Any,
    data: str | Path | Track,
    out: str | Path | None = None,
    *,
    track: str = "defocus",
    conditions: Sequence[str] | None = None,
    at_settings: Sequence[str] | None = None,
    settings: TrainingSettings | None = None,
    device: str = "cpu",
    name: str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a network until its validation loss falls no more.

    Parameters
    ----------
    network
        The name of a shipped baseline, a folder whose card names a network, or a torch.nn.Module of standardised images
        (N, 1, ny, nx) to logits of that shape, which is trained as it is, in place.
    data
        A dataset's folder, its Hub id, or an opened track.
    out
        New folder for the trained model; the same call goes on with a training that was interrupted. None for none.
    track, conditions
        Of the dataset, and the ids to train at; all at which it has training images if not given.
    at_settings
        In place of conditions: settings as text, "defocus=-7nm,dose=200,camera=k3-300kV", at which images are rendered
        from the dataset's exit waves. C10 varies from image to image with a standard deviation of C10_SPREAD.
    settings
        The schedule; see `TrainingSettings`.
    device
        "cpu", "cuda", "cuda:1" or "mps".
    name, command
        Of the trained model, the baseline's if not given; and what its card says that it was made by.
    progress
        Told what is under way, steps done, and steps in all.

    Raises
    ------
    InputError
        For what cannot be trained or trained on, and Diverged when the loss is not finite.
    """
    settings = settings or TrainingSettings()
    folder = None if out is None else Path(out)
    home = _home(network, folder, name)
    Runtime(device).for_torch()
    made = network if home is None else seeded(lambda: untrained_network(home), settings.seed)
    source = _rendered(data, at_settings, conditions) if at_settings else _of_track(data, track, conditions)
    state, keep = begin(made, settings, device), None
    if folder is not None:
        kept, key = partial_folder(folder), _key(state, source, settings)
        load_state(kept, key, state)
        keep = partial(save_state, kept, key)
    ended = fit(state, source.training, source.validation, settings, keep=keep, progress=progress)
    if folder is not None and home is not None:
        record = _record(state, source, settings, ended, command)
        write_model(folder, state, _card(home, source.pixel_size, name), record, home)
    return Trained(state.network, state.log, ended)


def _home(network: Any, out: Path | None, name: str | None) -> Path | None:
    """The folder of the network's card; None for a module. InputError for a place and a name that cannot be had."""
    if out is not None and out.exists():
        raise InputError(f"{out} exists already: remove it or give another folder")
    named = isinstance(network, str | os.PathLike)
    if out is not None and not named:
        raise InputError(
            "a module given as such is trained in place and has no folder of code: leave `out` out and save its "
            "weights, or give a folder whose card names the network"
        )
    if name is not None:
        check_name(name)
    return baseline_at(os.fspath(network)) if named else None


@dataclass(frozen=True)
class _Source:
    """What a network is trained on: the images, the conditions' ids or settings, and the dataset they are of."""

    track: str
    conditions: list[str]
    checksum: str
    pixel_size: float
    training: TrainingImages
    validation: TrainingImages


def _of_track(data: str | Path | Track, name: str, conditions: Sequence[str] | None) -> _Source:
    track = open_dataset(data, name) if isinstance(data, str | os.PathLike) else data
    asked = list(conditions) if conditions else [one.condition_id for one in track.conditions if one.train]
    chosen = [one.condition_id for one in track.select(asked)]
    training, validation = (track_images(track, split, chosen) for split in ("train", "validation"))
    return _Source(track.name, chosen, track.checksum, track.pixel_size, training, validation)


def _rendered(data: str | Path | Track, texts: Sequence[str], conditions: Sequence[str] | None) -> _Source:
    if conditions or not isinstance(data, str | os.PathLike):
        raise InputError(
            "settings are rendered from a dataset's exit waves: give its folder, and no conditions of a track"
        )
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise InputError(f"the setting {twice!r} is given twice")
    waves = open_exit_waves(data)
    training, validation = (
        images_of(
            (one for text in texts for one in samples_at(waves, text, split, spread=C10_SPREAD)), f"{split} images"
        )
        for split in ("train", "validation")
    )
    manifest = waves.manifest
    return _Source(RENDERED, list(texts), manifest.checksum, manifest.pixel_size, training, validation)


def _key(state: Training, source: _Source, settings: TrainingSettings) -> str:
    """What a training depends on, as a checksum: the network with its first weights, the images, the settings."""
    digest = hashlib.sha256(repr(state.network).encode())
    for value in state.network.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    digest.update(msgspec.json.encode([source.checksum, source.track, source.conditions, settings]))
    return digest.hexdigest()


def _card(home: Path, pixel_size: float, name: str | None) -> Card:
    """The card of the trained model without its record; it names the shipped baseline whose code it takes, if any."""
    card, shipped = read_card(home), baseline_folder(home.name)
    is_shipped = shipped is not None and shipped.resolve() == home.resolve()
    own = card.model or ModelEntry(network="model:network")
    entry = ModelEntry(code=own.code or home.name) if is_shipped or own.code else ModelEntry(network=own.network)
    contract = InputContract(pixel_size=pixel_size, output="logits")
    return msgspec.structs.replace(card, name=name or card.name, model=entry, input=contract)


def _record(
    state: Training, source: _Source, settings: TrainingSettings, ended: bool, command: str | None
) -> dict[str, Any]:
    """[trained_on] of the card."""
    torch = require("torch", "torch")
    best = best_row(state.log)
    return {
        "track": source.track,
        "conditions": source.conditions,
        "dataset_checksum": source.checksum,
        "ended": ended,
        "images": len(source.training),
        "cycles": len(state.log),
        "validation_loss": round(best["validation_loss"], 6),
        "validation_dice": round(best["validation_dice"], 6),
        "seconds": round(sum(row["seconds"] for row in state.log), 1),
        "threads": torch.get_num_threads(),
        **({} if command is None else {"command": command}),
        "settings": msgspec.to_builtins(settings),
        "condition": [_plain(one) for one in dict.fromkeys(source.training.conditions)],
    }


def _plain(condition: Condition) -> dict[str, Any]:
    """A condition for TOML, which has no null."""
    return {name: value for name, value in condition_to_dict(condition).items() if value is not None and value != {}}
