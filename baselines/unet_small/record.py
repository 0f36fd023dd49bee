"""The files of a training: its state while it runs, the finished folder afterwards."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

STATE = "state.pt"
LOG = "train_log.csv"
CODE = ("model.py", "train.py", "record.py", "README.md")


@dataclass
class State:
    """A training under way: what an interruption must not lose.

    best: the weights of the epoch with the lowest validation loss; log: one row for each whole epoch.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    log: list[dict[str, float]] = field(default_factory=list)


def partial_folder(out: Path) -> Path:
    """Where a training lives until it is finished: hidden, beside `out`."""
    return out.with_name(f".{out.name}.partial")


def save_state(partial: Path, settings: Mapping[str, Any], state: State) -> None:
    """Write what `load_state` reads, and the log as CSV, into the partial folder."""
    saved = {
        "settings": dict(settings),
        "network": state.network.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "best": state.best,
        "log": state.log,
    }
    torch.save(saved, partial / f".{STATE}")
    os.replace(partial / f".{STATE}", partial / STATE)
    with (partial / f".{LOG}").open("w", newline="") as file:
        writer = csv.DictWriter(file, state.log[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in state.log)
    os.replace(partial / f".{LOG}", partial / LOG)


def load_state(partial: Path, settings: Mapping[str, Any], initial: State) -> State:
    """The state of an interrupted training with the same settings, or `initial` if there is none."""
    if not (partial / STATE).exists():
        return initial
    saved: dict[str, Any] = torch.load(partial / STATE, weights_only=True)
    if saved["settings"] != dict(settings):
        return initial
    initial.network.load_state_dict(saved["network"])
    initial.optimizer.load_state_dict(saved["optimizer"])
    return State(initial.network, initial.optimizer, saved["best"], saved["log"])


def finish_folder(
    partial: Path,
    out: Path,
    weights: Mapping[str, torch.Tensor],
    *,
    pixel_size: float,
    trained_on: Mapping[str, Any],
) -> None:
    """Turn the partial folder into a submission folder and give it its name. pixel_size: Å, of the images."""
    here = Path(__file__).parent
    contiguous = {name: tensor.contiguous() for name, tensor in weights.items()}
    (partial / "weights.safetensors").write_bytes(save(contiguous))
    card = card_toml((here / "card.toml").read_text(encoding="utf-8"), pixel_size, trained_on)
    (partial / "card.toml").write_text(card, encoding="utf-8")
    for name in CODE:
        shutil.copyfile(here / name, partial / name)
    (partial / STATE).unlink()
    os.replace(partial, out)


def card_toml(card: str, pixel_size: float, trained_on: Mapping[str, Any]) -> str:
    """The card's text with the record of this training in place of any earlier one."""
    untrained = card.partition("[trained_on]")[0].rstrip()
    sized = re.sub(r"^pixel_size = .*$", f"pixel_size = {_value(pixel_size)}", untrained, flags=re.MULTILINE)
    return f"{sized}\n\n{trained_on_toml(trained_on)}"


def trained_on_toml(trained_on: Mapping[str, Any]) -> str:
    """The [trained_on] table as TOML; the mappings under "condition" become an array of tables."""
    plain = {name: value for name, value in trained_on.items() if name != "condition"}
    lines = ["[trained_on]", *(f"{name} = {_value(value)}" for name, value in plain.items())]
    for condition in trained_on["condition"]:
        lines += ["", "[[trained_on.condition]]"]
        lines += [f"{name} = {_value(value)}" for name, value in condition.items() if value not in (None, {})]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Finite numbers, strings, booleans and lists are written alike in JSON and TOML; mappings are not."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_value(item)}" for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
