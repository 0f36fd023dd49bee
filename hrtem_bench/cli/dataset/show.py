"""`hrtem-bench show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure

DPI = 220.0


def show(
    data: options.DataFolder,
    track: Annotated[str | None, typer.Option(help="Its default track if not given.")] = None,
    structures: Annotated[int, typer.Option(min=1, max=64, help="Test structures, one to a row.")] = 4,
    out: Annotated[
        Path | None, typer.Option(help="A file ending in .svg or .png; DIR_TRACK.png here if not given.")
    ] = None,
) -> None:
    """Draw a contact sheet of a dataset's track: structures by conditions, masks outlined, with a scale bar."""
    from hrtem_bench.dataset import open_dataset, read_manifest

    check_ending(out, FIGURES)
    default = read_manifest(data).default_track
    opened = open_dataset(data, track or default)
    from hrtem_bench.report import track_sheet

    write_figure(out or Path(f"{data.resolve().name}_{opened.name}.png"), track_sheet(opened, structures), DPI)
