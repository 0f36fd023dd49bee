"""Datasets: read, verified, published, rendered anew.

The public names of `recipes` and `generation` are here too:

recipe = load_recipe("mini")
manifest = generate(recipe, "data/mini")
track = open_dataset("data/mini", "defocus")
"""

from hrtem_bench.dataset.from_waves import render_dataset
from hrtem_bench.dataset.publishing import Publication, publish
from hrtem_bench.dataset.reader import Sample, StoredWaves, StructureWaves, Track, open_dataset, open_exit_waves
from hrtem_bench.dataset.verification import TrackDifference, Verification, differences, verify
from hrtem_bench.generation.estimate import GenerationCost, generation_cost
from hrtem_bench.generation.generate import generate
from hrtem_bench.generation.manifest import Manifest, Shard, TrackEntry, read_manifest
from hrtem_bench.recipes.loading import load_recipe, parse_recipe, shipped_recipes
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.recipes.tracks import TrackCondition

__all__ = [
    "GenerationCost",
    "Manifest",
    "Publication",
    "Recipe",
    "Sample",
    "Shard",
    "StoredWaves",
    "StructureWaves",
    "Track",
    "TrackCondition",
    "TrackDifference",
    "TrackEntry",
    "Verification",
    "differences",
    "generate",
    "generation_cost",
    "load_recipe",
    "open_dataset",
    "open_exit_waves",
    "parse_recipe",
    "publish",
    "read_manifest",
    "render_dataset",
    "shipped_recipes",
    "verify",
]
