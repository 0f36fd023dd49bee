"""From scores of images to a curve over conditions, with ε, σ and coverage of each condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.scoring.calibration import reliability_curve
from hrtem_bench.scoring.catalogue import all_metrics
from hrtem_bench.scoring.estimate import Estimate, estimate, estimates_of, finite, known_only
from hrtem_bench.scoring.per_image import Columns, metric_clusters
from hrtem_bench.scoring.results import CurvePoint, Reliability
from hrtem_bench.scoring.statistics import Clusters, Limits, Replicates, Resampling, bootstrap, simultaneous_band

if TYPE_CHECKING:
    from hrtem_bench.dataset import TrackCondition


def transfer_values(
    train: ConditionSet | None, tests: Sequence[ConditionSet], q_max: float
) -> list[dict[str, float | None]]:
    """ "epsilon", "sigma" and "coverage" of each test set; the last two None where `train` is. q_max in 1/Å."""
    from hrtem_bench.physics import epsilon, transfer_table

    if train is not None:
        return [dict(row) for row in transfer_table(train, tests, q_max=q_max)]
    return [{"epsilon": epsilon(test, q_max=q_max), "sigma": None, "coverage": None} for test in tests]


@dataclass(frozen=True)
class Scored:
    """All images' scores with one resampling of structures: sums and replicates of each metric, by its name."""

    data: Mapping[str, Clusters]
    replicates: Mapping[str, Replicates]
    dice_band: Limits
    confidence: float

    @classmethod
    def of(cls, columns: Columns, order: Sequence[str], resampling: Resampling) -> Scored:
        """From the columns of per_image.parquet, with conditions in `order`."""
        data = metric_clusters(columns, order)
        return cls(
            data=data,
            replicates={name: bootstrap(one, resampling) for name, one in data.items()},
            dice_band=simultaneous_band(data["dice"], resampling, limits=(0, 1)),
            confidence=resampling.confidence,
        )

    def scores(self) -> list[dict[str, Estimate]]:
        """Of each condition, the mean and interval of every metric that has one there."""
        columns = {name: estimates_of(one, self.confidence) for name, one in self.replicates.items()}
        count = len(self.dice_band[0])
        return [known_only({name: one[index] for name, one in columns.items()}) for index in range(count)]

    def bands(self) -> list[Estimate]:
        """Of each condition, the mean Dice within the simultaneous band."""
        means = self.replicates["dice"].estimate
        return [estimate(*map(float, one)) for one in zip(means, *self.dice_band, strict=True)]


def curve_points(
    conditions: Sequence[TrackCondition],
    scored: Scored,
    transfer: Sequence[Mapping[str, Any]],
    reliability: Sequence[Any],
    trained: Sequence[str],
) -> list[CurvePoint]:
    """The curve: a point per condition, in their order.

    transfer: see `transfer_values`. reliability: sums of `calibration.reliability`, or None. trained: ids of
    conditions.
    """
    counts = scored.data["dice"].count
    return [
        CurvePoint(
            condition=condition.condition_id,
            C10=condition.condition.C10,
            value=condition.value,
            in_distribution=condition.condition_id in trained,
            n_images=int(counts[:, index].sum()),
            n_structures=int(np.count_nonzero(counts[:, index])),
            **transfer[index],
            scores=_in_order(scores | _pooled(reliability[index])),
            dice_band=band,
            reliability=None if reliability[index] is None else _reliability(reliability[index]),
        )
        for index, (condition, scores, band) in enumerate(zip(conditions, scored.scores(), scored.bands(), strict=True))
    ]


def _in_order(scores: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The scores in the order of the catalogue."""
    return {name: scores[name] for name in all_metrics() if name in scores}


def _pooled(sums: Any) -> dict[str, Estimate]:
    """The scores of all pixels of a condition together."""
    pooled = {} if sums is None else {name: one.of_pixels for name, one in all_metrics().items()}
    return {name: estimate(function(sums)) for name, function in pooled.items() if function is not None}


def _reliability(sums: Any) -> Reliability:
    confidence, accuracy, count = reliability_curve(sums)
    return Reliability(
        confidence=[finite(one) for one in confidence],
        accuracy=[finite(one) for one in accuracy],
        count=[int(one) for one in count],
    )
