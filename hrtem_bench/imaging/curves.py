"""Transfer curves of a detector, as functions of the spatial frequency, and the reader of measured ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import read_text

LARGEST_FILE = 1_000_000
"""Bytes of a file that a curve is read from."""
LEAST_END = 0.9
"""Share of Nyquist that a table of a curve must reach; some files end one step short of Nyquist."""

TransferCurve = Callable[[Any, Any], Any]
"""A transfer as a function of (ux, uy), shares of the Nyquist frequency along x and y; arrays that broadcast."""


@dataclass(frozen=True)
class PixelCurve:
    """Transfer of an ideal square pixel, sinc(ux/2) sinc(uy/2): 2/π at Nyquist. It integrates over its area."""

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.sinc(ux / 2) * np.sinc(uy / 2)


@dataclass(frozen=True)
class GaussianCurve:
    """Transfer exp(-½ (π w u)²): a point spreads as a normal distribution of standard deviation w = `width`, pixels."""

    width: float

    def __post_init__(self) -> None:
        check_positive("width of a Gaussian curve, in pixels,", self.width)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.exp(-0.5 * (np.pi * self.width) ** 2 * (ux**2 + uy**2))


@dataclass(frozen=True)
class LorentzianCurve:
    """Transfer 1 / (1 + (u/h)²), ½ at h = `half`, a share of Nyquist: a line spreads as exp(-π h |x|), x in pixels.

    The form that Grob et al., Ultramicroscopy 133 (2013) 1, fit to the amplitude spectrum of cameras' shot noise.
    """

    half: float

    def __post_init__(self) -> None:
        check_positive("half-width of a Lorentzian curve, as a share of Nyquist,", self.half)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return 1 / (1 + (ux**2 + uy**2) / self.half**2)


@dataclass(frozen=True)
class TableCurve:
    """A measured transfer, interpolated linearly in |u|; beyond its last frequency the last value holds.

    Parameters
    ----------
    frequency
        Shares of Nyquist, ascending, from 0 to at least 0.9.
    value
        As many numbers, not negative.
    """

    frequency: tuple[float, ...]
    value: tuple[float, ...]

    def __post_init__(self) -> None:
        frequency, value = np.asarray(self.frequency, float), np.asarray(self.value, float)
        if frequency.ndim != 1 or frequency.shape != value.shape or len(frequency) < 2:
            raise InputError("a transfer curve needs two or more frequencies and as many values")
        if not (np.isfinite(frequency).all() and np.isfinite(value).all() and value.min() >= 0):
            raise InputError("the frequencies and values of a transfer curve must be finite, and no value negative")
        if frequency[0] != 0 or (np.diff(frequency) <= 0).any():
            raise InputError(
                f"the frequencies of a transfer curve must rise from 0, not start at {frequency[0]:g} or fall"
            )
        if frequency[-1] < LEAST_END:
            raise InputError(
                f"the transfer curve ends at {frequency[-1]:g} of the Nyquist frequency and must reach {LEAST_END:g}: "
                "frequencies are shares of Nyquist, twice what they are in cycles per pixel"
            )

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.interp(np.hypot(ux, uy), self.frequency, self.value)


@dataclass(frozen=True)
class WidenedCurve:
    """A transfer with all its frequencies `factor` times as high: above 1 sharper, below 1 more blurred."""

    curve: TransferCurve
    factor: float

    def __post_init__(self) -> None:
        check_positive("factor on a curve's width", self.factor)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return self.curve(ux / self.factor, uy / self.factor)


@dataclass(frozen=True)
class ScaledCurve:
    """A curve times a factor: a DQE with another DQE(0)."""

    curve: TransferCurve
    factor: float

    def __post_init__(self) -> None:
        check_positive("factor on a curve", self.factor)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return self.factor * self.curve(ux, uy)


def read_curve(path: str | os.PathLike[str]) -> TableCurve:
    """A transfer curve from a text file of two columns: frequency as a share of Nyquist, and value.

    Columns are separated by blanks, commas, semicolons or tabs; empty lines and what follows a # are skipped, and so is
    one line of headings at the top. A STAR file, as camera makers give them for RELION, is known by its `loop_` and
    its frequencies are taken to be in cycles per pixel. Where a file ends just short of Nyquist, its last value holds.

    Raises
    ------
    InputError
        With the line's number, for anything else, and for what is no regular file of at most a megabyte.
    """
    lines = read_text(Path(path), LARGEST_FILE).removeprefix("\ufeff").splitlines()
    star = any(line.strip() == "loop_" for line in lines)
    rows: list[tuple[float, float]] = []
    heading = False
    for number, line in enumerate(lines, start=1):
        cells = line.partition("#")[0].replace(",", " ").replace(";", " ").split()
        if not cells or (star and cells[0].startswith(("data_", "loop_", "_rln"))):
            continue
        try:
            first, second = map(float, cells)
        except ValueError:
            if rows or heading:
                raise InputError(
                    f"{path}, line {number}: expected two numbers, frequency (share of Nyquist) and value, not "
                    f"{line.strip()[:60]!r}"
                ) from None
            heading = True
            continue
        rows.append((2 * first if star else first, second))
    if not rows:
        raise InputError(f"{path} holds no line of two numbers: frequency (share of Nyquist) and value")
    try:
        return TableCurve(*zip(*rows, strict=True))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def check_positive(name: str, value: float) -> None:
    """InputError unless a number is finite and above 0."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"the {name} must be above 0, not {value:g}")
