"""The page in a real browser, where there is one: nothing runs off a phone's screen, and it prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, browse

from hrtem_bench.comparison.report_pages import POLICY
from hrtem_bench.conditions import Condition
from hrtem_bench.evaluation.examples import Example
from hrtem_bench.report import write_report
from hrtem_bench.scoring.results import Results

PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, svg, pre")
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80));
  const found = {width: innerWidth, page: document.documentElement.scrollWidth, wide: wide,
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


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_off_the_screen_and_nothing_is_requested(tmp_path: Path, page: Path, width: int) -> None:
    probed = page.with_name("probed.html")
    probed.write_text(page.read_text().replace(POLICY, "").replace("</body>", PROBE))
    dom = browse(tmp_path / "profile", f"--window-size={width},900", "--dump-dom", f"file://{probed}")
    title = re.search(r"PROBE(\{.*?\})PROBE", dom)
    assert title
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["page"] <= found["width"]
    assert found["wide"] == [] and found["requests"] == []


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


def test_it_prints(tmp_path: Path, page: Path) -> None:
    pdf = tmp_path / "report.pdf"
    browse(tmp_path / "profile", f"--print-to-pdf={pdf}", f"file://{page}")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert pdf.stat().st_size > 20_000
