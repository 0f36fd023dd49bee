"""`hrtem-bench generate`, `verify` and `publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hrtem_bench.cli.printing import counted, duration, print_table, size, timed, wrote

if TYPE_CHECKING:
    from hrtem_bench.dataset import Recipe


def generate(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe (mini, small, full), or a TOML file of your own.")],
    out: Annotated[Path, typer.Option(help="Folder of the dataset: new, or one to go on with.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; if not given, one for each CPU core, 4 for a GPU.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler whose workers simulate instead.")
    ] = None,
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where multislice runs.")] = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would make and take; make nothing.")] = False,
) -> None:
    """Make a dataset: simulate its structures, render its images, write a folder that `load_dataset` reads.

    The same recipe gives the same bytes, whatever the number of workers. Interrupted, it goes on where it was
    when the same command is given again.
    """
    from hrtem_bench.dataset import generate as make
    from hrtem_bench.dataset import load_recipe

    what = load_recipe(recipe)
    if dry_run:
        _announce(what, workers)
        return
    with timed("generated"), counted("structures") as moved:
        make(what, out, workers=workers, scheduler=scheduler, device=device, progress=moved)
    wrote(out)


def _announce(recipe: Recipe, workers: int | None) -> None:
    from hrtem_bench.dataset import estimate
    from hrtem_bench.dataset.generation import default_workers

    found = estimate(recipe, workers or default_workers("cpu"))
    waves = f" with {size(found.wave_bytes)} of exit waves for each of {found.wave_structures} structures"
    total = size(found.bytes) + (waves if found.wave_structures else "")
    print(
        f"{recipe.name} {recipe.version}: {found.structures} structures, {found.simulations} simulations, "
        f"{found.images} images, {found.shards} files, {total}; about {duration(found.seconds)} on "
        f"{found.workers} of this machine's cores, without a GPU; {size(found.memory)} of memory for each"
    )


def verify(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")],
    against: Annotated[
        Path | None, typer.Option(help="Another making of the same recipe: say how far the two differ.")
    ] = None,
) -> None:
    """Check a dataset: manifest, checksums, schema, every row, and that the splits share nothing.

    Exit status 0 if it is sound, 1 if not; each problem is a line. Other code than this one's is a note.
    """
    from hrtem_bench.dataset import differences
    from hrtem_bench.dataset import verify as check

    with counted("files") as moved:
        found = check(data, progress=moved)
    for problem in found.problems:
        print(problem)
    for note in found.notes:
        print(f"note: {note}")
    print(
        f"{data}: {found.images} images of {found.structures} structures in {found.shards} files, "
        + ("sound" if found.ok else f"{len(found.problems)} problems")
    )
    if against is not None:
        print_table(
            f"{data} against {against}",
            ("track", "images", "pixels that differ", "largest, electrons", "mask pixels that differ"),
            [
                (d.track, str(d.images), f"{d.pixels:.3g}", str(d.largest), f"{d.mask_pixels:.3g}")
                for d in differences(data, against)
            ],
        )
    if not found.ok:
        raise typer.Exit(1)


def publish(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")],
    repo: Annotated[str, typer.Option(help="Repository on the Hugging Face Hub, as organisation/name.")],
    tag: Annotated[str, typer.Option(help="Tag of this version: v and the dataset's version.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository a private one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
) -> None:
    """Upload a dataset to the Hugging Face Hub, as one commit and a tag. Log in with `hf auth login` first.

    Interrupted, the same command sends only what is not there yet.
    """
    from hrtem_bench.dataset import publish as upload

    sent = upload(data, repo, tag, dry_run=dry_run, private=private)
    print_table(f"{sent.repo} {sent.tag}", ("file", "size"), [(name, size(n)) for name, n in sent.files.items()])
    print(f"{'would send' if dry_run else 'sent'} {size(sent.bytes)} to {sent.url}")
