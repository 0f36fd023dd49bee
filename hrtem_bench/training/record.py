"""The files of a training: its state while it runs, and the folder of the trained model."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.errors import InputError, require
from hrtem_bench.models.card import CARD, Card, ModelEntry, card_text
from hrtem_bench.support.files import aside, write_aside, write_aside_bytes
from hrtem_bench.training.loop import Training

STATE = "state.pt"
LOG = "train_log.csv"
WEIGHTS = "weights.safetensors"


def partial_folder(out: Path) -> Path:
    """Where a training is kept until it is finished: hidden, beside `out`."""
    return out.with_name(f".{out.name}.partial")


def save_state(partial: Path, key: str, state: Training) -> None:
    """Write the state of a training; `key` says what it depends on."""
    torch = require("torch", "torch")
    partial.mkdir(parents=True, exist_ok=True)
    held = {
        "key": key,
        "network": state.network.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "log": state.log,
        "best": state.best,
    }
    with aside(partial / STATE) as temporary:
        torch.save(held, temporary)


def load_state(partial: Path, key: str, state: Training) -> None:
    """Take up a training where its folder left it, in place; does nothing where there is none or one of another key."""
    torch = require("torch", "torch")
    try:
        held = torch.load(partial / STATE, weights_only=True, map_location="cpu")
    except Exception:  # a damaged file raises errors of many kinds, and is then written anew
        return
    if isinstance(held, dict) and held.get("key") == key:
        state.network.load_state_dict(held["network"])
        state.optimiser.load_state_dict(held["optimiser"])
        state.log, state.best = held["log"], held["best"]


def write_model(out: Path, state: Training, card: Card, trained_on: Mapping[str, Any], home: Path) -> None:
    """Write the folder of a trained model beside its place, and rename it: card, weights, log, and its code.

    card: its [model] is given the weights. home: whose Python files are copied, unless the card names a shipped
    baseline's code.
    """
    save = require("safetensors.torch", "torch").save
    partial = partial_folder(out)
    partial.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in state.network.state_dict().items()}
    write_aside_bytes(partial / WEIGHTS, save(weights))
    write_aside(partial / LOG, log_text(state.log))
    entry = card.model or ModelEntry(network="model:network")
    for file in sorted(home.glob("*.py")) if entry.code is None else ():
        shutil.copyfile(file, partial / file.name)
    card = msgspec.structs.replace(card, model=msgspec.structs.replace(entry, weights=WEIGHTS), trained_on=None)
    write_aside(partial / CARD, card_text(card, trained_on))
    (partial / STATE).unlink(missing_ok=True)
    if out.exists():
        raise InputError(f"{out} appeared while the training ran: the trained model is in {partial}")
    partial.rename(out)


def log_text(log: list[dict[str, float]]) -> str:
    """The rows of a log as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, log[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in log)
    return text.getvalue()
