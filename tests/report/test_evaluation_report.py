"""From a finished evaluation to the page, with a baseline that needs no training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import TrackCondition
from hrtem_bench.dataset.reader import Sample
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.report import report_evaluation
from hrtem_bench.scoring.options import Options


@dataclass(frozen=True)
class DoseTrack:
    """Discs of doubled count on noise, at three doses: T(q) is the same at all of them."""

    name: str = "dose"
    axis: str = "dose"
    unit: str = "e/Å²"
    dataset: str = "discs"
    version: str = "0.1.0"
    checksum: str = "0" * 64
    pixel_size: float = 0.4
    pixels: int = 48
    unofficial: str = ""

    def check(self, split: str) -> None:
        """Nothing can have been altered."""

    @property
    def conditions(self) -> tuple[TrackCondition, ...]:
        return tuple(
            TrackCondition(condition_id=f"dose={dose:g}", value=dose, condition=self.at(dose), train=dose == 300)
            for dose in (30.0, 300.0, 600.0)
        )

    def at(self, dose: float) -> Condition:
        return Condition(C10=-100.0, focal_spread=10.0, dose=dose)

    def select(self, conditions: Sequence[str] | None = None) -> tuple[TrackCondition, ...]:
        return tuple(one for one in self.conditions if conditions is None or one.condition_id in conditions)

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        return len(list(self.rows(split, conditions)))

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        y, x = np.mgrid[: self.pixels, : self.pixels]
        for one in self.conditions:
            for index in range(3 if conditions is None or one.condition_id in conditions else 0):
                rng = np.random.default_rng([index, int(one.value)])
                mask = (np.hypot(y - 20 - 4 * index, x - 24) < 10).astype(np.uint8)
                image = rng.poisson(one.value * self.pixel_size**2 * (1 + mask)).astype(np.float32)
                yield Sample(f"s{index}", one.condition_id, image, mask, mask.astype(np.uint16), one.condition)


def discs(images: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-2 * images))).astype(np.float32)


def test_an_evaluation_becomes_a_page(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    track: Any = DoseTrack()
    options = Options(bootstrap_samples=100, train_conditions=("dose=300",))
    evaluation = evaluate("test_evaluation_report:discs", track, options=options)
    page = report_evaluation(evaluation, tmp_path).read_text()
    assert 'id="examples"' in page and page.count("<img ") >= 9
    point = evaluation.results.curve[0]
    assert f">{point.dice.value:.3f}" in page and '<th scope="row">30 e/Å²</th>' in page
    # The dose does not enter T(q), so one row stands for all.
    assert re.search(r"T\(q\) of 1 of the 3 conditions", page)
    assert (tmp_path / "figures" / "transfer.svg").is_file()
