"""How an evaluation is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import InputContract


@dataclass(frozen=True)
class Options:
    """How a model is scored. With the defaults the result is an official one.

    Parameters
    ----------
    split
        "train", "validation" or "test".
    conditions
        Ids of the conditions to score; None for all.
    train_conditions
        Ids of the conditions that the model was trained at, where its card does not say so.
    limit
        Images for each condition; None for all.
    contract
        Replaces the model's own.
    batch_size
        Images that the model is given at once; None to find the fastest, see `BatchSize`. No score depends on it.
    bootstrap_samples, confidence, seed
        Of the bootstrap over structures.
    breakdown_dice
        The Dice below which a model counts as broken down.
    device, bf16
        Where the model runs and in what precision, see `Runtime`.
    allow_code
        Whether code of a model from the Hub, or of a .pt2 file, may run.
    """

    split: str = "test"
    conditions: Sequence[str] | None = None
    train_conditions: Sequence[str] | None = None
    limit: int | None = None
    contract: InputContract | None = None
    batch_size: int | None = None
    bootstrap_samples: int = 2000
    confidence: float = 0.95
    seed: int = 0
    breakdown_dice: float = 0.7
    device: str = "cpu"
    bf16: bool = False
    allow_code: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1, not {value}")
        if self.bootstrap_samples < 100:
            raise InputError(f"bootstrap_samples must be at least 100, not {self.bootstrap_samples}")
        if not 0.5 <= self.confidence < 1:
            raise InputError(f"confidence must lie between 0.5 and 1, not {self.confidence:g}")
