"""Entries of the public leaderboard: a model's results in a folder that can be checked without the model.

An entry holds card.toml, results.json, per_image.parquet, checksums.txt and, if wanted, report.html and README.md; no
code and no weights. Checking it reads these files and runs nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.comparison.report_pages import REPORT, check_report
from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.models.card import CARD, Card, read_card
from hrtem_bench.scoring.curve import bootstrap_all, metric_clusters
from hrtem_bench.scoring.objects import MATCH, MIN_AREA, TOLERANCE
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.results import MASK_SHA256, METRICS, PER_IMAGE, RESULTS, CurvePoint, read_results
from hrtem_bench.scoring.run import Run, read_run
from hrtem_bench.scoring.statistics import Replicates, interval, simultaneous_band
from hrtem_bench.scoring.summary import finite, summarise
from hrtem_bench.support.files import sha256_of, write_aside, write_aside_bytes

CHECKSUMS = "checksums.txt"
"""Lines "sha256  name", as `sha256sum --check` reads them."""
CHECKED = (CARD, RESULTS, PER_IMAGE)
OTHERS = (CHECKSUMS, REPORT, "README.md")
MOST_BYTES = 5 << 20
MOST_ROWS = 1_000_000
ROUNDING = 1e-6
SAME_LIMIT = 0.2
"""Limits of an interval may lie this share of its width from those made anew: more than another random stream would
move them, less than would change what is concluded."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def write_entry(results: Path, card: Path, out: Path) -> Run:
    """Make the entry `out` of the folder `results`, which `evaluate` wrote, and a card; checked as `check_entry` does.

    The report is taken too where there is one.
    Raises InputError, one line, and leaves nothing where the entry would not pass, or `out` is there already.
    """
    if out.exists():
        raise InputError(f"{out} is there already: remove it, or give the entry another name")
    sources = {CARD: card, RESULTS: results / RESULTS, PER_IMAGE: results / PER_IMAGE}
    if (results / REPORT).is_file():
        sources[REPORT] = results / REPORT
    contents = {name: _bytes(source) for name, source in sources.items()}
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
    """The results of an entry, after checking all that can be known without its model.

    That its files are those of an entry and match their checksums; that the card names authors and licence and agrees
    with the results; that these are official and made with the published settings; that curve, intervals and summary
    follow from the scores of the images; and that a report is of these results and can do no harm. Raises InputError,
    one line, for the first thing that is not so.
    """
    _check_files(folder)
    _check_checksums(folder)
    _check_size(folder)
    card, run = read_card(folder), read_run(folder)
    _check_card(folder, card, run)
    _check_settings(folder, run)
    _check_images(folder, run)
    _check_curve(folder, run)
    if (folder / REPORT).exists():
        check_report(folder / REPORT, run.results)
    return run


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


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
    """Refuse a table that would take much memory once unpacked, before it is."""
    path = folder / PER_IMAGE
    parquet = require("pyarrow.parquet", "data")
    try:
        with parquet.ParquetFile(path) as file:
            data = file.metadata
            groups = sum(data.row_group(index).total_byte_size for index in range(data.num_row_groups))
            rows, columns = data.num_rows, set(file.schema_arrow.names)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {one_line(error)}") from None
    if rows > MOST_ROWS or groups > 20 * MOST_BYTES:
        raise InputError(f"{path} unpacks to {rows} rows in {groups >> 20} MiB, which is no table of scores")
    missing = {"structure_id", "condition_id", MASK_SHA256, *METRICS} - columns
    if missing:
        raise InputError(f"{path} has no column {', '.join(sorted(missing))}: evaluate the model with this version")
    if read_results(folder).settings.bootstrap_samples > 10 * Options().bootstrap_samples:
        raise InputError(f"{folder / RESULTS}: settings.bootstrap_samples is beyond reason")


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
    """That every structure was scored once at every condition, and that the scores are possible."""
    columns, path = run.per_image, folder / PER_IMAGE
    images = set(zip(columns["structure_id"].tolist(), columns["condition_id"].tolist(), strict=True))
    structures = {structure for structure, _ in images}
    order = {point.condition for point in run.results.curve}
    if images != {(s, c) for s in structures for c in order} or len(images) != len(columns["dice"]):
        raise InputError(f"{path} should hold every structure once at every condition of the curve")
    if not all(_DIGEST.fullmatch(str(one)) for one in columns[MASK_SHA256]):
        raise InputError(f"{path}: {MASK_SHA256} holds what is no sha256")
    for name in METRICS:
        values = columns[name]
        if name in ("nll", "brier") and run.results.settings.input.output == "classes":
            continue
        if not (np.isfinite(values).all() and values.min() >= 0 and (name == "nll" or values.max() <= 1)):
            raise InputError(f"{path}: {name} holds values that it cannot take")
    if np.abs(columns["dice"] - 2 * columns["iou"] / (1 + columns["iou"])).max() > ROUNDING:
        raise InputError(f"{path}: Dice and IoU of an image do not belong together")


def _check_curve(folder: Path, run: Run) -> None:
    """That means, intervals, bands and the summary are those of the images' scores."""
    results, settings = run.results, run.results.settings
    data = metric_clusters(run.per_image, [point.condition for point in results.curve])
    replicates = bootstrap_all(data, settings.bootstrap_samples, settings.seed)
    band = simultaneous_band(
        data["dice"], samples=settings.bootstrap_samples, seed=settings.seed, limits=(0, 1),
        confidence=settings.confidence,
    )  # fmt: skip
    points = _points(results.curve, replicates, band, settings.confidence)
    for point, anew in zip(results.curve, points, strict=True):
        _check_same(folder, point.condition, msgspec.structs.asdict(point), msgspec.structs.asdict(anew))
    summary = summarise(
        results.curve,
        replicates["dice"],
        confidence=settings.confidence,
        has_axis=bool(results.dataset.unit),
        breakdown=settings.breakdown_dice,
    )
    _check_same(folder, "summary", msgspec.structs.asdict(results.summary), msgspec.structs.asdict(summary))


def _points(
    curve: list[CurvePoint],
    replicates: Mapping[str, Replicates],
    band: tuple[NDArray[np.float64], NDArray[np.float64]],
    confidence: float,
) -> list[CurvePoint]:
    """The curve with the scores that the images give."""
    intervals = {name: interval(one, confidence) for name, one in replicates.items()}
    points = []
    for index, point in enumerate(curve):
        scores = {"dice_band_low": finite(band[0][index]), "dice_band_high": finite(band[1][index])}
        for name, (low, high) in intervals.items():
            scores[name] = finite(replicates[name].estimate[index])
            scores[f"{name}_low"], scores[f"{name}_high"] = finite(low[index]), finite(high[index])
        points.append(msgspec.structs.replace(point, **scores))
    return points


def _check_same(folder: Path, where: str, given: Mapping[str, Any], anew: Mapping[str, Any]) -> None:
    for name, value in given.items():
        due = anew[name]
        if isinstance(value, float) and isinstance(due, float):
            same = abs(value - due) <= _tolerance(name, anew)
        else:
            same = value == due
        if not same:
            raise InputError(f"{folder}: {name} of {where} is {value}, and the scores of the images give {due}")


def _tolerance(name: str, anew: Mapping[str, Any]) -> float:
    base, _, end = name.rpartition("_")
    if end not in ("low", "high"):
        return ROUNDING
    low, high = anew.get(f"{base}_low"), anew.get(f"{base}_high")
    return ROUNDING if low is None or high is None else ROUNDING + SAME_LIMIT * (high - low)


__all__ = ["check_entry", "write_entry"]
