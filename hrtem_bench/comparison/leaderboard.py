"""Many results in one table: validated, separated by dataset and track, ranked, with the uncertainty of the ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from hrtem_bench.comparison.report_pages import report_link, safe_url
from hrtem_bench.comparison.robustness import Standing, standing
from hrtem_bench.errors import InputError
from hrtem_bench.models.card import CARD, Card, read_card
from hrtem_bench.scoring.estimate import Estimate, estimate_of
from hrtem_bench.scoring.results import RESULTS, CurvePoint, DatasetInfo, Summary
from hrtem_bench.scoring.run import Run, read_run
from hrtem_bench.scoring.statistics import Resampling, bootstrap

CONFIDENCE = 0.95
"""Of the intervals of a board."""
NAMED = 12
"""Folders of results that an error names."""


class BoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a board.

    Parameters
    ----------
    rank
        By the mean Dice over the conditions.
    rank_low, rank_high
        Interval of the rank over the bootstrap of structures.
    model, kind, parameters
        See `ModelInfo`.
    path
        Folder of the results, relative to that of the board.
    report
        Address of the report relative to where the board will lie; "" if there is none.
    url, training_track
        The model's web address, and the track it was trained on, from a card beside the results; "" if it does not say.
    mean_dice, summary, curve
        See `Results`.
    trained
        Conditions of the board's track that it was trained at.
    standing
        Against the board's baselines; None if there are none.
    """

    rank: int
    rank_low: int
    rank_high: int
    model: str
    kind: str
    parameters: int | None
    path: str
    report: str
    url: str
    mean_dice: Estimate
    summary: Summary
    trained: list[str]
    training_track: str
    curve: list[CurvePoint]
    standing: Standing | None = None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The models scored on one track of one version of a dataset, best first."""

    dataset: DatasetInfo
    rows: list[BoardRow]


def leaderboard(
    folder: Path,
    *,
    unofficial: bool = False,
    baselines: Sequence[str] = (),
    here: Path | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> list[Board]:
    """A board for each track and split of each version of a dataset among the results below a folder.

    Parameters
    ----------
    folder
        Searched, with all folders in it, for results.json.
    unofficial
        Whether to include results that do not score the whole test set.
    baselines
        Folders of results, relative to `folder`, that every model of their board is compared with, see `standing`.
    here
        Folder in which the board will lie, for its links to reports; `folder` if not given.
    samples, seed
        Of the bootstrap over structures.

    Returns
    -------
    list of Board
        Sorted by name.

    Raises
    ------
    InputError
        For a folder without results, a baseline that is not there, and a results file that is not valid.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    paths = sorted(path.parent for path in folder.rglob(RESULTS) if not _hidden(path.relative_to(folder)))
    if not paths:
        raise InputError(f"{folder} holds no {RESULTS}: `hrtem-bench evaluate MODEL --out {folder}/NAME` makes one")
    runs = [(path, read_run(path)) for path in paths]
    kept = [(path, run) for path, run in runs if unofficial or run.results.settings.official]
    if not kept:
        raise InputError(f"all {len(runs)} results below {folder} are unofficial (limited or partial runs)")
    groups: dict[tuple[str, ...], list[tuple[Path, Run]]] = {}
    for path, run in kept:
        data = run.results.dataset
        key = (data.name, data.track, data.version, data.split, data.checksum, *run.conditions, _size(run))
        groups.setdefault(key, []).append((path, run))
    names = [_name(folder, path) for path, _ in kept]
    missing = next((name for name in baselines if name not in names), None)
    if missing is not None:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        raise InputError(f"no baseline {missing!r} in {folder}: its results are {', '.join(names[:NAMED])}{more}")
    links = {path: report_link(path, here or folder) for path, _ in kept}
    how = Resampling(samples, seed, CONFIDENCE)
    return [_board(folder, groups[key], links, baselines, how) for key in sorted(groups)]


def _name(folder: Path, path: Path) -> str:
    """Of a folder of results, for a person: its path below `folder`, or, of `folder` itself, its own name."""
    return path.relative_to(folder).as_posix() if path != folder else folder.resolve().name


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _size(run: Run) -> str:
    return str(len(run.per_image["dice"]))


def _board(
    folder: Path,
    runs: Sequence[tuple[Path, Run]],
    links: Mapping[Path, str],
    baselines: Sequence[str],
    how: Resampling,
) -> Board:
    named = {_name(folder, path): run for path, run in runs}
    family = [named[name] for name in baselines if name in named]
    tables = [bootstrap(run.clusters(), how) for _, run in runs]
    means = [one.map(lambda m: m.mean(axis=-1)) for one in tables]
    estimates = np.array([float(one.estimate) for one in means])
    ranks = 1 + (estimates[None] > estimates[:, None]).sum(axis=1)
    drawn = np.stack([one.samples for one in means])
    each = 1 + (drawn[None] > drawn[:, None]).sum(axis=1)
    low, high = np.quantile(each, [0.025, 0.975], axis=1, method="inverted_cdf")
    cards = [_card(path) for path, _ in runs]
    rows = [
        BoardRow(
            rank=int(ranks[i]),
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            model=run.results.model.name,
            kind=run.results.model.kind,
            parameters=run.results.model.parameters,
            path=path.relative_to(folder).as_posix(),
            report=links[path],
            url="" if card is None else safe_url(card.url),
            mean_dice=estimate_of(means[i], how.confidence),
            summary=run.results.summary,
            trained=run.results.train.conditions,
            training_track="" if card is None or card.trained_on is None else card.trained_on.track,
            curve=run.results.curve,
            standing=standing(run, family, how) if family else None,
        )
        for i, ((path, run), card) in enumerate(zip(runs, cards, strict=True))
    ]
    return Board(dataset=runs[0][1].results.dataset, rows=sorted(rows, key=lambda row: (row.rank, row.model)))


def _card(path: Path) -> Card | None:
    """The card beside the results, if there is one."""
    return read_card(path) if (path / CARD).is_file() else None


def scores_of(row: BoardRow) -> dict[str, Estimate]:
    """Every score of a row, by the names of `CURVE_SCORES` and of the fields of `Standing`, and "mean_dice"."""
    beside = {} if row.standing is None else msgspec.structs.asdict(row.standing)
    return {
        "mean_dice": row.mean_dice,
        **row.summary.scores,
        **{name: one for name, one in beside.items() if one is not None},
    }
