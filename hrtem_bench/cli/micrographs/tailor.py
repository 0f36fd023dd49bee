"""`hrtem-bench tailor`: from a user's own micrographs to a network for them, and its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.micrographs.compare_images import print_likeness
from hrtem_bench.cli.micrographs.imitate import Known, recipe_like
from hrtem_bench.cli.output_files import write_json, write_text
from hrtem_bench.cli.printing import counting, duration, print_warnings, timed, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.dataset import Recipe
    from hrtem_bench.micrographs.origin import Origin

TRACK = "defocus"


@options.with_option_groups
def tailor(
    context: typer.Context,
    images: options.Micrographs,
    known: Known,
    out: Annotated[Path, typer.Option(help="Folder for all that is made: new, or one to go on with.")],
    network: Annotated[
        str, typer.Option(help="What is trained: a shipped baseline, or a folder whose card names a network.")
    ] = "unet_small",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that simulate; if not given, one for each CPU core.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Stop after the recipe and the time that the rest will take.")
    ] = False,
) -> None:
    """A network for your own micrographs, without labels: describe, imitate, generate, train, predict.

    It says beforehand how long it will take. Interrupted, it goes on where it was when the same command is given again.
    The recipe in the folder may be changed before that, as long as there are no data yet.
    """
    from hrtem_bench.evaluation.resume import check_writable
    from hrtem_bench.image_files import find_micrographs

    paths = find_micrographs(images)
    check_writable(out)
    origin = _origin(out, paths, known, network)
    recipe = _recipe(out, paths, known, origin)
    _announce(recipe, workers, network, out)
    if dry_run:
        return
    _data(recipe, out / "data", workers)
    _model(network, out, context.obj)
    _answers(paths, known, out)


def _origin(out: Path, paths: list[Path], known: Known, network: str) -> Origin:
    """What the folder's content is made from; InputError where something else is in it."""
    import msgspec

    from hrtem_bench.micrographs.origin import ORIGIN, Origin, origin_of
    from hrtem_bench.support.reading import MIB, read_json

    settings = {key: value for key, value in vars(known).items() if value is not None}
    asked = origin_of(network, msgspec.json.encode(settings, order="sorted").decode(), paths)
    advice = "choose another --out, or empty that folder"
    if (out / ORIGIN).exists():
        held = read_json(out / ORIGIN, Origin, "record of what was made from which images", MIB)
        _check(out, asked, held, advice)
    elif out.exists() and any(out.iterdir()):
        raise InputError(f"{out} holds other things, and does not say what they were made from: {advice}")
    return asked


def _check(out: Path, asked: Origin, held: Origin, advice: str) -> None:
    if held.images != asked.images:
        names = [name for name in {**held.images, **asked.images} if held.images.get(name) != asked.images.get(name)]
        raise InputError(f"{out} belongs to other images, {names[0]} for one: {advice}")
    if held.settings != asked.settings:
        raise InputError(f"{out} was begun with other settings, {held.settings}: {advice}")
    if held.model != asked.model:
        raise InputError(f"{out} was begun with the network {held.model}: {advice}")


def _recipe(out: Path, paths: list[Path], known: Known, origin: Origin) -> Recipe:
    """The recipe in the folder; made first, from a description of the images, where it is not there.

    Nothing is written before both are there, so that what was mistyped can be mended by the same command.
    """
    from hrtem_bench.dataset import load_recipe
    from hrtem_bench.micrographs.description import DESCRIPTION
    from hrtem_bench.micrographs.origin import ORIGIN

    path = out / "recipe.toml"
    if path.exists():
        return load_recipe(path)
    with timed("described"):
        description = known.description(paths)
        text, recipe = recipe_like(description, known, out.resolve().name)
    write_json(out / ORIGIN, origin)
    write_json(out / DESCRIPTION, description)
    write_text(path, text)
    return recipe


def _announce(recipe: Recipe, workers: int | None, network: str, out: Path) -> None:
    """Say how long what is not yet there will take."""
    from hrtem_bench.dataset import generation_cost
    from hrtem_bench.generation.generate import default_workers

    parts, low, high = [], 0.0, 0.0
    if not (out / "data" / "manifest.json").exists():
        seconds = generation_cost(recipe, workers or default_workers("cpu")).seconds
        parts.append(f"about {duration(seconds)} to simulate")
        low, high = low + seconds, high + seconds
    if not (out / "model").exists():
        least, most = _seconds_of_training(network, recipe)
        parts.append(f"{duration(least)} to {duration(most)} to train")
        low, high = low + least, high + most
    if parts:
        print(f"this will take {duration(low)} to {duration(high)} on this machine: {', '.join(parts)}")


def _seconds_of_training(network: str, recipe: Recipe) -> tuple[float, float]:
    """Of the fewest and of the most cycles, each with its validation, on all cores."""
    from hrtem_bench.errors import require
    from hrtem_bench.models.shipped_baselines import baseline_at
    from hrtem_bench.models.submission import untrained_network
    from hrtem_bench.recipes.tracks import track_conditions
    from hrtem_bench.training import TrainingSettings
    from hrtem_bench.training.duration import seconds_of_step

    threads = require("torch", "torch").get_num_threads()
    settings = TrainingSettings()
    step, answer = seconds_of_step(untrained_network(baseline_at(network)), settings, recipe.sampling.pixels)
    validated = recipe.structures.validation * sum(one.train for one in track_conditions(recipe, TRACK))
    cycle = (settings.steps * step + validated * answer) / threads
    return settings.cycles * cycle, settings.most_cycles * cycle


def _data(recipe: Recipe, data: Path, workers: int | None) -> None:
    from hrtem_bench.dataset import generate

    with timed(f"simulated, {data}"), counting("structures") as moved:
        generate(recipe, data, workers=workers, progress=moved)


def _model(network: str, out: Path, command: str) -> None:
    from hrtem_bench.support.progress import progress_bar
    from hrtem_bench.training import train
    from hrtem_bench.training.loop import best_row

    if (out / "model").exists():
        return
    with timed(f"trained, {out / 'model'}"), progress_bar() as progress:
        done = train(
            network, out / "data", out / "model", track=TRACK, name="tailored", command=command, progress=progress
        )
    best = best_row(done.log)
    print(f"Dice {best['validation_dice']:.3f} on simulated images that it was not trained on")


def _answers(paths: list[Path], known: Known, out: Path) -> None:
    """Masks of the micrographs, and how these and the simulated images differ."""
    from hrtem_bench.interactive.segmented import SegmentationJob, segment_files
    from hrtem_bench.micrographs import compare_images
    from hrtem_bench.models.submission import load_submission
    from hrtem_bench.report import likeness_page

    model = str(out / "model")
    done = segment_files(SegmentationJob(load_submission(model), out / "found", known.pixel_size), paths)
    print_warnings(done.warnings)
    likeness = compare_images(paths, out / "data", TRACK, pixel_size=known.pixel_size, model=model)
    print_likeness(likeness)
    print(f"masks and overlays of {done.frames} micrographs")
    wrote(out / "found")
    write_text(out / "likeness.html", likeness_page(likeness))
