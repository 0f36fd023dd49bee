"""Makes the specimens that `expected_loss` means where none are given: the literature's protocol at 0.2 Å pixels.

    python benchmarks/ship_literature.py

The recipe `published` with the literature's pixels, field (128 Å) and eight frozen-phonon configurations. Simulated at
0.125 Å, since 1.25 1/Å are kept. Three specimens keep hrtem_bench/observer/waves/literature.npz below 1 MB.
"""

from __future__ import annotations

import time
from pathlib import Path

from hrtem_bench.dataset import load_recipe
from hrtem_bench.observer import ship, simulated_specimens
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import recipe_to_dict

OUT = Path(__file__).parents[1] / "hrtem_bench" / "observer" / "waves" / "literature.npz"
SPECIMENS = 3


def literature() -> dict:
    """The recipe as the file keeps it, without tracks that other specimens would be for."""
    raw = recipe_to_dict(load_recipe("published"))
    raw["name"] = "literature"
    raw["description"] = "The literature's protocol with its pixels and field: what expected_loss means by default."
    raw["sampling"] |= {"pixels": 640, "pixel_size": 0.2, "simulation_pixel_size": 0.125}
    raw["multislice"] |= {"phonons": 8}
    raw["tracks"] = {"defocus": raw["tracks"]["defocus"]}
    return raw


def main() -> None:
    start = time.process_time()
    recipe = recipe_from_dict(literature())
    ship(simulated_specimens(recipe, structures=SPECIMENS), recipe, OUT)
    print(f"{OUT.name}: {OUT.stat().st_size / 1e6:.2f} MB, {time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
