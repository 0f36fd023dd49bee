"""A description of micrographs in rows for readers: what, how much, and how it was found."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hrtem_bench.measurement import Reading
from hrtem_bench.micrographs.description import Description
from hrtem_bench.report.wording import estimated, number

_ROWS: tuple[tuple[str, str, float, str], ...] = (
    ("pixel size", "pixel_size", 1, "Å"),
    ("pixel size by the lattice", "pixel_size_of_crystal", 1, "Å"),
    ("defocus (underfocus > 0)", "defocus", 0.1, "nm"),
    ("its spread over images", "defocus_spread", 0.1, "nm"),
    ("twofold astigmatism", "astigmatism", 0.1, "nm"),
    ("its angle", "astigmatism_angle", 180 / math.pi, "°"),
    ("amplitude phase", "amplitude_phase", 1, "rad"),
    ("rings fit to", "rings_resolution", 1, "Å"),
    ("information reaches", "information_limit", 1, "Å"),
    ("dose counted", "dose", 1, "e/Å²"),
    ("greys per electron", "gain", 1, ""),
    ("NTF ½ at, of Nyquist", "ntf_half", 1, ""),
    ("MTF ½ at, of Nyquist", "mtf_half", 1, ""),
    ("width of that camera", "camera_width", 1, ""),
    ("DQE at ½ Nyquist / DQE(0)", "dqe_fall", 1, ""),
    ("contrast of all but noise", "film_contrast", 1, ""),
    ("its correlation length", "film_correlation", 1, "Å"),
    ("drift", "drift", 1, "Å"),
    ("its direction", "drift_angle", 180 / math.pi, "°"),
    ("contrast of particles", "contrast", 1, ""),
    ("diameter of particles", "particle_diameter", 0.1, "nm"),
    ("its spread", "particle_diameter_spread", 0.1, "nm"),
    ("area of particles", "particle_area", 0.01, "nm²"),
    ("particles in an image", "particle_count", 1, ""),
    ("share of the area", "particle_cover", 1, ""),
)
"""What, the field of `Description`, the factor on its value, and the unit that gives."""


def description_rows(told: Description) -> Iterator[tuple[str, str, str]]:
    """(what, value with its interval, how it was found) of every number that there is."""
    for what, name, factor, unit in _ROWS:
        one: Reading = getattr(told, name)
        if one.value is not None:
            yield what, reading_text(one, factor, unit), one.how
        if name == "dose":
            yield "greys", told.greys, "" if told.greys != "unknown" else "see dose"
            if told.noise_white is not None:
                camera = f"as of the camera {told.camera}" if told.camera else "not white, and of no known camera"
                yield "noise", "white" if told.noise_white else camera, ""
    if told.expected is not None:
        yield f"Dice expected of {told.model}", estimated(told.expected.dice), told.expected.how


def missing_rows(told: Description) -> Iterator[tuple[str, str]]:
    """(what, why it cannot be had), those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for what, name, _, _ in _ROWS:
        one: Reading = getattr(told, name)
        if one.value is None:
            reasons.setdefault(one.how, []).append(what)
    if told.expected is None:
        reasons.setdefault(told.expected_how, []).append("Dice to expect")
    for how, names in reasons.items():
        yield ", ".join(names), how


def reading_text(one: Reading, factor: float = 1.0, unit: str = "") -> str:
    """A reading with its interval: "58.2 ± 0.2 nm", "0.30 (0.28 to 0.33)", or "0 (up to 0.4) Å"; "–" for none."""
    if one.value is None:
        return "–"
    value = factor * one.value
    low, high = (None if end is None else factor * end for end in (one.low, one.high))
    if low is None and high is None:
        digits = 0 if abs(value) >= 1000 else max(0, 2 - _magnitude(value))
        shown = number(value, min(digits, 4))
    elif low is None or high is None:
        shown = f"{number(value, 2)} or more"
    else:
        half = max((high - low) / 2, 1e-12)
        digits = min(max(0, -_magnitude(half) + (1 if half < 10 ** (_magnitude(half)) * 3 else 0)), 4)
        if value == low == 0:
            shown = f"none seen, up to {number(high, digits)}"
        elif abs(high + low - 2 * value) < 0.1 * (high - low):
            shown = f"{number(value, digits)} ± {number(half, digits)}"
        else:
            shown = f"{number(value, digits)} ({number(low, digits)} to {number(high, digits)})"
    return f"{shown} {unit}".strip().replace(" °", "°")


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
