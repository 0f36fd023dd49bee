"""The page in a real browser, where there is one: nothing runs off a phone's screen, and it prints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, browse

from hrtem_bench.comparison.compare import compare
from hrtem_bench.comparison.leaderboard import leaderboard
from hrtem_bench.comparison.report_pages import POLICY
from hrtem_bench.conditions import Condition
from hrtem_bench.evaluation.examples import Example
from hrtem_bench.report import board_page, comparison_page, write_report
from hrtem_bench.scoring.per_image import write_per_image
from hrtem_bench.scoring.results import Results, write_results
from hrtem_bench.scoring.run import Run

PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, svg, pre")
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80));
  const found = {width: innerWidth, page: document.documentElement.scrollWidth, wide: wide,
    tables: [...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1).length,
    drawn: [...document.querySelectorAll(".plate svg")].filter(e => e.checkVisibility()).length,
    plates: document.querySelectorAll(".plate").length,
    requests: performance.getEntriesByType("resource").filter(r => !r.name.startsWith("data:")).map(r => r.name)};
  document.title = "PROBE" + JSON.stringify(found) + "PROBE";
});
</script></body>"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


@pytest.fixture
def page(
    tmp_path: Path, results: Results, per_image: dict[str, np.ndarray], examples: list[Example],
    conditions: dict[str, Condition],
) -> Path:  # fmt: skip
    return write_report(results, per_image, examples, tmp_path / "out", conditions=conditions, nyquist=1.25)


@pytest.fixture
def pages(page: Path, make_results: Callable[..., Results], per_image: dict[str, np.ndarray]) -> dict[str, Path]:
    """A report, a leaderboard and a comparison; the last two of models with long names."""
    names = ["U-Net, small", "Local variance and Otsu's threshold", "An encoder of eighteen layers, trained jointly"]
    runs = [Run(make_results(name), per_image) for name in names]
    for name, run in zip("abc", runs, strict=True):
        (page.parent / "board" / name).mkdir(parents=True)
        write_results(page.parent / "board" / name / "results.json", run.results)
        write_per_image(page.parent / "board" / name / "per_image.parquet", per_image)
    texts = {
        "leaderboard": board_page(leaderboard(page.parent / "board")),
        "comparison": comparison_page(compare(runs), [run.results for run in runs]),
    }
    for name, text in texts.items():
        page.with_name(f"{name}.html").write_text(text)
    return {"report": page} | {name: page.with_name(f"{name}.html") for name in texts}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["report", "leaderboard", "comparison"])
def test_nothing_runs_off_the_screen_and_nothing_is_requested(
    name: str, width: int, tmp_path: Path, pages: dict[str, Path]
) -> None:
    page = pages[name]
    probed = page.with_name("probed.html")
    probed.write_text(page.read_text().replace(POLICY, "").replace("</body>", PROBE))
    dom = browse(tmp_path / "profile", f"--window-size={width},900", "--dump-dom", f"file://{probed}")
    title = re.search(r"PROBE(\{.*?\})PROBE", dom)
    assert title
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["page"] <= found["width"]
    assert found["wide"] == [] and found["requests"] == []
    assert found["drawn"] == found["plates"] > 0  # of each figure, the drawing that fits, and no other
    if width == 1280 and name != "report":  # the report's table of outlines and objects has many columns
        assert found["tables"] == 0


def test_no_script_runs_whatever_stands_in_the_page(tmp_path: Path, page: Path) -> None:
    """The probe sets the title, and an image that cannot load would; under the policy neither does."""
    hostile = PROBE.replace("</body>", "<img src=x onerror=\"document.title='PROBE'\"></body>")
    titles = []
    for name, policy in (("with", POLICY), ("without", "")):
        tried = page.with_name(f"{name}.html")
        tried.write_text(page.read_text().replace(POLICY, policy).replace("</body>", hostile))
        dom = browse(tmp_path / "profile", "--window-size=390,900", "--dump-dom", f"file://{tried}")
        found = re.search("<title>(.*?)</title>", dom)
        assert found
        titles.append(found[1])
    assert "PROBE" not in titles[0] and "PROBE" in titles[1]


@pytest.mark.parametrize(("name", "most"), [("report", 7), ("leaderboard", 2), ("comparison", 3)])
def test_it_prints_on_few_pages(name: str, most: int, tmp_path: Path, pages: dict[str, Path]) -> None:
    pdf = tmp_path / "page.pdf"
    browse(tmp_path / "profile", f"--print-to-pdf={pdf}", "--no-pdf-header-footer", f"file://{pages[name]}")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF") and len(content) > 20_000
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= most
