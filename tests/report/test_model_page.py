"""The page: well-formed, self-contained, escaped, readable by all, and its numbers those of the results."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.evaluation.examples import Example
from hrtem_bench.report import report, write_report
from hrtem_bench.report.html_elements import text
from hrtem_bench.scoring.results import Results

VOID = {"meta", "img", "br", "hr", "input", "link"}
BARE = ("condition", "C10", "value", "in_distribution", "n_images", "n_structures", "dice", "iou")
HEADINGS = {"h1": 1, "h2": 2, "h3": 3}


class Page(HTMLParser):
    """Collects elements and complains about tags that do not nest."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"attribute twice in {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="session")
def source(
    results: Results, per_image: dict[str, np.ndarray], examples: list[Example],
    conditions: dict[str, Condition],
) -> str:  # fmt: skip
    return report(results, per_image, examples, conditions=conditions, nyquist=1.25)


def test_the_page_is_well_formed_and_has_every_section(source: str) -> None:
    page = Page(source)
    assert source.startswith("<!DOCTYPE html>")
    assert [attrs["id"] for attrs in page.all("section")] == [
        "verdict", "curve", "shift", "transfer", "examples", "scores", "provenance", "cite", "definitions",
    ]  # fmt: skip
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("meta")[1]["http-equiv"] == "Content-Security-Policy"
    assert page.all("meta")[2]["name"] == "viewport"


def test_nothing_is_fetched_and_nothing_runs(source: str) -> None:
    page = Page(source)
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video"}
    for name, attrs in page.elements:
        assert not any(key.startswith("on") for key in attrs)
        assert not {"srcset", "action", "poster", "background", "ping"} & set(attrs)
        if attrs.get("src"):
            assert str(attrs["src"]).startswith("data:image/png;base64,")
        link = attrs.get("href") or attrs.get("xlink:href")
        if link and name == "a":
            assert link.startswith(("#", "data:application/json;base64,", "https://arxiv.org/abs/"))
        elif link:
            assert link.startswith(("#", "data:image/png;base64,"))
    assert "@import" not in source
    assert re.findall(r"url\(\s*['\"]?(?!#)", source) == []


def test_it_can_be_used_without_seeing_or_pointing(source: str) -> None:
    page = Page(source)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in page.all("a"):
        if str(attrs["href"]).startswith("#"):
            assert str(attrs["href"])[1:] in ids
    assert all(attrs.get("alt") for attrs in page.all("img"))
    for attrs in page.all("svg"):
        assert attrs.get("aria-hidden") == "true" or (attrs.get("role") == "img" and attrs.get("aria-label"))
    levels = [HEADINGS[name] for name, _ in page.elements if name in HEADINGS]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table")) == 3
    assert all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))
    assert next(attrs for name, attrs in page.elements if name == "a")["href"] == "#verdict"  # the skip link
    assert ":focus-visible" in source


def test_numbers_in_the_table_are_those_of_the_results(source: str, results: Results) -> None:
    body = re.search(r"<tbody>(.*?)</tbody>", source, re.DOTALL)
    assert body
    rows = re.findall(r"<tr.*?</tr>", body[1], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    head = re.search(r"<thead>(.*?)</thead>", source, re.DOTALL)
    assert head
    columns = re.findall(r"<th[^>]*>(.*?)</th>", head[1])
    for row, point in zip(cells, results.curve, strict=True):
        shown = dict(zip(columns, row, strict=True))
        assert float(shown["Condition"].removesuffix(" nm").replace("−", "-")) == point.value
        assert shown["Trained here"] == ("yes" if point.in_distribution else "no")
        for name, column in (("dice", "Dice"), ("iou", "IoU")):
            one = point.scores[name]
            low, high = one.low, one.high
            assert low is not None and high is not None
            between = f"{low:.3f}–{high:.3f}" if low >= 0 else f"−{-low:.3f} to {high:.3f}"
            assert shown[column] == f"{one.value:.3f} ({between})"
        assert shown["σ(train, test)"] == f"{point.sigma:.3f}"
        assert shown["ε"] == f"{point.epsilon:.3f}"
        for column, number in (("Images", point.n_images), ("Structures", point.n_structures)):
            assert shown.get(column, str(number)) == str(number)  # a column that is the same in all rows is left out


def test_scores_of_probabilities_and_objects_have_tables_of_their_own(source: str, results: Results) -> None:
    tables = re.findall(r"<table>(.*?)</table>", source, re.DOTALL)
    cells = [re.findall(r"<tr[^>]*>(.*?)</tr>", one, re.DOTALL)[1] for one in tables[1:]]
    first = results.curve[0]
    wanted = [
        [first.scores[name].value for name in names]
        for names in (("nll", "brier", "calibration_error"), ("surface_dice", "f1"))
    ]
    for row, scores in zip(cells, wanted, strict=True):
        shown = [cell.split(" ")[0] for cell in re.findall(r"<td>(.*?)</td>", row)]
        assert shown == [f"{score:.3f}" for score in scores]


def test_scores_of_the_whole_curve_are_listed(source: str) -> None:
    entries = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", source))
    assert entries["Width that keeps 95 % of the ID Dice"] == "11.4 nm (9.0–13.0)"
    assert entries["Breakdown below training"] == "none as far as −25 nm"
    assert entries["Breakdown above training"] == "−2.5 nm"
    assert entries["Mean height of the Dice curve"] == "0.810 (0.790–0.830), −25 nm to +25 nm"


def test_the_page_carries_its_results(source: str, results: Results) -> None:
    data = re.search(r'data:application/json;base64,([^"]+)"', source)
    assert data
    assert msgspec.json.decode(base64.b64decode(data[1]), type=Results) == results


def test_strangers_strings_are_shown_and_not_obeyed(
    make_results: Callable[..., Results], per_image: dict[str, np.ndarray], examples: list[Example], hostile: str,
    conditions: dict[str, Condition],
) -> None:  # fmt: skip
    dataset = {name: f"{name}{hostile}" for name in ("name", "version", "checksum", "split", "axis", "unit")}
    results = make_results(
        hostile, dataset=dataset, warnings=[hostile],
        model={"kind": hostile, "path": hostile, "checksum": hostile},
        provenance={"versions": {"hrtem-bench": hostile, hostile: "1"}, "command": hostile, "date": hostile},
    )  # fmt: skip
    shown = [
        Example(one.condition_id, hostile, one.image, one.mask, one.probability, one.dice, one.pixel_size, hostile)
        for one in examples
    ]
    source = report(results, per_image, shown, conditions=conditions)
    page = Page(source)
    assert not page.all("script")
    assert "<script" not in source and "\x07" not in source
    heading = "".join(page.words["h1"])
    assert heading == hostile.replace("\x07", "")


def test_hostile_condition_names_are_escaped_everywhere(
    make_results: Callable[..., Results], examples: list[Example], hostile: str
) -> None:
    points = msgspec.to_builtins(make_results().curve)
    for index, point in enumerate(points):
        point["condition"] = f"{index}{hostile}"
    results = make_results(curve=points, dataset={"unit": ""}, summary={"worst_condition": points[5]["condition"]})
    per_image = {
        "condition_id": np.array([p["condition"] for p in points]),
        "dice": np.array([p["scores"]["dice"]["value"] for p in points]),
    }
    conditions = {point["condition"]: Condition(C10=-100.0) for point in points}
    source = report(results, per_image, examples, conditions=conditions)
    assert "<script" not in source
    assert not Page(source).all("script")


def test_text_drops_control_characters_and_escapes_the_rest() -> None:
    assert text("a<b>\"'&\x00\x1b\ud800") == "a&lt;b&gt;&quot;&#x27;&amp;"
    assert text("ε σ Å−1") == "ε σ Å−1"


def test_the_same_input_gives_the_same_files(
    tmp_path: Path, results: Results, per_image: dict[str, np.ndarray], examples: list[Example],
    conditions: dict[str, Condition],
) -> None:  # fmt: skip
    contents = []
    for name in ("a", "b"):
        page = write_report(results, per_image, examples, tmp_path / name, conditions=conditions)
        assert page == tmp_path / name / "report.html"
        found = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in found})
    figures = ("curve", "curve_two_columns", "sigma", "epsilon", "transfer", "examples", "reliability")
    assert set(contents[0]) == {"report.html", *(f"figures/{f}.{e}" for f in figures for e in ("svg", "png"))}
    assert contents[0] == contents[1]


def test_only_what_is_known_is_shown(make_results: Callable[..., Results], per_image: dict[str, np.ndarray]) -> None:
    bare = [
        {key: value for key, value in msgspec.to_builtins(point).items() if key in BARE}
        | {"scores": {"dice": {"value": point.dice.value}}, "dice_band": {"value": point.dice.value}}
        for point in make_results().curve
    ]
    page = Page(report(make_results(curve=bare), per_image, []))
    assert len(page.all("table")) == 1
    shown = [attrs["id"] for attrs in page.all("section")]
    assert "transfer" not in shown and "examples" not in shown and "reliability" not in shown
    assert not page.all("img")


def test_unofficial_runs_and_warnings_stand_out(
    make_results: Callable[..., Results], per_image: dict[str, np.ndarray]
) -> None:
    results = make_results(settings={"official": False, "limit": 3}, warnings=["constant output"])
    source = report(results, per_image, [])
    assert '<span class="unofficial">' in source and "<li>constant output</li>" in source
    assert '<span class="unofficial">' not in report(make_results(), per_image, [])


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_contrast_meets_wcag_aa(scheme: int) -> None:
    css = (files("hrtem_bench.report") / "assets" / "page.css").read_text()
    block = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [(ink, paper) for ink in ("ink", "soft", "link", "mark") for paper in ("paper", "plate")]
    for ink, paper in [*pairs, ("mark", "mark-paper"), ("ink", "mark-paper")]:
        light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


def test_the_schema_of_the_embedded_results_is_the_published_one(source: str) -> None:
    from hrtem_bench.scoring.reading import results_schema

    data = re.search(r'data:application/json;base64,([^"]+)"', source)
    assert data
    required = results_schema()["$defs"]["Results"]["required"]
    assert set(required) <= set(json.loads(base64.b64decode(data[1])))
