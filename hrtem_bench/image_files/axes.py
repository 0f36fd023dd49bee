"""The axes of an image file: the size of a pixel along each, and units of length as files spell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

LENGTHS: Mapping[str, float] = MappingProxyType({
    "pm": 0.01, "Å": 1.0, "A": 1.0, "ang": 1.0, "nm": 10.0, "µm": 1e4, "um": 1e4, "mm": 1e7, "cm": 1e8, "m": 1e10,
    "picometer": 0.01, "angstrom": 1.0, "ångström": 1.0, "nanometer": 10.0, "micrometer": 1e4, "micron": 1e4,
    "millimeter": 1e7, "centimeter": 1e8, "meter": 1e10,
})  # fmt: skip
"""Units of length in Å; `unit_name` turns what files hold into these names."""
NO_UNITS = ("", "<undefined>", "None", "none", "inch", "pixel", "px", "uncalibrated")
"""What files hold in place of a unit where nobody calibrated them."""


@dataclass(frozen=True)
class Axis:
    """A side of the images: the size of a pixel along it, in a unit as `unit_name` gives it."""

    scale: float
    unit: str


class ImageAxes(NamedTuple):
    """The two sides of the images."""

    y: Axis
    x: Axis


class StoredImages(NamedTuple):
    """What a file holds. frames: (ny, nx), or (n, ny, nx) for a stack, read when they are asked for where that can be.

    axes: None where the file does not tell the size of its pixels.
    """

    frames: Any
    axes: ImageAxes | None


def unit_name(text: object) -> str:
    """A unit as LENGTHS and NO_UNITS spell it, where they know it; else as it is, without blanks around it.

    Brackets and underscores of Berkeley's EMD ("[n_m]"), the Greek letter μ and the Å sign of old encodings, capitals
    and plurals of words ("Nanometers", "microns") and British spelling ("metre") are other ways to write the same.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    unit = str("" if text is None else text).replace("\\u00B5", "µ").replace("μ", "µ").replace("\u212b", "Å")
    unit = unit.strip().strip("[]").replace("_", "").strip()
    if unit in LENGTHS or unit in NO_UNITS:
        return unit
    word = unit.lower().replace("metre", "meter")
    word = word if word in LENGTHS or word in NO_UNITS else word.removesuffix("s")
    known = len(word) > 2 and (word in LENGTHS or word in NO_UNITS)  # "MM" and "PM" could be anything
    return word if known else unit


def length(axis: Axis) -> float:
    """The size of a pixel along an axis whose unit is in LENGTHS, Å."""
    return axis.scale * LENGTHS[axis.unit]
