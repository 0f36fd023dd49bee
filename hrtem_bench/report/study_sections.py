"""The parts of a study's page: what each block of networks shows, and what blocks or specimens say together."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import SERIES
from hrtem_bench.report.study_figures import (
    axes_known,
    cost_figure,
    dice_figure,
    effects_figure,
    kinds_figure,
    short_names,
    tests_figure,
)
from hrtem_bench.report.study_sentences import (
    axes_sentence,
    cost_sentence,
    kinds_sentence,
    mixtures_sentence,
    networks_sentence,
    seeds_sentence,
    sides_sentence,
    times,
)
from hrtem_bench.report.wording import counted, markdown_table
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.comparisons import axis_slopes, between_networks, mixture_gains, side_of_focus
from hrtem_bench.study.findings import Costs, Matrix, costs, matrix, seed_share

MOST_COLUMNS = 24
"""Test conditions that a matrix has room for. More of them are shown along their axes instead."""
FEWEST_SETS = 5
"""Training sets of a size, below which nothing is said of what mixtures of that size buy."""
WIDEST_TABLE = 8
"""Training sets of a table of costs; of more, the figure alone is shown."""
FEWEST_SEEDS = 4
"""Seeds, below which the intervals of curves would say little."""
UNITS = {
    "focal spread": "focal spread, e times as large",
    "dose, tested higher": "dose, e times higher where tested",
    "dose, tested lower": "dose, e times lower where tested",
    "another camera": "another camera",
}
"""Axis -> how far a shift along it is, where that is not the whole range of the test conditions."""
TIMES = "times the loss, with its 95 % interval"
Rows = list[dict[str, Any]]
Blocks = dict[str, Rows]
"""Name of a block -> its rows."""


@dataclass(frozen=True)
class Picture:
    """A figure, the file it is written to, and what stands below it."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    title, sentence
        What it is about, and what was found.
    pictures
        Of what was found.
    rest
        Markdown that follows them.
    whole
        Whether the first picture shows training × test whole, so that it may stand for the study.
    """

    title: str
    sentence: str
    pictures: Sequence[Picture]
    rest: str = ""
    whole: bool = False


def block_section(name: str, rows: Rows) -> Section:
    """What a block shows: Dice by training × test and the cost of a shift; Dice along axes for many conditions."""
    by_specimens = _kinds(rows)
    overlap = {kind: matrix(mine, "dice") for kind, mine in by_specimens.items()}
    losses = {kind: matrix(mine, "nll") for kind, mine in by_specimens.items()}
    size = _size_note(rows, losses)
    if max(len(one.test) for one in overlap.values()) > MOST_COLUMNS:
        return _drawn_section(name, rows, size)
    seeds = max(one.values.shape[-1] for one in overlap.values())
    pictures = [Picture(
        f"{name}-dice.png", dice_figure(overlap),
        f"Dice of networks trained at one condition (rows) and tested at others (columns), in percent, "
        f"mean over {counted(seeds, 'seed')}. "
        "Outlined: tested where trained.",
    )]  # fmt: skip
    found = {kind: costs(one) for kind, one in losses.items()}
    found = {kind: one for kind, one in found.items() if one}
    lines = {one.train for each in found.values() for one in each}
    if 0 < len(lines) <= len(SERIES) and seeds >= FEWEST_SEEDS:
        pictures.append(Picture(
            f"{name}-cost.png", cost_figure(found),
            "What testing elsewhere costs: the loss over the loss where the network was trained (geometric mean over "
            "seeds); bands are 95 % intervals of a bootstrap over seeds.",
        ))  # fmt: skip
    sentence = cost_sentence(found, overlap) if found else size
    return Section(name, sentence, pictures, "\n".join([*_cost_tables(found), size + "\n"]), whole=True)


def effect_sections(blocks: Blocks) -> list[Section]:
    """What blocks or specimens say together; what the rows say nothing of is left out."""
    makers = (_sides_section, _axes_section, _mixtures_section, _networks_section)
    return [section for make in makers if (section := make(blocks)) is not None]


def _groups(rows: Rows, key: str) -> Blocks:
    found: Blocks = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return {name: found[name] for name in sorted(found)}


def _kinds(rows: Rows) -> Blocks:
    """Rows by kind of specimens: by material and film, or by name where these do not tell them apart."""
    found = _groups(rows, "specimens")
    words = {name: f"{mine[0]['material']}, film {mine[0]['film']}" for name, mine in found.items()}
    return {words[name]: mine for name, mine in found.items()} if len(set(words.values())) == len(words) else found


def _size_note(rows: Rows, losses: Mapping[str, Matrix]) -> str:
    networks = len({row["name"] for row in rows})
    sets, tests = ({row[key] for row in rows} for key in ("train", "test"))
    kinds = f" on {counted(len(losses), 'kind')} of specimens" if len(losses) > 1 else ""
    of = f"{counted(len(sets), 'training set')}, {counted(len(tests), 'test condition')}"
    head = f"{counted(networks, 'network')}{kinds}: {of}."
    return head + (f" {seeds_sentence(seed_share(next(iter(losses.values()))))}" if len(losses) == 1 else "")


def _cost_tables(found: Mapping[str, Sequence[Costs]]) -> list[str]:
    """Folded tables of the costs, test conditions in rows."""
    lines = []
    for kind, several in found.items():
        if len(several) > WIDEST_TABLE:
            continue
        names, tests = short_names([one.train for one in several]), short_names(several[0].test)
        head = [f"tested at {tests.axis}", *(f"trained at {names.short[one.train]}" for one in several)]
        body = [[tests.short[t], *(times(one.cost[k]) for one in several)] for k, t in enumerate(several[0].test)]
        title = "Times the loss where trained, with 95 % intervals" + (f": {kind}" if len(found) > 1 else "")
        lines.append(_folded(title, head, body))
    return lines


def _folded(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table that a page shows when its title is clicked."""
    return f"<details><summary>{title}</summary>\n\n{markdown_table(head, body)}\n</details>\n"


def _drawn_section(name: str, rows: Rows, size: str) -> Section:
    """A block of many drawn conditions: mean Dice by kinds of specimens, and along each axis of the test conditions."""
    pictures, sentence = [], size
    kinds, shared = _shared(rows)
    if len(kinds) > 1 and shared:
        found = {kind: float(np.mean([row["dice"] for row in mine])) for kind, mine in kinds.items()}
        sentence = kinds_sentence(found, len(shared))
        pictures.append(Picture(
            f"{name}-kinds.png", kinds_figure(found),
            "Mean Dice by kind of specimens, each tested on its own kind: "
            f"{counted(len(shared), 'training set')} that all kinds have, all test conditions.",
        ))  # fmt: skip
    by_test = {test: float(np.mean([row["dice"] for row in mine])) for test, mine in _groups(rows, "test").items()}
    if axes_known(by_test):
        pictures.append(Picture(
            f"{name}-tests.png", tests_figure(by_test),
            f"What makes a condition hard: each of the {len(by_test)} test conditions along each axis, with its mean "
            "Dice over all networks.",
        ))  # fmt: skip
    return Section(name, sentence, pictures, "" if sentence == size else size + "\n")


def _shared(rows: Rows) -> tuple[Blocks, set[str]]:
    """Rows by kind of specimens, of the training sets that all kinds have; and these sets."""
    kinds = _kinds(rows)
    shared = set.intersection(*({row["train"] for row in mine} for mine in kinds.values()))
    return {kind: [row for row in mine if row["train"] in shared] for kind, mine in kinds.items()}, shared


def _effects(title: str, sentence: str, name: str, found: Mapping[str, Estimate], caption: str) -> Section:
    """A section of effects: their figure, and their numbers folded below it."""
    picture = Picture(f"{name}.png", effects_figure(found, "times the loss"), caption)
    table = _folded("The numbers", ["", TIMES], [[label, times(one)] for label, one in found.items()])
    return Section(title, sentence, [picture], table)


def _sides_section(blocks: Blocks) -> Section | None:
    main = _network(blocks)
    found: dict[str, Estimate] = {}
    films: dict[str, Estimate] = {}
    for block, rows in blocks.items():
        for kind, mine in _kinds(rows).items():
            one = side_of_focus(mine)
            if one is not None:
                found[f"{block}: {kind}"] = one
                if mine[0]["network"] == main:
                    films.setdefault(mine[0]["film"], one)
    if not films:
        return None
    return _effects(
        "Which side of focus is forgiving", sides_sentence(films), "sides", found,
        "Loss over all test conditions of networks trained at underfocus (+d) over that of networks trained as far at "
        "overfocus (−d): geometric mean over pairs of one d and one seed, 95 % interval of a bootstrap over pairs. "
        "Above 1, overfocus is the better place to train at.",
    )  # fmt: skip


def _axes_section(blocks: Blocks) -> Section | None:
    return _over_blocks(
        blocks, axis_slopes, axes_sentence, "What a shift costs along each axis", "axes",
        lambda axis: UNITS.get(axis, f"{axis}, across its whole range"),
        "Networks trained at one condition: by what factor a shift raises the loss. By a regression on the distances "
        "along all axes, after the mean of each test condition has been taken off; 95 % intervals of a bootstrap over "
        "training sets.",
    )  # fmt: skip


def _mixtures_section(blocks: Blocks) -> Section | None:
    def enough(rows: Rows) -> dict[int, Estimate]:
        sizes = [train.count(";") + 1 for train in {row["train"] for row in rows}]
        found = mixture_gains(rows) if sizes.count(1) >= FEWEST_SETS else {}
        return {size: one for size, one in found.items() if sizes.count(size) >= FEWEST_SETS}

    return _over_blocks(
        blocks, enough, mixtures_sentence, "What mixtures buy", "mixtures",
        lambda size: f"trained at {size} conditions",
        "Networks trained at several conditions, by the same schedule: their loss over all test conditions, over "
        "that of networks trained at one; 95 % intervals of a bootstrap over training sets.",
    )  # fmt: skip


def _over_blocks(
    blocks: Blocks, find: Callable[[Rows], Mapping[Any, Estimate]], sentence: Callable[[Any], str], title: str,
    name: str, label: Callable[[Any], str], caption: str,
) -> Section | None:  # fmt: skip
    """The effects of the first block that has any."""
    for rows in blocks.values():
        found = find(rows)
        if found:
            return _effects(title, sentence(found), name, {label(key): one for key, one in found.items()}, caption)
    return None


def _network(blocks: Blocks) -> str:
    """The network of the first block, beside which others stand."""
    return str(next(iter(blocks.values()))[0]["network"])


def _networks_section(blocks: Blocks) -> Section | None:
    """Blocks of other networks beside the blocks that have more training sets, the same among them."""
    found, main = {}, _network(blocks)
    for (name, rows), (other, theirs) in itertools.combinations(blocks.items(), 2):
        sets = [{row["train"] for row in one} for one in (rows, theirs)]
        if rows[0]["network"] == main != theirs[0]["network"] and sets[1] < sets[0]:
            between = between_networks(rows, theirs)
            if between is not None:
                found[f"{other} beside {name}"] = between
    if not found:
        return None
    effects = {
        f"{pair}, {where}": one
        for pair, both in found.items()
        for where, one in zip(("where trained", "elsewhere"), both, strict=True)
    }
    names = "; ".join(f"{block} is {rows[0]['network']}" for block, rows in blocks.items())
    return _effects(
        "Other networks", networks_sentence(found), "networks", effects,
        "Loss of the first network over that of the second: geometric mean over the training sets and test conditions "
        f"that both have, 95 % interval of a bootstrap over seeds. By block: {names}.",
    )  # fmt: skip
