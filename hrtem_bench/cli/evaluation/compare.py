"""`hrtem-bench compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.output_files import check_ending, write_json, write_text
from hrtem_bench.cli.printing import limits, print_table, wrote


def compare(
    results: Annotated[list[Path], typer.Argument(help="Two or more folders that `evaluate` wrote.")],
    metric: Annotated[str, typer.Option(help="Score of an image: dice, iou, nll, …")] = "dice",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap and of the sign-flip test.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write it: an .html page, or a .json file with its figure beside it as .svg and .png."),
    ] = None,
) -> None:
    """Models on the same test images: paired differences with intervals, and what they allow to be said."""
    from hrtem_bench.comparison.compare import compare as pair_up
    from hrtem_bench.report import comparison_sentences
    from hrtem_bench.scoring.run import read_run

    check_ending(out, (".html", ".json"))
    runs = [read_run(path) for path in results]
    comparison = pair_up(runs, metric, seed=seed)
    percent = f"{100 * comparison.confidence:g} %"
    for pair in comparison.pairs:
        print_table(
            f"{metric} of {pair.first} less that of {pair.second}, {comparison.track} track",
            ("condition", "difference", percent, "p, Holm"),
            [
                (
                    one.condition or "mean of all",
                    f"{one.difference.value:+.4f}",
                    limits(one.difference, sign="+"),
                    f"{one.p_holm:.3g}",
                )
                for one in (*pair.conditions, pair.mean)
            ],
        )
        print(" ".join(comparison_sentences(comparison, pair)))
    if out is not None and out.suffix == ".html":
        from hrtem_bench.report import comparison_page

        write_text(out, comparison_page(comparison, [run.results for run in runs]))
    elif out is not None:
        from hrtem_bench.report import comparison_figure, save_figure

        write_json(out, comparison)
        for path in save_figure(comparison_figure(comparison), out.with_suffix("")):
            wrote(path)
