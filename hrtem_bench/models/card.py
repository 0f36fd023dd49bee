"""card.toml: what a baseline or submission folder says about itself, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.conditions import Condition, condition_from_dict
from hrtem_bench.errors import InputError, one_line
from hrtem_bench.models.contract import InputContract
from hrtem_bench.support.plain_text import check_plain
from hrtem_bench.support.reading import read_toml

CARD = "card.toml"
SCHEMA_VERSION = 1
MAX_NAME = 200
"""Characters of a model's name, which stands in tables and figures."""


class ModelEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the code is.

    Parameters
    ----------
    network
        "module:function" in the folder; the function takes nothing and returns a torch.nn.Module of images
        (N, 1, ny, nx), which `weights` are loaded into. Such a model can be trained.
    entry
        In place of it, for a model of any other kind: "module:function", the function takes the folder and returns a
        predictor.
    weights
        A safetensors file.
    code
        The shipped baseline in whose folder these modules lie instead, for the same network with other weights; then
        `network` or `entry` is that baseline's where it is not given.
    """

    network: str | None = None
    entry: str | None = None
    weights: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        given = [one for one in (self.network, self.entry) if one is not None]
        if len(given) > 1 or (not given and self.code is None):
            raise ValueError(
                'needs one of network = "module:function", entry = "module:function", or code = "a shipped baseline"'
            )


class TrainedOn(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a training. Other keys (seed, epochs, command, …) are allowed.

    Parameters
    ----------
    conditions
        Ids of conditions of the track.
    condition
        The settings of the training images, as dicts for `condition_from_dict`. σ(train, test) is computed from them.
    validation_loss, validation_dice
        Mean cross-entropy, nats per pixel, and Dice on other structures at the training conditions.
    """

    track: str
    conditions: list[str]
    condition: list[dict[str, Any]] = []
    dataset_checksum: str | None = None
    validation_loss: float | None = None
    validation_dice: float | None = None

    def used(self) -> tuple[Condition, ...]:
        """The conditions of the training images."""
        return tuple(condition_from_dict(one) for one in self.condition)


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of card.toml. Unknown keys are errors, except in [trained_on]; predictions have no [model].

    Parameters
    ----------
    url
        An https address where a reader finds the model, its paper or its report.
    """

    schema_version: int
    name: str
    model: ModelEntry | None = None
    description: str = ""
    authors: list[str] = []
    licence: str = ""
    url: str = ""
    input: InputContract = InputContract()
    trained_on: TrainedOn | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.url and not re.fullmatch(r"https://[!-~]+", self.url):
            raise ValueError(f"url should start with https:// and hold no spaces, not read {self.url!r}")


def read_card(folder: Path) -> Card:
    """The card of a folder.

    Raises
    ------
    InputError
        One line with the file and the key, for anything that is not valid.
    """
    path = folder / CARD
    if not path.exists():
        raise InputError(f"{folder} holds no {CARD}, which a baseline or submission folder needs")
    tables = read_toml(path)
    try:
        card = msgspec.convert(tables, Card)
        if card.trained_on is not None:
            card.trained_on.used()
    except ValueError as error:  # a ValidationError, a Condition out of range
        raise InputError(f"{path}: {one_line(error)}") from None
    if card.schema_version != SCHEMA_VERSION:
        raise InputError(f"{path}: schema_version is {card.schema_version}; this version reads {SCHEMA_VERSION}")
    return card


def check_name(name: str) -> None:
    """Raise InputError for a name that a card must not have: empty, longer than MAX_NAME, or with hidden characters."""
    if not name.strip():
        raise InputError("name is empty: give the model one")
    check_plain("name", name, MAX_NAME)


def card_text(card: Card, trained_on: Mapping[str, Any] | None = None) -> str:
    """A card as TOML.

    Parameters
    ----------
    card
        What to write.
    trained_on
        Replaces the card's own record of the training; further keys are allowed.
    """
    import tomli_w

    tables = _without_defaults(card)
    if trained_on is not None:
        tables["trained_on"] = dict(trained_on)
    return tomli_w.dumps(tables)


def _without_defaults(record: msgspec.Struct) -> dict[str, Any]:
    """The fields of a record that differ from their defaults; the same for records inside it."""
    tables: dict[str, Any] = {}
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        default = field.default if field.default is not msgspec.NODEFAULT else None
        if value is None or (not field.required and value == default) or value == []:
            continue
        tables[field.name] = _without_defaults(value) if isinstance(value, msgspec.Struct) else value
    return tables
