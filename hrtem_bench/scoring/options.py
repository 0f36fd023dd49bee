"""How an evaluation is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import InputContract


@dataclass(frozen=True)
class Options:
    """How a run is done; the defaults make it official.

    split: which structures. conditions: ids of the track to score, None for all. train_conditions: ids of the
    track that the model was trained at, where it does not say so itself. limit: images per condition, None
    for all. contract: in place of the model's own. batch_size: images the model is given at once, None to find it by
    trying, see `BatchSize`; no score depends on it. seed: of the bootstrap. breakdown_dice: the Dice below which a
    model counts as broken down. device, bf16: where the model runs and in what precision, see `Runtime`. allow_code:
    code that comes with a model from the Hub may run.
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
