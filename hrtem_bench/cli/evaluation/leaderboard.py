"""`hrtem-bench leaderboard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli.output_files import check_ending, write_text
from hrtem_bench.cli.printing import fixed, print_table

if TYPE_CHECKING:
    from hrtem_bench.comparison.leaderboard import Board

BOARDS = (".html", ".md", ".json")


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

    check_ending(out, BOARDS)
    here = None if out is None else out.parent
    boards = gather(results, unofficial=unofficial, baselines=baseline or (), here=here)
    for board in boards:
        _print_board(board)
    if out is not None:
        write_text(out, _boards(boards, out))


def _boards(boards: Sequence[Board], out: Path) -> str:
    """The boards in the form that the name of `out` asks for."""
    if out.suffix == ".json":
        from hrtem_bench.support.versioned_json import json_text

        return json_text(boards)
    if out.suffix == ".md":
        from hrtem_bench.report import board_markdown

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
