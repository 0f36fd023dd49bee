"""`hrtem-bench imitate`: a recipe for images like a user's own micrographs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.dataset.generate import announce
from hrtem_bench.cli.output_files import check_ending, write_text
from hrtem_bench.cli.printing import counting, print_warnings
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.dataset import Recipe
    from hrtem_bench.micrographs import Description, Wishes


@dataclass(frozen=True)
class Known:
    """What a microscopist knows of the images, and wishes of the data to be made like them."""

    crystal: Annotated[str, typer.Option(help="The particles' crystal: Au, CdSe, … or a CIF file.")]
    energy: options.Energy = None
    cs: options.Cs = None
    pixel_size: options.PixelSize = None
    diameter: Annotated[
        str | None, typer.Option(help="Smallest and largest particle, as in 2-6nm; 2 to 6 nm if not given.")
    ] = None
    film: Annotated[str, typer.Option(help="What the particles lie on: a-C, a-Si3N4, a-SiO2, graphite, …")] = "a-C"
    film_thickness: Annotated[str, typer.Option(help="Thinnest and thickest film, as in 2-8nm.")] = "2-8nm"
    structures: Annotated[int, typer.Option(min=8, help="Specimens to train on; an eighth as many for other ends.")] = (
        48
    )
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 1

    def wishes(self, name: str) -> Wishes:
        """As `micrographs.imitate` takes them; name: of the dataset."""
        from hrtem_bench.micrographs import Wishes

        few = max(2, self.structures // 8)
        return Wishes(
            crystal=self.crystal,
            name=name,
            diameter=None if self.diameter is None else lengths("--diameter", self.diameter),
            film=self.film,
            film_thickness=lengths("--film-thickness", self.film_thickness),
            structures=(self.structures, few, few),
            seed=self.seed,
        )

    def description(self, images: list[Path], model: str | None = None) -> Description:
        """Of the images, measured, behind a progress bar; or read, where they are a description that is there."""
        from hrtem_bench.micrographs import describe, read_description

        if len(images) == 1 and images[0].suffix == ".json":
            return read_description(images[0])
        with counting("micrographs") as moved:
            return describe(
                images,
                pixel_size=self.pixel_size,
                energy=options.energy(self.energy),
                spherical_aberration=options.cs(self.cs),
                crystal=self.crystal,
                model=model,
                each=moved,
            )


@options.with_option_groups
def imitate(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGES", help="Micrographs, or folders of them; or the JSON file of a description."),
    ],
    known: Known,
    out: Annotated[Path, typer.Option(help="The recipe: a new file ending in .toml.")],
    model: Annotated[str | None, typer.Option(help="A model that finds the particles, for their sizes.")] = None,
) -> None:
    """A commented recipe for images like your own micrographs: what was measured in it, and what was assumed.

    `generate` makes a dataset of it. Look at what is assumed first; the film's thickness, for one, no image tells.
    """
    check_ending(out, [".toml"])
    if out.exists():
        raise InputError(f"{out} is there already: choose another --out")
    text, recipe = recipe_like(known.description(images, model), known, out.stem)
    write_text(out, text)
    announce(recipe, 1)


def recipe_like(description: Description, known: Known, name: str) -> tuple[str, Recipe]:
    """The recipe as TOML and as it is read; says what is odd about the images. name: of the dataset, made fit."""
    from hrtem_bench.micrographs import imitate as like

    fit = "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower()).strip("-") or "imitation"
    found = like(description, known.wishes(fit))
    print_warnings(description.warnings)
    return found


def lengths(option: str, text: str) -> tuple[float, float]:
    """(low, high), Å, from "2-6nm" or "20-60"."""
    from hrtem_bench.conditions.units import LENGTHS, quantity

    low, _, high = text.partition("-")
    unit = high.lstrip("0123456789. ")
    if not low or not high or (unit and unit not in LENGTHS):
        raise InputError(f"{option} {text}: give two lengths, as in 2-6nm")
    first, second = (quantity(option, part if part.endswith(unit) else f"{part}{unit}", "Å") for part in (low, high))
    if not 0 <= first <= second:
        raise InputError(f"{option} {text}: must run from low to high, none below 0")
    return first, second
