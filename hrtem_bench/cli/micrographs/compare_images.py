"""`hrtem-bench compare-images`: a user's own micrographs beside the images of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure, write_text
from hrtem_bench.cli.printing import print_table

if TYPE_CHECKING:
    from hrtem_bench.micrographs.likeness import Likeness


@dataclass(frozen=True)
class ParticlesFrom:
    """What says where the particles of the micrographs are."""

    model: Annotated[
        str | None, typer.Option(help="A model that finds the micrographs' particles, so that edges are compared.")
    ] = None
    labels: Annotated[Path | None, typer.Option(help="Or the folder of their labels, by the same names.")] = None
    label_name: Annotated[
        str | None, typer.Option(help='How names of labels differ from those of images: "image_*=label_*".')
    ] = None


@options.with_option_groups
def compare_images(
    images: options.Micrographs,
    data: Annotated[str, typer.Argument(metavar="DATASET", help="Folder of a dataset, or its id on the Hub.")],
    particles: ParticlesFrom,
    track: Annotated[str | None, typer.Option(help="Of the dataset; its default track if not given.")] = None,
    pixel_size: options.PixelSize = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write a page with pictures, .html, or the figure alone, .svg or .png.")
    ] = None,
) -> None:
    """How your own micrographs and the images of a dataset differ: spectra, grey levels, contrast, edges.

    Both are compared as a network is given them: at the dataset's pixel size, each with mean 0 and variance 1.
    """
    from hrtem_bench.micrographs.likeness import compare_images as compare

    check_ending(out, [".html", *FIGURES])
    found = compare(images, data, track, pixel_size=pixel_size, **vars(particles))
    print_likeness(found)
    if out is not None:
        from hrtem_bench.report import likeness_figure, likeness_page

        if out.suffix == ".html":
            write_text(out, likeness_page(found))
        else:
            write_figure(out, likeness_figure(found))


def print_likeness(found: Likeness) -> None:
    """A table of what was compared, and the verdict."""
    print_table(
        f"{len(found.images)} micrographs beside {len(found.dataset)} training images of {found.dataset.name}",
        ("median (nine tenths)", "micrographs", "dataset", ""),
        [
            (
                one.words,
                *(f"{middle:.3g} ({low:.3g} to {high:.3g})" for low, middle, high in (one.images, one.dataset)),
                "" if one.alike else "unlike",
            )
            for one in found.properties
        ],
    )
    for sentence in found.verdict:
        print(sentence)
    for note in found.notes:
        print(f"note: {note}")
