"""Datasets: recipes, generation, reading, verification.

recipe = load_recipe("mini")
manifest = generate(recipe, "data/mini")
track = open_dataset("data/mini", "defocus")
"""

from hrtem_bench.dataset.estimate import Estimate, estimate
from hrtem_bench.dataset.from_waves import render_dataset
from hrtem_bench.dataset.generation import generate
from hrtem_bench.dataset.manifest import Manifest, Shard, TrackEntry, read_manifest
from hrtem_bench.dataset.publishing import Publication, publish
from hrtem_bench.dataset.reader import Sample, StoredWaves, StructureWaves, Track, open_dataset, open_exit_waves
from hrtem_bench.dataset.recipe_tables import Recipe
from hrtem_bench.dataset.recipes import load_recipe, parse_recipe, shipped_recipes
from hrtem_bench.dataset.tracks import TrackCondition
from hrtem_bench.dataset.verification import Difference, Verification, differences, verify

__all__ = [
    "Difference",
    "Estimate",
    "Manifest",
    "Publication",
    "Recipe",
    "Sample",
    "Shard",
    "StoredWaves",
    "StructureWaves",
    "Track",
    "TrackCondition",
    "TrackEntry",
    "Verification",
    "differences",
    "estimate",
    "generate",
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
