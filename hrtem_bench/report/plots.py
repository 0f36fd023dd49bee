"""Drawing into axes of one's own: T(q), an image with a scale bar, an image's ring spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hrtem_bench.conditions import UNITS, Condition, Conditions, ConditionSet, flat
from hrtem_bench.errors import InputError
from hrtem_bench.measurement import power_spectrum
from hrtem_bench.report.figure_style import GREY, SERIES, casing
from hrtem_bench.report.image_figures import draw_image
from hrtem_bench.report.transfer_figures import Q_LABEL, as_set, limit_in_band, transfer_line
from hrtem_bench.report.wording import with_unit

_SAMPLES = 1200


def plot_ctf(conditions: Conditions | Mapping[str, Conditions], ax: Axes | None = None, *, q_max: float = 2.5) -> Axes:
    """Draw T(q) along the x axis, a line for each condition.

    Parameters
    ----------
    conditions
        A Condition; a sequence of them, whose lines are named by the settings that differ; or a mapping from label to
        Condition or `ConditionSet`, of which the mean of T is drawn.
    ax
        Axes to draw in; by default those of a new pyplot figure.
    q_max
        Where the axis of q ends, 1/Å.

    Returns
    -------
    matplotlib.axes.Axes
        A short bar on the line T = 0 marks each information limit that lies within q_max.

    Raises
    ------
    InputError
        For no conditions.
    """
    lines = dict(conditions) if isinstance(conditions, Mapping) else _named(conditions)
    if not lines:
        raise InputError("no condition is given to draw T(q) of")
    ax = _axes() if ax is None else ax
    q = np.linspace(0, q_max, _SAMPLES)
    ax.axhline(0, color=GREY, linewidth=0.6)
    for index, (label, one) in enumerate(lines.items()):
        (line,) = ax.plot(q, transfer_line(one, q), color=SERIES[index % len(SERIES)], label=label, linewidth=1.3)
        limit = limit_in_band(one, q_max)
        if limit is not None:
            (mark,) = ax.plot([limit] * 2, [-0.08, 0.08], color=line.get_color(), linewidth=2.0, zorder=3)
            mark.set_path_effects(casing("white", 4.5))
    ax.set(xlim=(0, q_max), ylim=(-1.05, 1.05), xlabel=Q_LABEL, ylabel="T(q)")
    if any(lines):
        ax.legend(frameon=False)
    return ax


def plot_image(image: ArrayLike, pixel_size: float, ax: Axes | None = None) -> Axes:
    """Draw an image in grey, black and white at its 1st and 99th percentile, with a scale bar.

    Parameters
    ----------
    image
        (ny, nx).
    pixel_size
        Å.
    ax
        Axes to draw in; by default those of a new pyplot figure.

    Returns
    -------
    matplotlib.axes.Axes
        In pixels, without ticks.

    Raises
    ------
    InputError
        For an array that is no grey image, and a pixel size that is not positive.
    """
    pixels = np.asarray(image)
    if pixels.ndim != 2 or pixels.dtype.kind not in "buif" or not pixels.size:
        raise InputError(f"an array {pixels.shape} of {pixels.dtype} is no grey image (ny, nx)")
    if not 0 < pixel_size < np.inf:
        raise InputError(f"pixel_size is {pixel_size!r}: give a positive number of Å")
    ax = _axes() if ax is None else ax
    draw_image(ax, pixels, pixel_size)
    return ax


def plot_spectrum(image: ArrayLike, pixel_size: float, ax: Axes | None = None) -> Axes:
    """Draw the ring spectrum of an image: its power, averaged over rings of spatial frequency.

    Parameters
    ----------
    image
        (ny, nx), or (n, ny, nx), whose spectra are averaged; any grey unit.
    pixel_size
        Å.
    ax
        Axes to draw in; by default those of a new pyplot figure.

    Returns
    -------
    matplotlib.axes.Axes
        Power over frequency up to Nyquist's, 1/Å; logarithmic.

    Raises
    ------
    InputError
        As `hrtem_bench.power_spectrum`.
    """
    spectrum = power_spectrum(image, pixel_size)
    ring = np.round(spectrum.q / spectrum.step).astype(int)
    count = np.bincount(ring)
    place = np.flatnonzero((count > 0) & (np.arange(len(count)) * spectrum.step <= spectrum.nyquist))
    power = np.bincount(ring, spectrum.power)[place] / count[place]
    ax = _axes() if ax is None else ax
    ax.semilogy(place * spectrum.step, power, color=SERIES[0], linewidth=1.3)
    ax.set(xlim=(0, spectrum.nyquist), xlabel=Q_LABEL, ylabel="Power (image units squared)")
    return ax


def _axes() -> Axes:
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def _named(conditions: Conditions) -> dict[str, Conditions]:
    """Conditions by the settings in which they differ; one alone has no name."""
    if isinstance(conditions, Condition | ConditionSet):
        return {"": conditions}
    members = as_set(conditions)
    settings: list[dict[str, Any]] = [flat(one) for one in members]
    names = [name for name in UNITS if len({one.get(name) for one in settings}) > 1]
    labels = [", ".join(f"{name} = {_value(name, one.get(name, 0.0))}" for name in names) for one in settings]
    return dict(zip(labels, members, strict=True))


def _value(name: str, value: float | None) -> str:
    return "none" if value is None else with_unit(value, UNITS[name])
