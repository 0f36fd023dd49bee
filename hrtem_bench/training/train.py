"""`train`: a network on images of chosen conditions, to a model that can be scored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
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
        New folder for the trained model, which `evaluate` takes; a training that was interrupted goes on from its last
        cycle when the same call is made again. None to write nothing.
    track
        Of the dataset.
    conditions
        Ids of the track's conditions to train at; all at which it has training images if not given.
    at_settings
        In place of a track's conditions: settings as text, "defocus=-7nm,dose=200,camera=k3-300kV", at which images are
        rendered from the exit waves that the dataset keeps of its training and validation structures. C10 varies from
        image to image with a standard deviation of C10_SPREAD.
    settings
        The schedule; see `TrainingSettings`.
    device
        "cpu", "cuda", "cuda:1" or "mps".
    name
        Of the trained model; the baseline's, or the module's class, if not given.
    command
        As recorded in the card.
    progress
        Told what is under way, steps done, and steps in all.

    Raises
    ------
    InputError
        For what cannot be trained or trained on, and Diverged when the loss is not finite.
    """
    settings = settings or TrainingSettings()
    folder = None if out is None else Path(out)
    if folder is not None and (not str(out) or folder.exists()):
        raise InputError(f"{out or 'the empty path'} exists already: remove it or give another folder")
    home = None if _is_object(network) else baseline_at(os.fspath(network))
    if home is None and folder is not None:
        raise InputError(
            "a module given as such is trained in place and has no folder of code: leave `out` out and save its "
            "weights, or give a folder whose card names the network"
        )
    if name is not None:
        check_name(name)
    Runtime(device).for_torch()
    made = network if home is None else seeded(lambda: untrained_network(home), settings.seed)
    source = _rendered(data, at_settings, conditions) if at_settings else _of_track(data, track, conditions)
    state = begin(made, settings, device)
    key = _key(state, source, settings)
    keep = None
    if folder is not None:
        partial = partial_folder(folder)
        load_state(partial, key, state)
        keep = _keeper(partial, key)
    ended = fit(state, source.training, source.validation, settings, keep=keep, progress=progress)
    if folder is not None and home is not None:
        card, code = _card(home, source.pixel_size, name)
        record = _record(state, source, settings, ended, command)
        write_model(folder, state, card, record, code)
    return Trained(state.network, state.log, ended)


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


def _is_object(network: Any) -> bool:
    return not isinstance(network, str | os.PathLike)


def _keeper(partial: Path, key: str) -> Any:
    def keep(state: Training) -> None:
        save_state(partial, key, state)

    return keep


def _key(state: Training, source: _Source, settings: TrainingSettings) -> str:
    """What a training depends on, as a checksum: the network with its first weights, the images, the settings."""
    digest = hashlib.sha256(repr(state.network).encode())
    for value in state.network.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    digest.update(msgspec.json.encode([source.checksum, source.track, source.conditions, settings]))
    return digest.hexdigest()


def _card(home: Path, pixel_size: float, name: str | None) -> tuple[Card, Path | None]:
    """The card of the trained model, its record left out, and the folder whose code is copied beside it."""
    contract = InputContract(pixel_size=pixel_size, output="logits")
    card = read_card(home)
    shipped = baseline_folder(home.name)
    is_shipped = shipped is not None and shipped.resolve() == home.resolve()
    own = card.model or ModelEntry(network="model:network")
    entry = ModelEntry(code=own.code or home.name) if is_shipped or own.code else ModelEntry(network=own.network)
    return (
        msgspec.structs.replace(card, name=name or card.name, model=entry, input=contract),
        None if entry.code else home,
    )


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
