"""`hrtem-bench predict`: the particles in a user's own micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import print_expectation, print_warnings, wrote


@options.with_option_groups
def predict(
    given: options.ChosenModel,
    images: Annotated[list[Path], typer.Argument(help="Micrographs, or folders of them: tif, png, npy, dm3, dm4, …")],
    out: Annotated[Path, typer.Option(help="Folder for a mask (TIFF) and an overlay (PNG) of each.")],
    known: options.OwnImageOptions,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write the probabilities, as TIFF.")
    ] = False,
    edge_offset: Annotated[
        float, typer.Option(help="Grow the masks by so many Å everywhere; below 0, shrink them.")
    ] = 0.0,
) -> None:
    """Find particles in your own micrographs, single images or stacks: tif, png, npy, dm3, dm4, mrc, emd, ser.

    Masks are 8-bit TIFF, 255 on particles, with a page for each frame. With --condition and --results, it also says
    what Dice to expect.
    """
    from hrtem_bench.interactive.segmented import SegmentationJob, segment_files

    submission = given.submission()
    expected = known.expectation(submission)
    job = SegmentationJob(submission, out, known.pixel_size, probabilities=probabilities, edge_offset=edge_offset)
    done = segment_files(job, images)
    files = f", files: {done.files}" if done.frames > done.files else ""
    print(f"masks and overlays of {done.frames} micrographs{files}")
    print_warnings(done.warnings)
    print_expectation(expected)
    wrote(out)
