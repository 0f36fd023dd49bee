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
from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.errors import InputError, require
from hrtem_bench.models.card import Card, ModelEntry, check_name, read_card
from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.runtime import Runtime
from hrtem_bench.models.shipped_baselines import baseline_at, baseline_folder
from hrtem_bench.models.submission import untrained_network
from hrtem_bench.training.images import TrainingImages, track_images
from hrtem_bench.training.loop import Progress, Training, begin, fit, seeded
from hrtem_bench.training.record import load_state, partial_folder, save_state, write_model
from hrtem_bench.training.settings import TrainingSettings


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
    source = open_dataset(data, track) if isinstance(data, str | os.PathLike) else data
    chosen = [one.condition_id for one in source.select(list(conditions))] if conditions else _with_images(source)
    images, validation = (track_images(source, split, chosen) for split in ("train", "validation"))
    state = begin(made, settings, device)
    key = _key(state, source, chosen, settings)
    keep = None
    if folder is not None:
        partial = partial_folder(folder)
        load_state(partial, key, state)
        keep = _keeper(partial, key)
    ended = fit(state, images, validation, settings, keep=keep, progress=progress)
    if folder is not None and home is not None:
        card, code = _card(home, source, name)
        record = _record(state, source, chosen, images, settings, ended, command)
        write_model(folder, state, card, record, code)
    return Trained(state.network, state.log, ended)


def _with_images(track: Track) -> list[str]:
    return [one.condition_id for one in track.conditions if one.train]


def _is_object(network: Any) -> bool:
    return not isinstance(network, str | os.PathLike)


def _keeper(partial: Path, key: str) -> Any:
    def keep(state: Training) -> None:
        save_state(partial, key, state)

    return keep


def _key(state: Training, track: Track, conditions: Sequence[str], settings: TrainingSettings) -> str:
    """What a training depends on, as a checksum: the network with its first weights, the images, the settings."""
    digest = hashlib.sha256(repr(state.network).encode())
    for value in state.network.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    digest.update(msgspec.json.encode([track.checksum, track.name, list(conditions), settings]))
    return digest.hexdigest()


def _card(home: Path, track: Track, name: str | None) -> tuple[Card, Path | None]:
    """The card of the trained model, its record left out, and the folder whose code is copied beside it."""
    contract = InputContract(pixel_size=track.pixel_size, output="logits")
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
    state: Training,
    track: Track,
    conditions: Sequence[str],
    images: TrainingImages,
    settings: TrainingSettings,
    ended: bool,
    command: str | None,
) -> dict[str, Any]:
    """[trained_on] of the card."""
    torch = require("torch", "torch")
    last = state.log[-1]
    return {
        "track": track.name,
        "conditions": list(conditions),
        "dataset_checksum": track.checksum,
        "ended": ended,
        "images": len(images),
        "cycles": len(state.log),
        "validation_loss": round(last["validation_loss"], 6),
        "validation_dice": round(last["validation_dice"], 6),
        "seconds": round(sum(row["seconds"] for row in state.log), 1),
        "threads": torch.get_num_threads(),
        **({} if command is None else {"command": command}),
        "settings": msgspec.to_builtins(settings),
        "condition": [_plain(one) for one in dict.fromkeys(images.conditions)],
    }


def _plain(condition: Condition) -> dict[str, Any]:
    """A condition for TOML, which has no null."""
    return {name: value for name, value in condition_to_dict(condition).items() if value is not None and value != {}}


__all__ = ["Trained", "train"]
