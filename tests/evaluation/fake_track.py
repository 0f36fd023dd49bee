"""A small made-up track with the interface of a dataset's, so that the harness is tested without simulating."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import Sample, TrackCondition
from hrtem_bench.errors import InputError

SIZE = 32


@dataclass(frozen=True)
class FakeTrack:
    """Discs on noise; the further the defocus from 0, the weaker the disc."""

    name: str = "defocus"
    axis: str = "defocus"
    unit: str = "nm"
    dataset: str = "fake"
    version: str = "1.0.0"
    checksum: str = "0" * 64
    pixel_size: float = 0.4
    unofficial: str = ""
    n_structures: int = 6
    values: tuple[float, ...] = (-10.0, 0.0, 10.0, 20.0)
    reads: list[int] = field(default_factory=list)

    @property
    def conditions(self) -> tuple[TrackCondition, ...]:
        return tuple(
            TrackCondition(
                condition_id=f"defocus={v:g}nm",
                value=v,
                condition=Condition(C10=-10 * v, focal_spread=10.0),
                train=v == 0,
                spread={"C10": 15.0},
            )
            for v in self.values
        )

    def select(self, conditions: Sequence[str] | None = None) -> tuple[TrackCondition, ...]:
        known = [one.condition_id for one in self.conditions]
        for name in conditions or ():
            if name not in known:
                raise InputError(f"the track has no condition {name!r}: it has {', '.join(known)}")
        return tuple(one for one in self.conditions if conditions is None or one.condition_id in conditions)

    def check(self, split: str) -> None:
        pass

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        return len(self._places(conditions, limit))

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        self.reads.append(start)
        for structure, condition in self._places(conditions, limit)[start:]:
            yield self._sample(structure, condition)

    def _places(self, conditions: Sequence[str] | None, limit: int | None) -> list[tuple[int, TrackCondition]]:
        return [(k, one) for k in range(self.n_structures)[:limit] for one in self.select(conditions)]

    def _sample(self, structure: int, condition: TrackCondition) -> Sample:
        rng = np.random.default_rng([structure, int(condition.value) + 100])
        y, x = np.mgrid[:SIZE, :SIZE]
        mask = (y - 12 - structure) ** 2 + (x - 14) ** 2 < (5 + structure) ** 2
        rate = 20 + mask * 60 / (1 + abs(condition.value) / 3)
        return Sample(
            structure_id=f"s{structure}",
            condition_id=condition.condition_id,
            image=rng.poisson(rate).astype(np.float32),
            mask=mask.astype(np.uint8),
            instances=mask.astype(np.uint16),
            condition=condition.condition.replace(C10=condition.condition.C10 + 15.0 * rng.standard_normal()),
        )


def predictor(tmp_path: Path, code: str) -> str:
    """`path.py:predict` of a predictor whose body is `code`; p holds good probabilities."""
    body = "import numpy as np\ncalls = []\ndef predict(images):\n    p = 1 / (1 + np.exp(-2 * images))\n"
    (tmp_path / "predictor.py").write_text(body + "".join(f"    {line}\n" for line in code.splitlines()))
    return f"{tmp_path / 'predictor.py'}:predict"
