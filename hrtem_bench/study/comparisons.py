"""What the rows of a study say beyond one block's matrix: sides of focus, other networks, axes of a shift, mixtures.

Each number is a mean of differences in ln(loss), the loss in nats per pixel, with the 95 % interval of a bootstrap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, parse_condition, parse_settings
from hrtem_bench.dataset.rendered_samples import parse_setting
from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.findings import SAMPLES, drawn_estimate

Floats = NDArray[np.float64]
StudyRow = Mapping[str, Any]
AXES: dict[str, Callable[[Any], float]] = {
    "defocus": lambda c: c.C10,
    "C30": lambda c: c.C30,
    "astigmatism": lambda c: c.aberrations.get("C12", 0.0),
    "focal spread": lambda c: _log(c.focal_spread),
    "dose": lambda c: _log(c.dose),
}
"""Axis -> where a condition lies on it; focal spread and dose by their logarithm."""


def side_of_focus(rows: Sequence[StudyRow]) -> Estimate | None:
    """How much more networks lose that were trained at underfocus (+d) than those trained as far at overfocus (-d).

    The difference of their mean ln(loss) over all test conditions, mean over pairs of one d and one seed; the bootstrap
    is over pairs. None where the rows have no pair.
    """
    means: dict[tuple[float, int], list[float]] = defaultdict(list)
    for row in rows:
        settings = parse_settings(row["train"]) if ";" not in row["train"] else {}
        if set(settings) == {"defocus"}:
            means[-parse_condition(row["train"]).C10, row["seed"]].append(float(np.log(row["nll"])))
    pairs = [np.mean(means[d, seed]) - np.mean(means[-d, seed]) for d, seed in means if d > 0 and (-d, seed) in means]
    return _bootstrapped(np.array(pairs)) if pairs else None


def between_networks(rows: Sequence[StudyRow], others: Sequence[StudyRow]) -> tuple[Estimate, Estimate] | None:
    """How much more `others` lose than the networks of `rows`: where they were trained, and elsewhere.

    Means over the training sets and test conditions that both have, after means over seeds; the bootstrap is over the
    seeds of either. None where they have no training set in common.
    """
    first, second = _by_cell(rows), _by_cell(others)
    cells = sorted(set(first) & set(second))
    found = []
    for own in (True, False):
        chosen = [cell for cell in cells if (cell[0] == cell[1]) is own]
        if not chosen:
            return None
        generator = np.random.default_rng(0)
        parts = [(first[cell], second[cell]) for cell in chosen]
        drawn = [_difference(parts, generator) for _ in range(SAMPLES)]
        value = float(np.mean([np.mean(list(b.values())) - np.mean(list(a.values())) for a, b in parts]))
        found.append(drawn_estimate(value, drawn, any(len(one) > 1 for pair in parts for one in pair)))
    return found[0], found[1]


def axis_slopes(rows: Sequence[StudyRow]) -> dict[str, Estimate]:
    """What a shift along each axis adds to ln(loss), for networks trained at one condition.

    For each axis the rise of ln(loss) for a shift as long as the range of the test conditions along it (factor e for
    focal spread and dose), dose apart by direction, and for another camera: a regression on the distances along all of
    them at once, after the mean over networks of one kind of specimens at each test condition has been taken off, which
    removes how hard the condition is. The bootstrap is over training sets. Empty for fewer than ten of them, and where
    conditions do not name a dose and a focal spread.
    """
    single = [row for row in rows if ";" not in row["train"]]
    trains = sorted({row["train"] for row in single})
    if len(trains) < 10:
        return {}
    places = {text: _place(text) for text in {row[key] for row in single for key in ("train", "test")}}
    if not all(np.isfinite(place).all() for place, _ in places.values()):
        return {}
    tests = np.array([places[text][0] for text in sorted({row["test"] for row in single})])
    scale = np.ptp(tests, axis=0)
    scale[[list(AXES).index(name) for name in ("focal spread", "dose")]] = 1.0
    shifts, losses = [], []
    for row in single:
        (a, camera), (b, other) = places[row["train"]], places[row["test"]]
        moved = (b - a) / np.where(scale > 0, scale, 1.0)
        *lens, dose = np.abs(moved)
        shifts.append([*lens, dose * (moved[-1] > 0), dose * (moved[-1] < 0), float(camera != other)])
        losses.append(np.log(row["nll"]))
    x, y = _centred(np.array(shifts), np.array(losses), [(row["specimens"], row["test"]) for row in single])
    clusters = [np.flatnonzero([row["train"] == name for row in single]) for name in trains]
    generator = np.random.default_rng(0)
    value = _least_squares(x, y)
    drawn = []
    for _ in range(SAMPLES // 4):
        chosen = np.concatenate([clusters[k] for k in generator.integers(len(clusters), size=len(clusters))])
        drawn.append(_least_squares(x[chosen], y[chosen]))
    names = [*list(AXES)[:-1], "dose, tested higher", "dose, tested lower", "another camera"]
    each = zip(names, value, np.transpose(drawn), strict=True)
    return {name: drawn_estimate(own, replicates) for name, own, replicates in each}


def mixture_gains(rows: Sequence[StudyRow]) -> dict[int, Estimate]:
    """How much less, or more, networks trained at so many conditions lose than those trained at one.

    Differences of the mean ln(loss) over all test conditions, after each kind's mean over networks trained at one has
    been taken off; the bootstrap is over training sets, those of one condition too.
    """
    means: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        means[row["specimens"], row["train"]].append(float(np.log(row["nll"])))
    by_set: dict[str, list[float]] = defaultdict(list)
    for kind in {specimens for specimens, _ in means}:
        mine = {train: float(np.mean(values)) for (specimens, train), values in means.items() if specimens == kind}
        middle = np.mean([value for train, value in mine.items() if ";" not in train])
        for train, value in mine.items():
            by_set[train].append(value - float(middle))
    sizes: dict[int, list[float]] = defaultdict(list)
    for train, values in by_set.items():
        sizes[train.count(";") + 1].append(float(np.mean(values)))
    return {size: difference_of_means(sizes[1], values) for size, values in sorted(sizes.items()) if size > 1}


def difference_of_means(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> Estimate:
    """By how much the mean of `second` is above that of `first`; the bootstrap is over both."""
    generator = np.random.default_rng(0)
    drawn = [_drawn_means(one, generator) for one in (first, second)]
    return drawn_estimate(
        float(np.mean(second) - np.mean(first)), drawn[1] - drawn[0], min(len(first), len(second)) > 1
    )


def _log(value: float | None) -> float:
    return float(np.log(value)) if value else np.nan


def _by_cell(rows: Sequence[StudyRow]) -> dict[tuple[str, str], dict[int, float]]:
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        found[row["train"], row["test"]][row["seed"]] = float(np.log(row["nll"]))
    return found


def _difference(parts: Sequence[tuple[dict[int, float], dict[int, float]]], generator: np.random.Generator) -> float:
    """The difference for seeds drawn anew, once for each network."""
    seeds = [sorted({seed for pair in parts for seed in pair[side]}) for side in (0, 1)]
    drawn = [generator.choice(every, size=len(every)) for every in seeds]
    total = [
        np.mean([b[s] for s in drawn[1] if s in b] or list(b.values()))
        - np.mean([a[s] for s in drawn[0] if s in a] or list(a.values()))
        for a, b in parts
    ]
    return float(np.mean(total))


def setting_of(text: str) -> tuple[Condition, str] | None:
    """The condition and the camera ("" for none) of a training or test condition's text.

    None for an id of a track that is no setting of the lens, as structure=Ag-small.
    """
    try:
        condition, camera = parse_setting(text, {})
    except InputError:
        return None
    return condition, camera or ""


def _place(text: str) -> tuple[Floats, str]:
    """Where a condition lies along the axes, NaN for what it does not say, and its camera."""
    setting = setting_of(text)
    if setting is None:
        return np.full(len(AXES), np.nan), ""
    condition, camera = setting
    return np.array([of(condition) for of in AXES.values()]), camera


def _centred(x: Floats, y: Floats, groups: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
    index = np.unique([";".join(one) for one in groups], return_inverse=True)[1]
    count = np.bincount(index)
    centre = [np.bincount(index, column) / count for column in x.T]
    return x - np.stack(centre, axis=-1)[index], y - (np.bincount(index, y) / count)[index]


def _least_squares(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0])


def _bootstrapped(values: Floats) -> Estimate:
    drawn = _drawn_means(values, np.random.default_rng(0))
    return drawn_estimate(values.mean(), drawn, len(values) > 1)


def _drawn_means(values: Sequence[float] | Floats, generator: np.random.Generator) -> Floats:
    means: Floats = generator.choice(values, size=(SAMPLES, len(values))).mean(axis=1)
    return means
