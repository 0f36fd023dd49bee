"""A model's curve as arrays, and the name of its axis: the input of figures and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.comparison.robustness import expected_with_offset
from hrtem_bench.report.wording import plain, with_unit
from hrtem_bench.scoring.statistics import spearman

if TYPE_CHECKING:
    from hrtem_bench.scoring.results import CurvePoint, Results

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrackAxis:
    """The axis a curve runs along: its title, its unit ("" for named conditions), and how it is drawn."""

    title: str
    unit: str = ""
    signed: bool = False
    log: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """The axis label: title, unit and, where signs need it, what positive means."""
        return (f"{self.title} ({self.unit})" if self.unit else self.title) + self.note


@dataclass(frozen=True)
class Curve:
    """One model's scores at n conditions of one track, in the order of the axis.

    Parameters
    ----------
    name
        The model.
    labels
        n short names of the conditions.
    value
        (n,) places on the axis.
    trained
        (n,) bool, True where the model was trained.
    scores
        "dice" or "nll" (the mean negative log-likelihood per pixel, in nats) -> (3, n): mean, lower and upper
        limit of the interval, NaN where unknown.
    sigma, epsilon
        (n,), see `hrtem_bench.sigma` and `hrtem_bench.epsilon`.
    band
        (2, n), lower and upper limit of a simultaneous band of Dice; NaN or an empty array where it is not known.
    expected
        (3, n), the loss that the model observer expects and its limits, with the model's own offset, see
        `comparison.expected_with_offset`; NaN or an empty array where it is not known.
    """

    name: str
    labels: tuple[str, ...]
    value: Floats
    trained: NDArray[np.bool_]
    scores: dict[str, Floats] = field(default_factory=dict)
    sigma: Floats = field(default_factory=lambda: np.empty(0))
    epsilon: Floats = field(default_factory=lambda: np.empty(0))
    band: Floats = field(default_factory=lambda: np.empty((2, 0)))
    expected: Floats = field(default_factory=lambda: np.empty((3, 0)))


PerImage = Mapping[str, NDArray[Any]]
"""Columns of equal length, one entry per image: structure_id, condition_id, dice, …"""

TRACKS: Mapping[str, TrackAxis] = MappingProxyType({
    "defocus": TrackAxis("Defocus", "nm", signed=True, note=", underfocus > 0"),
    "dose": TrackAxis("Dose", "e/Å²", log=True),
    "spherical_aberration": TrackAxis("Spherical aberration C30", "µm", signed=True),
    "focal_spread": TrackAxis("Focal spread, standard deviation", "Å"),
    "astigmatism": TrackAxis("Two-fold astigmatism C12", "nm"),
    "structure": TrackAxis("Structure"),
    "joint": TrackAxis("Joint condition"),
})  # fmt: skip
SCORES = ("dice", "nll")


def track_of(results: Results) -> TrackAxis:
    """How the axis of results is titled and drawn; an unknown axis keeps its own name."""
    return axis_named(results.dataset.axis, results.dataset.unit)


def axis_named(name: str, unit: str) -> TrackAxis:
    """An axis by the name and the unit that results give it."""
    title = plain(name.replace("_", " "), 40).capitalize() or "Condition"
    return replace(TRACKS.get(name, TrackAxis(title)), unit=plain(unit, 12))


def in_order(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Points of a curve in the order of the axis."""
    return sorted(points, key=lambda point: point.value)


def curve_of(results: Results) -> Curve:
    """The curve in results as arrays in the order of the axis, for figures."""
    return curve_through(results.model.name, results.curve, track_of(results))


def curve_through(name: str, points: Sequence[CurvePoint], track: TrackAxis) -> Curve:
    """The points of a model's curve as arrays, in the order of the axis."""
    points = in_order(points)
    values = np.array([point.value for point in points], dtype=float)
    if not stand_at(values, track):
        values = np.arange(len(points), dtype=float)
    scores = {key: np.array([_interval(point, key) for point in points], dtype=float).T for key in SCORES}
    return Curve(
        name=name,
        labels=tuple(plain(condition_name(point, track), 24) for point in points),
        value=values,
        trained=np.array([point.in_distribution for point in points], dtype=bool),
        scores=scores,
        band=np.array([[point.dice_band.low, point.dice_band.high] for point in points], dtype=float).T,
        sigma=np.array([point.sigma for point in points], dtype=float),
        epsilon=np.array([point.epsilon for point in points], dtype=float),
        expected=expected_with_offset(points),
    )


def stand_at(values: Floats, track: TrackAxis) -> bool:
    """Whether conditions are drawn at their values: these have a unit, are known and differ. Else in their order."""
    return bool(track.unit) and bool(np.isfinite(values).all()) and len(set(values)) == len(values)


def correlations(results: Results, against: str) -> dict[str, float | None]:
    """Spearman's ρ of each score with "sigma" or "epsilon"; those that the results state are taken from them."""
    curve = curve_of(results)
    values = curve.sigma if against == "sigma" else curve.epsilon
    found: dict[str, float | None] = {}
    for name in SCORES:
        stated = results.summary.value(f"spearman_{against}_{name}")
        found[name] = spearman(values, curve.scores[name][0]) if stated is None else stated
    return found


def reliability_of(results: Results) -> dict[str, ReliabilityCurve]:
    """Reliability over all pixels of the conditions trained at, and over those of the others, if known."""
    trained = [point for point in results.curve if point.in_distribution]
    others = [point for point in results.curve if not point.in_distribution]
    groups = {WHERE_TRAINED: trained, "elsewhere" if trained else "all conditions": others}
    return {name: pooled for name, points in groups.items() if (pooled := _pooled(points)) is not None}


def _pooled(points: list[CurvePoint]) -> ReliabilityCurve | None:
    known = [point.reliability for point in points if point.reliability is not None]
    if not known:
        return None
    counts = np.array([one.count for one in known], dtype=float)
    total = counts.sum(axis=0)
    confidence, accuracy = (
        np.nansum(np.array(values, dtype=float) * counts, axis=0) / np.maximum(total, 1)
        for values in ([one.confidence for one in known], [one.accuracy for one in known])
    )
    return ReliabilityCurve(confidence, accuracy, total)


def condition_name(point: CurvePoint, track: TrackAxis) -> str:
    """A condition for readers: ``−10 nm`` if the axis has a unit, else its id."""
    return with_unit(point.value, track.unit, signed=track.signed) if track.unit else point.condition


def place(value: float, track: TrackAxis, *, signed: bool = True) -> str:
    """A place or length on the axis, to three digits."""
    return with_unit(float(f"{value:.3g}"), track.unit, signed=signed and track.signed)


def _interval(point: CurvePoint, name: str) -> tuple[float, float, float]:
    one = point.scores.get(name)
    if one is None:
        return np.nan, np.nan, np.nan
    return one.value, one.value if one.low is None else one.low, one.value if one.high is None else one.high


WHERE_TRAINED = "where trained"


@dataclass(frozen=True)
class ReliabilityCurve:
    """Pixels in equal bins of predicted probability, (bins,) each.

    Parameters
    ----------
    confidence
        Mean probability.
    accuracy
        Share that is particle. In an empty bin both may have any value.
    count
        Number of pixels.
    """

    confidence: Floats
    accuracy: Floats
    count: Floats
