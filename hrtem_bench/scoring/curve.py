"""From scores of images to a curve over conditions, with what the transfer function says of each, and its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.scoring.calibration import calibration_error, reliability_curve
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.results import METRICS, CurvePoint, Reliability
from hrtem_bench.scoring.statistics import Clusters, Replicates, bootstrap, clusters, interval, simultaneous_band
from hrtem_bench.scoring.summary import finite

if TYPE_CHECKING:
    from hrtem_bench.dataset import TrackCondition

Columns = Mapping[str, NDArray[Any]]
SPREAD_POINTS = 64
MOST_CONDITIONS = 512


def transfer_values(
    train: Sequence[Condition], tests: Sequence[Sequence[Condition]], q_max: float
) -> list[dict[str, float | None]]:
    """ "epsilon", "sigma" and "coverage" of each test set; the last two None where `train` is empty.

    Sets are the conditions as used, one for each image or distinct setting; q_max in 1/Å. Of a set of more
    than 512, so many at even steps stand for all.
    """
    from hrtem_bench.physics import epsilon, transfer_table

    train, tests = _thinned(train), [_thinned(test) for test in tests]
    if train:
        return [dict(row) for row in transfer_table(train, tests, q_max=q_max)]
    return [{"epsilon": epsilon(test, q_max=q_max), "sigma": None, "coverage": None} for test in tests]


def _thinned(conditions: Sequence[Condition]) -> Sequence[Condition]:
    if len(conditions) <= MOST_CONDITIONS:
        return conditions
    return [conditions[i] for i in np.linspace(0, len(conditions) - 1, MOST_CONDITIONS).astype(int)]


def spread_set(nominal: Condition, spread: Mapping[str, float]) -> tuple[Condition, ...]:
    """A set of conditions that stands for normal distributions about a nominal one.

    spread: standard deviation of fields of Condition. 64 points that fill the unit cube evenly (an additive
    recurrence), taken through the inverse normal distribution; the condition itself where nothing spreads.
    The dose plays no part in transfer and is left as it is.
    """
    from scipy import stats

    names = [name for name, deviation in spread.items() if deviation > 0 and name != "dose"]
    if not names:
        return (nominal,)
    # Roberts' generalised golden ratio: the root of x^(d + 1) = x + 1 gives the most even additive recurrence.
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (len(names) + 1))
    steps = ratio ** -np.arange(1, len(names) + 1)
    points = (0.5 + np.arange(SPREAD_POINTS)[:, None] * steps) % 1
    shifts = stats.norm.ppf(points) * [spread[name] for name in names]
    return tuple(_shifted(nominal, dict(zip(names, row, strict=True))) for row in shifts)


def _shifted(nominal: Condition, shifts: Mapping[str, float]) -> Condition:
    fields, aberrations = {}, dict(nominal.aberrations)
    for name, shift in shifts.items():
        if hasattr(nominal, name):
            value = getattr(nominal, name) or 0.0
            fields[name] = max(value + shift, 0.0) if name.endswith("_spread") else value + shift
        else:
            aberrations[name] = aberrations.get(name, 0.0) + float(shift)
    return nominal.replace(**fields, aberrations=aberrations)


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
