"""`hrtem-bench quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.printing import counting, timed
from hrtem_bench.cli.running import evaluated, print_curve, reported, slug

RECIPE = "mini"
MODELS = ("unet_small", "unet_small_under", "otsu")
TRACK = "defocus"


def quickstart(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the data, the results and the page.")] = Path("quickstart"),
) -> None:
    """The whole chain on small data: simulate it, score the shipped baselines, draw their curves over defocus.

    What an earlier call finished is kept.
    """
    from hrtem_bench.dataset import generate, load_recipe
    from hrtem_bench.scoring.options import Options

    data = out / "data"
    with timed(f"data: the recipe {RECIPE} in {data}"), counting("structures") as moved:
        generate(load_recipe(RECIPE), data, progress=moved)
    evaluations = []
    for model in MODELS:
        with timed(f"scores of {model} in {out / slug(model)}"):
            evaluations.append(evaluated(model, data, TRACK, out / slug(model), Options(), context.obj))
    with timed("report"):
        page = reported(evaluations[0], out, [one.results for one in evaluations[1:]])
    print_curve(evaluations[0])
    print(f"Look at {page}")
