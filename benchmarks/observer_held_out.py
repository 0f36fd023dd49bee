"""Holds the frozen law against rows that it was not fitted on, and writes the table of docs/explanation/observer.md.

    python benchmarks/observer_held_out.py --powers CACHE --published OUT --film OUT2 --wide OUT3 --plans OUT3

The folders are those of `hrtem-bench study published`, `film` and `wide`; a study that is left out keeps what the page
says of it. Of `wide`, training sets that the law was fitted on are left out. Rows of `published` in
docs/studies/published count besides those of the folder, and those of its networks trained longer,
benchmarks/longer_training_study. Plans are those of benchmarks/design_trial_study, whose specimens are those of `wide`.
Spectra are kept in CACHE. Nothing is refitted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from observer_law import fitted_texts, own_setups, rendered_setups, structure_setups
from page import OBSERVER, write_between

from hrtem_bench.dataset.rendered_samples import parse_setting
from hrtem_bench.observer import (
    Foreseen,
    Held,
    Predicted,
    foreseen,
    hold,
    loaded,
)
from hrtem_bench.observer.fitting import TrainTestPair
from hrtem_bench.observer.law import NORMAL_95
from hrtem_bench.report.figure_style import SERIES, new_figure, styled, write_figure
from hrtem_bench.study.table import TABLE, all_rows

ROOT = Path(__file__).parents[1]
STUDIES = ("published", "film", "wide", "plans")
MATERIALS = {"CdSe": "CdSe", "Au": "gold", "Ag": "silver", "Si": "silicon"}
FILMS = ("below", "above", "none")
CAMERAS = ("ideal", "k3-300kV", "scintillator-good", "scintillator-poor")
BLOCK_NAMES = {
    "defocus": "defocus",
    "dose": "dose",
    "structure": "nine lattices in two sizes",
    "batch-norm": "batch normalisation",
    "full-width": "full width",
    "longer-training": "trained four times as long",
    "resnet18": "ResNet-18 encoder",
}
OUTLIERS = "<!-- outliers: written by benchmarks/observer_held_out.py -->", "<!-- end of outliers -->"
MOST_OUTLYING = 40
PICTURE = ROOT / "docs" / "images" / "expected_measured.png"
PLANS = ROOT / "benchmarks" / "design_trial_study"
COMMITTED = (ROOT / "docs" / "studies" / "published", ROOT / "benchmarks" / "longer_training_study")
"""Folders whose rows count besides those of the study `published`: same images, same specimens."""
Family = Callable[[TrainTestPair], bool]


def _cameras(text: str) -> set[str]:
    return {one.partition("camera=")[2] for one in text.split(";")}


def _whole(_: TrainTestPair) -> bool:
    return True


def _of(material: str = "", film: str = "") -> Family:
    """Pairs of the specimens "MATERIAL-FILM", or of those named by the film alone."""
    return lambda one: f"{one.specimens}-".startswith(material) and f"-{one.specimens}".endswith(film)


def _trained_at(count: int) -> Family:
    return lambda one: one.train.count(";") + 1 == count


WHOLE: dict[str, Family] = {"whole": _whole}
BY_MATERIAL: dict[str, Family] = {name: _of(material=f"{key}-") for key, name in MATERIALS.items()}
BY_FILM: dict[str, Family] = {f"film {one}": _of(film=f"-{one}") for one in FILMS}
WIDE_FAMILIES: dict[str, Family] = {
    **WHOLE,
    **BY_MATERIAL,
    **BY_FILM,
    **{f"tested with {one}": lambda pair, one=one: _cameras(pair.test) == {one} for one in CAMERAS},
    "tested with a camera of the training set": lambda one: _cameras(one.test) <= _cameras(one.train),
    "tested with another camera": lambda one: not _cameras(one.test) <= _cameras(one.train),
    "trained at one condition": _trained_at(1),
    "trained at two": _trained_at(2),
    "trained at four": _trained_at(4),
}
FAMILIES = {"film": WHOLE | BY_FILM, "wide": WIDE_FAMILIES, "plans": WHOLE | BY_MATERIAL}


def published(out: Path, cache: Path) -> Iterator[tuple[str, Foreseen]]:
    """Each block of the study `published`; one at a time, since blocks have training sets and tests in common."""
    law = loaded()
    rows = all_rows(out, [one / TABLE for one in COMMITTED]).to_pylist()
    setups = own_setups(out, cache, law.settings) | structure_setups(out, cache, law.settings)
    there = {row["block"] for row in rows if row["converged"]}
    for block, name in BLOCK_NAMES.items():
        if block in there:
            yield name, foreseen([row for row in rows if row["block"] == block], law, setups)


def rendered(study: str, out: Path, cache: Path) -> Iterator[tuple[str, Foreseen]]:
    """Each family of a study whose images are rendered from the waves of its specimens."""
    law = loaded()
    folder = PLANS if study == "plans" else out
    rows = [row for row in all_rows(folder).to_pylist() if row["train"] not in fitted_texts()]
    found = foreseen(rows, law, rendered_setups(rows, study, out, cache, law.settings))
    for name, belongs in FAMILIES[study].items():
        chosen = np.array([belongs(one) for one in found.pairs])
        if chosen.any():
            yield name, found.family(chosen)


def cell(one: Predicted) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def deviates(one: Foreseen) -> np.ndarray:
    """By how much ln of the measured losses is above the law's, over half the interval that it gives for 95 %."""
    return (one.measured - one.expected) / (NORMAL_95 * loaded().coefficients.residual)


def share_inside(one: Foreseen) -> float:
    """Share of the pairs whose measured loss lies in the interval."""
    return float(np.mean(np.abs(deviates(one)) <= 1))


def table(found: Mapping[str, Held], inside: Mapping[str, float]) -> str:
    """Markdown: the law's numbers for each family, and below them the rivals' rank correlations."""
    lines = [
        "| family | pairs | training sets | rank correlation | within training sets | R² as it is | R² with its own α "
        "| oracle R² | in the interval of 95 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        numbers = map(cell, (one.rank, one.rank_in_rows, one.r2, one.r2_own_offset))
        cells = [name, one.pairs, one.training_sets, *numbers, f"{one.oracle_r2:.2f}", f"{100 * inside[name]:.0f} %"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "Rank correlations of the rivals, over all pairs and, after the stroke, within training sets:", ""]
    rivals = list(next(iter(found.values())).rivals)
    lines += [f"| family | observer | {' | '.join(rivals)} |", f"|---|{'---|' * (len(rivals) + 1)}"]
    for name, one in found.items():
        both = [(one.rank.value, one.rank_in_rows.value), *(one.rivals[rival] for rival in rivals)]
        lines.append(f"| {name} | {' | '.join('{:.2f} / {:.2f}'.format(*pair) for pair in both)} |")
    return "\n".join(lines).replace(" -", " −").replace("(-", "(−").replace("nan", "–")


def outliers(found: Foreseen) -> str:
    """Markdown: what is common to the pairs that lose more than the law's interval has."""
    above = deviates(found) > 1
    trains = [[parse_setting(text, {})[0] for text in one.train.split(";")] for one in found.pairs]
    tests = [parse_setting(one.test, {})[0] for one in found.pairs]
    lowest = np.array([min(one.dose or np.inf for one in several) for several in trains])
    half = np.array([one.dose or np.inf for one in tests]) < lowest / 2
    single = np.array([len(one) == 1 for one in trains])
    networks = np.unique([f"{one.specimens} {one.train}" for one in found.pairs], return_inverse=True)[1]
    most = np.sort(np.bincount(networks, above))[::-1][:MOST_OUTLYING].sum() / above.sum()
    lines = [
        "| | of those above the interval | of all pairs |",
        "|---|---|---|",
        f"| pairs | {above.sum()} | {len(above)} |",
    ]
    for name, where in (("trained at one condition", single), ("tested below half the lowest dose of training", half)):
        lines.append(f"| {name} | {100 * where[above].mean():.0f} % | {100 * where.mean():.0f} % |")
    every = networks.max() + 1
    share = MOST_OUTLYING / every
    lines.append(
        f"| of the {MOST_OUTLYING} networks of {every} with most of them | {100 * most:.0f} % | {100 * share:.0f} % |"
    )
    return "\n".join(lines)


@styled
def picture(unseen: Foreseen, others: Mapping[str, Foreseen]) -> Figure:
    """Measured over expected loss: of training sets of `wide` that were not fitted on, and of other studies."""
    drawn = new_figure(170, 82)
    left, right = drawn.subplots(1, 2, sharex=True, sharey=True)
    ends = np.log([0.02, 2.0])
    left.hexbin(
        unseen.expected, unseen.measured, gridsize=45, extent=(*ends, *ends), mincnt=1, bins="log", cmap="Blues",
        linewidths=0.1,
    )  # fmt: skip
    left.set_title(f"{len(set(one.train for one in unseen.pairs))} training sets that it had not seen")
    for (name, one), color in zip(others.items(), SERIES, strict=False):
        right.plot(one.expected, one.measured, "o", ms=2.2, color=color, alpha=0.75, label=name)
    right.set_title("Other studies")
    right.legend(loc="lower right", markerscale=2)
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
    for ax in (left, right):
        ax.plot(ends, ends, color="black", lw=0.8)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(np.log(ticks), [f"{one:g}" for one in ticks])
        ax.set_xlim(*ends)
        ax.set_ylim(*ends)
        ax.set_xlabel("expected loss, nats per pixel")
    left.set_ylabel("measured loss, nats per pixel")
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for study in STUDIES:
        parser.add_argument(f"--{study}", type=Path)
    parser.add_argument("--powers", type=Path, required=True)
    asked = parser.parse_args()
    asked.powers.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    every: dict[str, dict[str, Foreseen]] = {}
    for study in STUDIES:
        if getattr(asked, study) is None:
            continue
        out, cache = getattr(asked, study), asked.powers
        every[study] = dict(published(out, cache) if study == "published" else rendered(study, out, cache))
        found = {}
        for name, one in every[study].items():
            found[name] = hold(one)
            print(
                f"{study}, {name}: rank {cell(found[name].rank)}, {time.process_time() - start:.0f} s of CPU",
                flush=True,
            )
        marks = (
            f"<!-- held out, {study}: written by benchmarks/observer_held_out.py -->",
            f"<!-- end of {study}, held out -->",
        )
        write_between(OBSERVER, marks, table(found, {name: share_inside(one) for name, one in every[study].items()}))
    if "wide" in every:
        write_between(OBSERVER, OUTLIERS, outliers(every["wide"]["whole"]))
    if {"published", "film", "wide"} <= set(every):
        blocks = {name: every["published"][name] for name in list(BLOCK_NAMES.values())[:3]}
        others = blocks | {"film on either side, or none": every["film"]["whole"]}
        write_figure(PICTURE, picture(every["wide"]["whole"], others))


if __name__ == "__main__":
    main()
