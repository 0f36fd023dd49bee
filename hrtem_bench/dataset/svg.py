"""Two plain figures as SVG text: curves and a histogram. The card's pictures; they look right on white and on black."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 16, 44
_GREY = "#808080"
# From blue to orange through grey, told apart by those who cannot tell red from green.
_ENDS = ((33, 102, 172), (140, 140, 140), (217, 95, 2))


@dataclass(frozen=True)
class Curve:
    """A line of a figure; a thin one is for what is not trained on."""

    label: str
    x: Any
    y: Any
    thin: bool = False


def curves(lines: Sequence[Curve], x_label: str, y_label: str, y_range: tuple[float, float]) -> str:
    """A figure of curves, coloured in their order, with a legend of at most sixteen of them."""
    top = max(float(np.max(line.x)) for line in lines)
    parts = [_frame(x_label, y_label, (0.0, top), y_range)]
    for k, line in enumerate(lines):
        points = " ".join(
            f"{_place(x, 0, top, _LEFT, WIDTH - _RIGHT):.1f},{_place(y, *y_range, HEIGHT - _BOTTOM, _TOP):.1f}"
            for x, y in zip(line.x, line.y, strict=True)
        )
        colour, width = _colour(k, len(lines)), 1 if line.thin else 2.2
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    step = math.ceil(len(lines) / 16)
    for row, k in enumerate(range(0, len(lines), step)):
        y = _TOP + 8 + row * 15
        width = 1 if lines[k].thin else 2.2
        parts.append(
            f'<line x1="{WIDTH - _RIGHT + 10}" x2="{WIDTH - _RIGHT + 30}" y1="{y}" y2="{y}" '
            f'stroke="{_colour(k, len(lines))}" stroke-width="{width}"/>'
        )
        parts.append(_text(lines[k].label, WIDTH - _RIGHT + 36, y + 4, "start"))
    return _document(parts)


def histogram(values: Any, x_label: str, y_label: str, bins: int = 16) -> str:
    """A histogram of numbers, in equal bins from the least to the greatest."""
    counts, edges = np.histogram(values, bins)
    x_range, y_range = (float(edges[0]), float(edges[-1])), (0.0, float(max(counts.max(), 1)))
    parts = [_frame(x_label, y_label, x_range, y_range)]
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        x0, x1 = (_place(x, *x_range, _LEFT, WIDTH - _RIGHT) for x in (low, high))
        y = _place(count, *y_range, HEIGHT - _BOTTOM, _TOP)
        parts.append(
            f'<rect x="{x0:.1f}" y="{y:.1f}" width="{x1 - x0 - 1:.1f}" height="{HEIGHT - _BOTTOM - y:.1f}" '
            f'fill="{_colour(0, 1)}"/>'
        )
    return _document(parts)


def _place(value: float, low: float, high: float, start: float, end: float) -> float:
    return start + (end - start) * (value - low) / (high - low or 1)


def _colour(k: int, count: int) -> str:
    part = 2 * k / max(count - 1, 1)
    start, end = _ENDS[int(part)] if part < 2 else _ENDS[2], _ENDS[min(int(part) + 1, 2)]
    mixed = [round(a + (b - a) * (part % 1)) for a, b in zip(start, end, strict=True)]
    return "#" + "".join(f"{c:02x}" for c in mixed)


def _frame(x_label: str, y_label: str, x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [f'<path d="M{_LEFT},{_TOP}V{bottom}H{right}" fill="none" stroke="{_GREY}"/>']
    for k in range(5):
        x, y = x_range[0] + (x_range[1] - x_range[0]) * k / 4, y_range[0] + (y_range[1] - y_range[0]) * k / 4
        parts.append(_text(f"{x:.3g}", _place(k, 0, 4, _LEFT, right), bottom + 16, "middle"))
        parts.append(_text(f"{y:.3g}", _LEFT - 6, _place(k, 0, 4, bottom, _TOP) + 4, "end"))
    parts.append(_text(x_label, (_LEFT + right) / 2, HEIGHT - 8, "middle"))
    middle = (_TOP + bottom) / 2
    parts.append(f'<g transform="rotate(-90 14 {middle:g})">{_text(y_label, 14, middle, "middle")}</g>')
    return "".join(parts)


def _text(words: str, x: float, y: float, anchor: str) -> str:
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{safe}</text>'


def _document(parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="{_GREY}">\n' + "\n".join(parts) + "\n</svg>\n"
    )
