"""`hrtem-bench compare` and `leaderboard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli.printing import fixed, limits, print_table, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.comparison.compare import Comparison
    from hrtem_bench.comparison.leaderboard import Board

BOARDS = (".html", ".md", ".json")


def compare(
    results: Annotated[list[Path], typer.Argument(help="Two or more folders that `evaluate` wrote.")],
    metric: Annotated[str, typer.Option(help="Score of an image: dice, iou, nll, …")] = "dice",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap and of the sign-flip test.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Also write it: a .json file, with its figure beside it as .svg and .png.")
    ] = None,
) -> None:
    """Models on the same test images: paired differences with intervals, and what they allow to be said."""
    from hrtem_bench.comparison.compare import compare as pair_up
    from hrtem_bench.scoring.run import read_run

    if out is not None and out.suffix != ".json":
        raise InputError(f"--out {out}: the name must end in .json")
    comparison = pair_up([read_run(path) for path in results], metric, seed=seed)
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
        print(pair.conclusion)
    if out is not None:
        _write(out, _json(comparison))
        _draw(out, comparison)


def leaderboard(
    results: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with results in folders below it.")],
    unofficial: Annotated[bool, typer.Option("--unofficial", help="Take results of part of the test set too.")] = False,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Folder in DIR of a baseline's results, to hold the others against; repeat it for a family."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write it: a page (.html), Markdown (.md) or .json.")] = None,
) -> None:
    """One table of many results, for each dataset version and track, ranked with the uncertainty of the ranks."""
    from hrtem_bench.comparison.leaderboard import leaderboard as gather

    if out is not None and out.suffix not in BOARDS:
        raise InputError(f"--out {out}: the name must end in {', '.join(BOARDS)}")
    here = None if out is None else out.parent
    boards = gather(results, unofficial=unofficial, baselines=baseline or (), here=here)
    for board in boards:
        _print_board(board)
    if out is not None:
        _write(out, _boards(boards, out))


def _boards(boards: Sequence[Board], out: Path) -> str:
    """The boards in the form that the name of `out` asks for."""
    if out.suffix == ".json":
        return _json(boards)
    if out.suffix == ".md":
        from hrtem_bench.comparison.leaderboard import board_markdown

        return "\n".join(board_markdown(board) for board in boards)
    from hrtem_bench.report import board_page

    return board_page(boards)


def _print_board(board: Board) -> None:
    data = board.dataset
    print_table(
        f"{data.track} track of {data.name} {data.version}, {data.checksum[:12]}",
        ("model", "rank", "mean Dice", "trained", "elsewhere", "worst", "parameters"),
        [
            (
                row.model,
                f"{row.rank} ({row.rank_low}–{row.rank_high})",
                fixed(row.mean_dice),
                fixed(row.summary.value("id_dice")),
                fixed(row.summary.value("ood_dice")),
                fixed(row.summary.value("worst_dice")),
                "–" if row.parameters is None else str(row.parameters),
            )
            for row in board.rows
        ],
    )


def _json(value: Comparison | Sequence[Board]) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


def _draw(out: Path, comparison: Comparison) -> None:
    from hrtem_bench.report import comparison_figure, save_figure

    for path in save_figure(comparison_figure(comparison), out.with_suffix("")):
        wrote(path)


def _write(out: Path, text: str) -> None:
    from hrtem_bench.support.files import write_aside

    write_aside(out, text)
    wrote(out)
