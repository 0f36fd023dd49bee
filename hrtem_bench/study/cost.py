"""What the networks of a study will take, from a few steps and images timed on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import read_manifest
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.plan import dataset_plan
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.study.images import Source, samples_of
from hrtem_bench.study.networks import Network
from hrtem_bench.study.run import folder_of, new_network, recipe_of
from hrtem_bench.study.settings import Block, Specimens, Study
from hrtem_bench.training.duration import processor_seconds, seconds_of_step

CYCLES = 3.4
"""Mean of the cycles that a network took in docs/studies/published/networks.parquet."""
TIMED_IMAGES = 4


def seconds_of(study: Study, left: Sequence[Network], out: Path) -> float:
    """Processor seconds of training and testing these networks, each on one thread, once their specimens are made.

    The images of a block without a track are counted only where exit waves are there to time them with.
    """
    total = 0.0
    for block in study.blocks:
        mine = [one for one in left if one.block == block.name]
        for specimens in study.specimens:
            these = [one for one in mine if one.specimens == specimens.name]
            total += _seconds_of_block(study, block, specimens, these, out) if these else 0.0
    return total


def _seconds_of_block(study: Study, block: Block, specimens: Specimens, left: list[Network], out: Path) -> float:
    recipe = _recipe_used(specimens, out)
    structures = {split: _structures(recipe, block, split) for split in ("train", "validation", "test")}
    step, answer = seconds_of_step(new_network(study, block), study.training, recipe.sampling.pixels)
    image = _seconds_of_image(Source(folder_of(specimens, out), block.track, block.spread), left[0])
    total, rendered = 0.0, set(left[0].test or ())
    total += image * structures["test"] * len(rendered)
    for one in left:
        tests = one.test or dataset_plan(recipe).conditions[str(block.track)]
        total += CYCLES * (study.training.steps * step + structures["validation"] * len(one.train) * answer)
        total += len(tests) * structures["test"] * answer
        total += image * (structures["train"] + structures["validation"]) * len(set(one.train))
    return total


def _recipe_used(specimens: Specimens, out: Path) -> Recipe:
    try:
        return recipe_from_dict(read_manifest(folder_of(specimens, out)).recipe)
    except InputError:
        return recipe_of(specimens)


def _structures(recipe: Recipe, block: Block, split: str) -> int:
    """Structures of a split whose images a network of the block sees."""
    if block.track is None:
        there = recipe.exit_waves.count(split) if recipe.exit_waves else 0
    else:
        there = getattr(recipe.tracks[block.track].structures or recipe.structures, split)
    limit = block.test_structures if split == "test" else block.train_structures
    return min(there, limit or there)


def _seconds_of_image(source: Source, one: Network) -> float:
    """Of rendering an image, the mean over some settings; 0 for a track's, or where no waves are there yet."""
    asked = [*(one.test or ()), *one.train]
    if source.track is not None:
        return 0.0
    try:
        settings = asked[:: -(-len(asked) // TIMED_IMAGES)]
        return processor_seconds(lambda: [list(samples_of(source, text, "test", 1)) for text in settings]) / len(
            settings
        )
    except InputError:
        return 0.0
