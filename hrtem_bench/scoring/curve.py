"""From scores of images to a curve over conditions, with what the transfer function says of each, and its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.scoring.calibration import calibration_error, reliability_curve
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.results import METRICS, CurvePoint, Reliability
from hrtem_bench.scoring.statistics import Clusters, Replicates, bootstrap, clusters, interval, simultaneous_band
from hrtem_bench.scoring.summary import finite

if TYPE_CHECKING:
    from hrtem_bench.dataset import TrackCondition

Columns = Mapping[str, NDArray[Any]]


def transfer_values(
    train: ConditionSet | None, tests: Sequence[ConditionSet], q_max: float
) -> list[dict[str, float | None]]:
    """ "epsilon", "sigma" and "coverage" of each test set; the last two None where `train` is. q_max in 1/Å."""
    from hrtem_bench.physics import epsilon, transfer_table

    if train is not None:
        return [dict(row) for row in transfer_table(train, tests, q_max=q_max)]
    return [{"epsilon": epsilon(test, q_max=q_max), "sigma": None, "coverage": None} for test in tests]


def metric_clusters(columns: Columns, order: Sequence[str]) -> dict[str, Clusters]:
    """Each metric's sums by structure and condition, for the metrics that every image has."""
    return {
        name: clusters(columns["structure_id"], columns["condition_id"], columns[name], order)
        for name in METRICS
        if name in columns and np.isfinite(columns[name]).all()
    }


def curve_points(
    conditions: Sequence[TrackCondition],
    data: Mapping[str, Clusters],
    replicates: Mapping[str, Replicates],
    transfer: Sequence[Mapping[str, Any]],
    reliability: Sequence[Any],
    trained: Sequence[str],
    options: Options,
) -> list[CurvePoint]:
    """The curve: a point per condition, in their order.

    transfer: see `transfer_values`. reliability: sums of `calibration.reliability`, or None. trained: ids of
    conditions.
    """
    intervals = {name: interval(one, options.confidence) for name, one in replicates.items()}
    band = simultaneous_band(
        data["dice"], samples=options.bootstrap_samples, seed=options.seed, confidence=options.confidence, limits=(0, 1)
    )
    counts = data["dice"].count
    points = []
    for index, condition in enumerate(conditions):
        scores: dict[str, Any] = {"dice_band_low": finite(band[0][index]), "dice_band_high": finite(band[1][index])}
        for name, (low, high) in intervals.items():
            scores[name] = float(replicates[name].estimate[index])
            scores[f"{name}_low"], scores[f"{name}_high"] = finite(low[index]), finite(high[index])
        if reliability[index] is not None:
            scores["calibration_error"] = calibration_error(reliability[index])
            scores["reliability"] = _reliability(reliability[index])
        points.append(
            CurvePoint(
                condition=condition.condition_id,
                C10=condition.condition.C10,
                value=condition.value,
                in_distribution=condition.condition_id in trained,
                n_images=int(counts[:, index].sum()),
                n_structures=int(np.count_nonzero(counts[:, index])),
                **transfer[index],
                **scores,
            )
        )
    return points


def _reliability(sums: Any) -> Reliability:
    confidence, accuracy, count = reliability_curve(sums)
    return Reliability(
        confidence=[finite(one) for one in confidence],
        accuracy=[finite(one) for one in accuracy],
        count=[int(one) for one in count],
    )


def bootstrap_all(data: Mapping[str, Clusters], samples: int, seed: int) -> dict[str, Replicates]:
    """The replicates of every metric, from one resampling of structures."""
    return {name: bootstrap(one, samples=samples, seed=seed) for name, one in data.items()}
