"""Entries of the public leaderboard: a model's results in a folder that can be checked without the model.

An entry holds card.toml, results.json, per_image.parquet, checksums.txt and, optionally, report.html and README.md, but
neither code nor weights. A check reads these files and runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hrtem_bench.comparison.report_pages import REPORT, check_report
from hrtem_bench.dataset.unaltered import published_defoci
from hrtem_bench.errors import InputError
from hrtem_bench.models.card import CARD, Card, read_card
from hrtem_bench.scoring.catalogue import image_metrics
from hrtem_bench.scoring.curve import Scored
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.objects import MATCH, MIN_AREA
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.outlines import TOLERANCE
from hrtem_bench.scoring.per_image import MASK_SHA256, MOST_ROWS, PER_IMAGE
from hrtem_bench.scoring.reading import read_results
from hrtem_bench.scoring.results import RESULTS, Summary
from hrtem_bench.scoring.run import Run, read_run
from hrtem_bench.scoring.statistics import Resampling
from hrtem_bench.scoring.summary import summarise
from hrtem_bench.support.files import sha256_of, write_aside, write_aside_bytes
from hrtem_bench.support.parquet import open_parquet
from hrtem_bench.support.reading import read_bounded

CHECKSUMS = "checksums.txt"
"""Lines "sha256  name", as `sha256sum --check` reads them."""
CHECKED = (CARD, RESULTS, PER_IMAGE)
OTHERS = (CHECKSUMS, REPORT, "README.md")
MOST_BYTES = 5 << 20
ROUNDING = 1e-6
SAME_LIMIT = 0.2
"""Limits of an interval may lie this share of its width from those made anew: more than another random stream would
move them, less than would change what is concluded."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def write_entry(results: Path, card: Path, out: Path) -> Run:
    """Make an entry of the leaderboard from results and a card, and check it as `check_entry` does.

    Parameters
    ----------
    results
        Folder that `evaluate` wrote; its report is copied too, if there is one.
    card
        The model's card.toml.
    out
        The entry's folder, which must not exist.

    Returns
    -------
    Run
        The entry's results.

    Raises
    ------
    InputError
        One line, if the entry fails a check or `out` exists; then nothing is left behind.
    """
    if out.exists():
        raise InputError(f"{out} is there already: remove it, or give the entry another name")
    sources = {CARD: card, RESULTS: results / RESULTS, PER_IMAGE: results / PER_IMAGE}
    if (results / REPORT).is_file():
        sources[REPORT] = results / REPORT
    contents = {name: read_bounded(source, MOST_BYTES) for name, source in sources.items()}
    out.mkdir(parents=True)
    try:
        for name, content in contents.items():
            write_aside_bytes(out / name, content)
        write_aside(out / CHECKSUMS, "".join(f"{sha256_of(out / name)}  {name}\n" for name in contents))
        return check_entry(out)
    except BaseException:
        for file in out.iterdir():
            file.unlink()
        out.rmdir()
        raise


def check_entry(folder: Path) -> Run:
    """Check an entry of the leaderboard without running its model.

    Checked are: the files and their checksums; that the card names authors and licence and agrees with the results;
    that the results are official and made with the published settings; that curve, intervals and summary follow from
    the scores of the images; and that the report, if there is one, shows these results and holds nothing that runs.

    Parameters
    ----------
    folder
        The entry's folder.

    Returns
    -------
    Run
        The entry's results.

    Raises
    ------
    InputError
        One line, for the first check that fails.
    """
    _check_files(folder)
    _check_checksums(folder)
    _check_size(folder)
    card, run = read_card(folder), read_run(folder)
    _check_card(folder, card, run)
    _check_settings(folder, run)
    _check_images(folder, run)
    _check_recipe(folder, run)
    _check_curve(folder, run)
    if (folder / REPORT).exists():
        check_report(folder / REPORT, run.results)
    return run


def _check_files(folder: Path) -> None:
    if not _NAME.fullmatch(folder.resolve().name):
        raise InputError(f"{folder}: name an entry with lower-case letters, digits, - and _ only")
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    present = {entry.name: entry for entry in folder.iterdir()}
    for name, entry in sorted(present.items()):
        if name not in (*CHECKED, *OTHERS) or entry.is_symlink() or not entry.is_file():
            raise InputError(f"{entry} does not belong: an entry holds the files {', '.join((*CHECKED, *OTHERS))} only")
        if entry.stat().st_size > MOST_BYTES:
            raise InputError(f"{entry} is larger than {MOST_BYTES >> 20} MiB")
    missing = [name for name in (*CHECKED, CHECKSUMS) if name not in present]
    if missing:
        raise InputError(f"{folder} lacks {', '.join(missing)}: `hrtem-bench submit` makes a whole entry")


def _check_checksums(folder: Path) -> None:
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        given = {name: digest for digest, name in (line.split("  ") for line in lines)}
    except ValueError:
        raise InputError(f"{folder / CHECKSUMS}: its lines should read `sha256  name`") from None
    due = (*CHECKED, REPORT) if (folder / REPORT).exists() else CHECKED
    if sorted(given) != sorted(due):
        raise InputError(f"{folder / CHECKSUMS} should have one line each for {', '.join(due)}")
    for name in due:
        if sha256_of(folder / name) != given[name]:
            raise InputError(f"{folder / name} is not the file of {CHECKSUMS}: its sha256 differs")


def _check_size(folder: Path) -> None:
    """Refuse a table that would take much memory once decompressed, before it is read.

    It must have a column for every metric of the curve. A metric that is newer than the entry is in neither.
    """
    path, results = folder / PER_IMAGE, read_results(folder)
    scores = {name for point in results.curve for name in point.scores if name in image_metrics()}
    columns = ("structure_id", "condition_id", "C10", MASK_SHA256, *sorted(scores | {"dice", "iou"}))
    open_parquet(path, columns, rows=MOST_ROWS, hint="evaluate the model with this version").close()
    if results.settings.bootstrap_samples > 10 * Options().bootstrap_samples:
        raise InputError(f"{folder / RESULTS}: settings.bootstrap_samples is more than ten times the published number")


def _check_card(folder: Path, card: Card, run: Run) -> None:
    results = run.results
    for field in ("authors", "licence", "description"):
        if not getattr(card, field):
            raise InputError(f"{folder / CARD}: an entry needs {field}")
    if card.name != results.model.name:
        raise InputError(f"{folder / CARD} is of {card.name!r}, and the results are of {results.model.name!r}")
    record = card.trained_on
    told = record.conditions if record is not None and record.track == results.dataset.track else []
    if set(results.train.conditions) - set(told):
        raise InputError(
            f"{folder / CARD}: [trained_on] lacks the training of the results, {', '.join(results.train.conditions)}"
        )


def _check_settings(folder: Path, run: Run) -> None:
    settings, published = run.results.settings, Options()
    if not settings.official:
        raise InputError(f"{folder}: the results are not official: score every image of a published track's test set")
    due = {
        "confidence": published.confidence,
        "breakdown_dice": published.breakdown_dice,
        "bootstrap_samples": published.bootstrap_samples,
        "surface_tolerance": TOLERANCE,
        "object_min_area": MIN_AREA,
        "object_match": MATCH,
    }
    for name, value in due.items():
        if getattr(settings, name) != value:
            raise InputError(f"{folder}: settings.{name} is {getattr(settings, name):g}; an entry has {value:g}")


def _check_images(folder: Path, run: Run) -> None:
    """Check that every structure was scored once at every condition, and that the scores are possible."""
    columns, path = run.per_image, folder / PER_IMAGE
    images = set(zip(columns["structure_id"].tolist(), columns["condition_id"].tolist(), strict=True))
    structures = {structure for structure, _ in images}
    order = {point.condition for point in run.results.curve}
    if images != {(s, c) for s in structures for c in order} or len(images) != len(columns["dice"]):
        raise InputError(f"{path} should hold every structure once at every condition of the curve")
    if not all(_DIGEST.fullmatch(str(one)) for one in columns[MASK_SHA256]):
        raise InputError(f"{path}: {MASK_SHA256} holds what is no sha256")
    classes = run.results.settings.input.output == "classes"
    for name, metric in image_metrics().items():
        if name not in columns or (metric.needs_probability and classes):
            continue
        values = columns[name]
        known = values[np.isfinite(values)] if metric.may_lack else values
        if not all(metric.allows(float(value)) for value in known):
            raise InputError(f"{path}: {name} holds values that it cannot take")
    if np.abs(columns["dice"] - 2 * columns["iou"] / (1 + columns["iou"])).max() > ROUNDING:
        raise InputError(f"{path}: Dice and IoU of an image do not belong together")


def _check_recipe(folder: Path, run: Run) -> None:
    """Check that the images are those of the recipe with the dataset's name, if this version has it."""
    data, columns, path = run.results.dataset, run.per_image, folder / PER_IMAGE
    due = published_defoci(data.name, data.version, data.track, data.split)
    if due is None:
        return
    images = list(zip(columns["structure_id"].tolist(), columns["condition_id"].tolist(), strict=True))
    if set(images) != set(due):
        raise InputError(f"{path}: its images are not those of the {data.track} track of {data.name} {data.version}")
    for image, defocus in zip(images, columns["C10"].tolist(), strict=True):
        if abs(defocus - due[image]) > ROUNDING * max(1.0, abs(due[image])):
            raise InputError(
                f"{path}: C10 of {image[0]} at {image[1]} is {defocus:g} Å, the recipe gives {due[image]:g}"
            )


def _check_curve(folder: Path, run: Run) -> None:
    """Check that means, intervals, bands and the summary follow from the images' scores."""
    results, settings = run.results, run.results.settings
    resampling = Resampling(settings.bootstrap_samples, settings.seed, settings.confidence)
    scored = Scored.of(run.per_image, run.conditions, resampling)
    for point, scores, band in zip(results.curve, scored.scores(), scored.bands(), strict=True):
        given = {name: one for name, one in point.scores.items() if name in image_metrics()}
        _check_estimates(folder, f"of {point.condition}", given, scores)
        _check_estimates(folder, f"of {point.condition}", {"dice_band": point.dice_band}, {"dice_band": band})
    summary = summarise(
        results.curve,
        scored.replicates["dice"],
        confidence=settings.confidence,
        has_axis=bool(results.dataset.unit),
        breakdown=settings.breakdown_dice,
    )
    _check_estimates(folder, "of the summary", results.summary.scores, summary.scores)
    for field in ("censored", "worst_condition", "best_condition", "span"):
        _check_same(folder, field, results.summary, summary)


def _check_estimates(folder: Path, where: str, given: Mapping[str, Estimate], anew: Mapping[str, Estimate]) -> None:
    if set(given) != set(anew):
        name = min(set(given) ^ set(anew))
        raise InputError(
            f"{folder}: {name} {where} is {'not ' if name in given else ''}given by the scores of the images"
        )
    for name, one in given.items():
        due = anew[name]
        width = 0.0 if due.low is None or due.high is None else due.high - due.low
        ends = (("value", 0.0), ("low", SAME_LIMIT * width), ("high", SAME_LIMIT * width))
        for end, room in ends:
            mine, theirs = getattr(one, end), getattr(due, end)
            if (mine is None) is not (theirs is None) or (mine is not None and abs(mine - theirs) > ROUNDING + room):
                raise InputError(
                    f"{folder}: {name}.{end} {where} is {mine}, and the scores of the images give {theirs}"
                )


def _check_same(folder: Path, field: str, given: Summary, anew: Summary) -> None:
    mine, theirs = getattr(given, field), getattr(anew, field)
    if mine != theirs:
        raise InputError(f"{folder}: {field} of the summary is {mine}, and the scores of the images give {theirs}")
