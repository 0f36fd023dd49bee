"""The page of a study: what strangers named is text, many sets still fit, and nothing runs off the screen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hrtem_bench.comparison.report_pages import POLICY
from hrtem_bench.planning import design
from hrtem_bench.planning.regions import region
from hrtem_bench.report import design_figure, figure_png, report_study
from hrtem_bench.report.study import study_page
from hrtem_bench.report.study_plates import MOST_ROWS, study_plates
from hrtem_bench.study import StudyResults, read_study
from hrtem_bench.study.results import Matrices

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, svg, pre")
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80));
  document.title = "PROBE" + JSON.stringify({wide: wide, page: document.documentElement.scrollWidth,
    width: innerWidth}) + "PROBE";
});
</script></body>"""


@pytest.fixture
def results(finished: tuple[Path, str]) -> StudyResults:
    return read_study(finished[0])


def test_names_are_text(results: StudyResults) -> None:
    study = msgspec.structs.replace(results.study, description='<script>alert("x")</script>')
    page = study_page(msgspec.structs.replace(results, study=study), study_plates(results))
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_of_many_sets_the_first_in_rank_are_drawn(results: StudyResults) -> None:
    count = MOST_ROWS + 12
    names = [f"set-{index}" for index in range(count)]
    rows = {
        name: np.resize(results.matrices.array(name), (count, len(results.tests)))
        for name in Matrices.__struct_fields__
    }
    ranking = [msgspec.structs.replace(results.ranking[0], name=name) for name in reversed(names)]
    many = msgspec.structs.replace(results, sets=names, matrices=Matrices.of(**rows), ranking=ranking)
    plates = {plate.name: plate for plate in study_plates(many)}
    assert f"The {MOST_ROWS} first in rank of {count}." in plates["matrix-dice"].caption
    assert "set-41<" in plates["matrix-dice"].svg and "set-3<" not in plates["matrix-dice"].svg


def test_each_track_has_its_matrices_and_names_no_axis_twice(results: StudyResults) -> None:
    plates = {plate.name: plate for plate in study_plates(results)}
    assert {"matrix-dice", "matrix-sigma", "matrix-coverage", "matrix-dice-dose", "matrix-sigma-dose"} <= set(plates)
    assert "matrix-coverage-dose" not in plates
    labels = [label.get_text() for label in plates["matrix-dice-dose"].figure.axes[0].get_xticklabels()]
    assert labels == [one.condition.removeprefix("dose=") for one in results.tests if one.track == "dose"]


@pytest.mark.parametrize("text", ["C10=-200:200:50", "C10=-100,100,focal_spread=5,10,C12=0,20"])
def test_the_figure_of_a_plan(text: str) -> None:
    targets = region(text)
    assert figure_png(design_figure(design(targets, targets, 2, q_max=1.25), targets, targets), 50).startswith(
        b"\x89PNG"
    )


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_off_the_screen(results: StudyResults, tmp_path: Path, width: int) -> None:
    assert CHROMIUM is not None
    page = report_study(results, tmp_path)
    page.write_text(page.read_text().replace(POLICY, "").replace("</body>", PROBE))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [CHROMIUM, *flags, f"--window-size={width},900", "--dump-dom", f"file://{page}"]
    dom = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    title = re.search(r"PROBE(\{.*?\})PROBE", dom)
    assert title
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["wide"] == [] and found["page"] <= found["width"]
