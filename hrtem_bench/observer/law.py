"""The law of the loss: coefficients, frozen in a file, and what they foretell.

ln loss = α + β M + γ G + η (T - M)₊ + ζ (M - T)₊ + φ F, with the terms of `expectation`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.reading import MIB, read_json

FROZEN = "frozen.json"
NORMAL_95 = 1.959963984540054
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""


class Coefficients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the law of ln loss, nats; logit Dice = dice_at_zero + dice_slope ln loss.

    Parameters
    ----------
    alpha
        The network's and the dataset's own, ln nats.
    beta, gamma
        Of hardness and mismatch, without unit.
    eta, zeta
        Of the hardness by which the training set exceeds the test condition, and by which it falls short of it.
    phi
        Of the texture that training did not show, without unit.
    residual
        Standard deviation of ln loss about the law, between pairs.
    dice_at_zero, dice_slope, dice_residual
        Of the line that gives Dice, and the standard deviation about it, in logits.
    """

    alpha: float
    beta: float
    gamma: float
    eta: float
    zeta: float
    phi: float
    residual: float
    dice_at_zero: float
    dice_slope: float
    dice_residual: float

    @property
    def slopes(self) -> tuple[float, float, float, float, float]:
        """Of M, G, (T - M)₊, (M - T)₊ and F."""
        return self.beta, self.gamma, self.eta, self.zeta, self.phi


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings and coefficients as they stood before they were tested.

    Parameters
    ----------
    date
        When they were frozen, ISO 8601.
    fitted_on
        Which networks and pairs they come from, in words.
    rows
        How many pairs.
    settings
        Fields of `ObserverSettings`.
    coefficients
        Of the law.
    sha256
        Over all other fields, as `content_hash` takes it.
    """

    date: str
    fitted_on: str
    rows: int
    settings: ObserverSettings
    coefficients: Coefficients
    sha256: str = ""

    def content_hash(self) -> str:
        """SHA-256, hexadecimal, over the other fields as sorted JSON."""
        return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(self, sha256=""), order="sorted")).hexdigest()


@dataclass(frozen=True)
class Predicted:
    """A number with the interval that 95 % of new pairs are expected in."""

    value: float
    low: float
    high: float


def loaded(path: Path | None = None) -> Frozen:
    """The frozen settings and coefficients: those of the package, or of a file.

    Raises
    ------
    InputError
        For a file of another form, and one whose content is not what its hash says.
    """
    where = path or Path(str(resources.files("hrtem_bench.observer"))) / FROZEN
    found = read_json(where, Frozen, "file of frozen coefficients", MIB)
    if found.sha256 != found.content_hash():
        raise InputError(f"{where} was changed after it was frozen: its content does not have the hash that it states")
    return found


def freeze(found: Frozen, path: Path) -> Frozen:
    """Write settings and coefficients with their hash.

    Parameters
    ----------
    found
        What is to be kept.
    path
        The file.

    Returns
    -------
    Frozen
        What was written.
    """
    sealed = msgspec.structs.replace(found, sha256=found.content_hash())
    write_aside(path, msgspec.json.format(msgspec.json.encode(sealed), indent=2).decode() + "\n")
    return sealed


def log_losses(terms: Any, law: Coefficients) -> NDArray[np.float64]:
    """ln loss by the law, (...,), of M, G, (T - M)₊, (M - T)₊ and F, (..., 5)."""
    found: NDArray[np.float64] = law.alpha + np.asarray(terms, float) @ law.slopes
    return found


def costs(terms: Sequence[float], law: Coefficients) -> dict[str, float]:
    """What training elsewhere adds to ln loss, by cause: mismatch, harder, easier and texture of `Terms`."""
    names = "mismatch", "harder", "easier", "texture"
    return {name: slope * one for name, slope, one in zip(names, law.slopes[1:], terms[1:], strict=True)}


def expected(terms: Sequence[float], law: Coefficients) -> tuple[Predicted, Predicted]:
    """Expected loss, nats per pixel, and Dice, each with the interval of 95 % of new pairs.

    The residuals are taken as normal, of ln loss and of the logit of Dice, those of Dice independent of those of loss.
    """
    middle = float(log_losses(terms, law))
    far = NORMAL_95 * law.residual
    logit = law.dice_at_zero + law.dice_slope * middle
    far_dice = NORMAL_95 * math.hypot(law.dice_residual, law.dice_slope * law.residual)
    return (
        Predicted(math.exp(middle), math.exp(middle - far), math.exp(middle + far)),
        Predicted(*(1 / (1 + math.exp(-one)) for one in (logit, logit - far_dice, logit + far_dice))),
    )
