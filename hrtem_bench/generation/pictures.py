"""The pictures of a dataset's card: examples across each track, T(q) of its conditions, histograms."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.errors import require
from hrtem_bench.generation.manifest import Manifest, shards_of
from hrtem_bench.generation.png import decode_png, encode_png
from hrtem_bench.physics import ctf
from hrtem_bench.support.files import write_aside_bytes
from hrtem_bench.support.parquet import open_parquet

PICTURES = "pictures"
STRUCTURES, CONDITIONS = 2, 8
"""At most so many structures by so many conditions in a picture of examples."""
SIZE = (6.4, 3.0)
"""Inches."""
MOST_NAMED = 16
"""Curves that a legend names; of more, evenly chosen ones."""
STYLE = MappingProxyType({
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # names come from recipes: a dollar sign starts no formula
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "hrtem-bench",  # the same names inside the file every time
})  # fmt: skip


def write_pictures(folder: Path, manifest: Manifest) -> None:
    """Write the card's pictures beside the dataset."""
    (folder / PICTURES).mkdir(exist_ok=True)
    for name, data in render_pictures(folder, manifest).items():
        write_aside_bytes(folder / name, data)


def render_pictures(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Path in the dataset -> bytes of a picture: a pure function of the dataset's files and matplotlib's version."""
    made = {f"{PICTURES}/{track}.png": _examples(folder, manifest, track) for track in manifest.tracks}
    made |= {f"{PICTURES}/{track}.svg": _transfer(manifest, track).encode() for track in manifest.tracks}
    thickness, diameters = _drawn(folder, manifest)
    made[f"{PICTURES}/thickness.svg"] = histogram_svg(thickness, "thickness, Å", "structures").encode()
    made[f"{PICTURES}/size.svg"] = histogram_svg(
        diameters, "diameter of the circle of a particle's area, Å", "particles"
    ).encode()
    return made


def examples_shown(manifest: Manifest, track: str) -> list[str]:
    """The conditions in a track's picture of examples: evenly chosen along its axis, with the first and the last."""
    ids = [c.condition_id for c in manifest.tracks[track].conditions]
    chosen = np.linspace(0, len(ids) - 1, min(len(ids), CONDITIONS)).round().astype(int)
    return [ids[k] for k in chosen]


def _examples(folder: Path, manifest: Manifest, track: str) -> bytes:
    """Previews of the first test structures, one to a row, over the conditions."""
    columns = examples_shown(manifest, track)
    rows: dict[str, dict[str, Any]] = {}
    paths = [folder / shard.path for shard in shards_of(manifest, track, "test")]
    for row in _rows(paths, ["structure_id", "condition_id", "preview.bytes"]):
        if row["structure_id"] in rows or len(rows) < STRUCTURES:
            rows.setdefault(row["structure_id"], {})[row["condition_id"]] = decode_png(row["preview"]["bytes"])
    size = next((len(p) for pictures in rows.values() for p in pictures.values()), 1)
    blank = np.zeros((size, size), np.uint8)
    strips = [np.hstack([pictures.get(c, blank) for c in columns]) for pictures in rows.values()]
    return encode_png(np.vstack(strips) if strips else blank)


def _transfer(manifest: Manifest, track: str) -> str:
    q = np.linspace(0, 0.5 / manifest.pixel_size, 480)
    lines = [
        Line(c.condition_id.partition("=")[2], q, np.asarray(ctf(q, np.zeros_like(q), c.condition)), not c.train)
        for c in manifest.tracks[track].conditions
    ]
    return curves_svg(lines, "spatial frequency, 1/Å", "T(q), along x", (-1.0, 1.0))


def _drawn(folder: Path, manifest: Manifest) -> tuple[list[float], list[float]]:
    """Thickness of each structure of the default track, and diameter of each of its particles, Å."""
    seen: dict[str, float] = {}
    diameters: list[float] = []
    paths = [folder / shard.path for shard in shards_of(manifest, manifest.default_track)]
    for row in _rows(paths, ["structure_id", "thickness", "instances.bytes"]):
        if row["structure_id"] not in seen:
            seen[row["structure_id"]] = row["thickness"]
            pixels = np.bincount(decode_png(row["instances"]["bytes"]).ravel())[1:]
            area = pixels[pixels > 0] * manifest.pixel_size**2
            diameters += (2 * np.sqrt(area / np.pi)).tolist()
    return list(seen.values()) or [0.0], diameters or [0.0]


def _rows(paths: Sequence[Path], columns: list[str]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for batch in open_parquet(path).iter_batches(8, columns=columns):
            yield from batch.to_pylist()


class Line(NamedTuple):
    """A curve of a figure: its name, arrays x and y of one length; thin for conditions that are not trained on."""

    label: str
    x: Any
    y: Any
    thin: bool = False


def curves_svg(lines: Sequence[Line], x_label: str, y_label: str, y_range: tuple[float, float]) -> str:
    """A figure of curves, coloured from first to last, as SVG text; the same lines give the same text."""

    def draw(axes: Any) -> None:
        import matplotlib

        colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(lines)))
        drawn = [
            axes.plot(line.x, line.y, color=colour, linewidth=0.8 if line.thin else 1.8, label=line.label)[0]
            for line, colour in zip(lines, colours, strict=True)
        ]
        axes.set(xlabel=x_label, ylabel=y_label, ylim=y_range, xlim=(0, max(float(np.max(line.x)) for line in lines)))
        axes.legend(
            handles=drawn[:: -(-len(lines) // MOST_NAMED)], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False
        )

    return _svg(draw)


def histogram_svg(values: Any, x_label: str, y_label: str, bins: int = 16) -> str:
    """A histogram of numbers in equal bins from the least to the greatest, as SVG text."""

    def draw(axes: Any) -> None:
        axes.hist(values, bins)
        axes.set(xlabel=x_label, ylabel=y_label)

    return _svg(draw)


def drawn_by(svg: str) -> str:
    """The name and version of the library that drew a figure, as the file says; "" if it does not say."""
    found = re.search(r"<dc:title>([^<]+)</dc:title>", svg)
    return found[1] if found else ""


def _svg(draw: Callable[[Any], None]) -> str:
    """One pair of axes, drawn by `draw`, as SVG text in this module's style, whatever the user's settings."""
    require("matplotlib", "data")
    import matplotlib.style
    from matplotlib.figure import Figure

    written = io.StringIO()
    with matplotlib.style.context(["default", dict(STYLE)]):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure.subplots())
        figure.savefig(written, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"
