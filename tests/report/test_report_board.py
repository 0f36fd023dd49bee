"""The leaderboard's filters and links, as text and in a real browser, where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.harness import Board, board_markdown, leaderboard
from hrtem_bench.harness.results import Results, write_per_image, write_results
from hrtem_bench.report import board_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
ENTRIES = (
    ("a", "U-Net", "defocus", "1.0", "folder"),
    ("b", "Exported <net>", "defocus", "1.0", "onnx"),
    ("c", "U-Net", "defocus", "2.0", "folder"),
    ("d", "Exported <net>", "dose", "1.0", "onnx"),
)
PROBE = """<script>
addEventListener("load", () => {
  const seen = () => [...document.querySelectorAll("main section[id^=board] table:first-of-type tbody tr, #nothing")]
    .filter(e => e.checkVisibility()).map(e => e.id || e.closest("section").id + ": " + e.children[0].textContent);
  const found = {width: innerWidth, page: document.documentElement.scrollWidth, all: seen()};
  for (const id of CHOICES) document.getElementById("filter-" + id).click();
  found.chosen = [...new Set(seen())];
  found.nav = [...document.querySelectorAll("nav li")].filter(e => e.checkVisibility()).length;
  document.title = "PROBE" + JSON.stringify(found) + "PROBE";
});
</script></body>"""


@pytest.fixture
def boards(make_results: Callable[..., Results], per_image: dict[str, np.ndarray], tmp_path: Path) -> list[Board]:
    for name, model, track, version, kind in ENTRIES:
        folder = tmp_path / "boards" / name
        folder.mkdir(parents=True)
        data = {"track": track, "axis": track, "version": version, "checksum": version[0] * 64}
        info = {"name": model, "kind": kind, "path": name, "checksum": "0" * 64}
        write_results(folder / "results.json", make_results(model, dataset=data, model=info))
        write_per_image(folder / "per_image.parquet", per_image)
    (tmp_path / "boards" / "a" / "card.toml").write_text(
        'schema_version = 1\nname = "U-Net"\nurl = "https://example.org/paper?a=1&b=2"\n'
    )
    return leaderboard(tmp_path / "boards")


def test_names_lead_to_reports_and_cards(boards: list[Board]) -> None:
    page = board_page(boards, {"c": "c/report.html"})
    assert page.count('<a href="https://example.org/paper?a=1&amp;b=2">U-Net</a>') == 1
    assert page.count('<a href="c/report.html">U-Net</a>') == 1


def test_breakdown_is_a_place_or_as_far_as_was_tested(boards: list[Board]) -> None:
    """In the made-up results it is at -2.5 nm on one side, and not reached at -25 nm on the other."""
    assert board_markdown(boards[0]).splitlines()[4].split(" | ")[9:11] == ["not by -25", "-2.5"]


def test_every_choice_is_there_and_one_board_needs_none(boards: list[Board]) -> None:
    page = board_page(boards)
    words = re.findall(r"<label>.*?>([^<]+)</label>", page)
    assert words == [
        "all", "Defocus (defocus)", "Dose (dose)",
        "all", "artificial 1.0, 11111111", "artificial 2.0, 22222222",
        "all", "ONNX", "card and code",
    ]  # fmt: skip
    assert "fieldset" not in board_page(boards[1:2]).split("</style>")[1]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("choices", "chosen", "links"),
    [
        ([], ["board-1: U-Net", "board-1: Exported <net>", "board-2: U-Net", "board-3: Exported <net>"], 4),
        (["track-1"], ["board-1: U-Net", "board-1: Exported <net>", "board-2: U-Net"], 3),
        (["kind-2"], ["board-1: U-Net", "board-2: U-Net"], 3),
        (["data-1", "kind-1"], ["board-1: Exported <net>", "board-3: Exported <net>"], 3),
        (["track-2", "data-2"], ["nothing"], 1),
        (["track-2", "track-0"], ["board-1: U-Net", "board-1: Exported <net>", "board-2: U-Net",
                                  "board-3: Exported <net>"], 4),
    ],
)  # fmt: skip
def test_filters_in_a_browser(
    width: int, choices: list[str], chosen: list[str], links: int, boards: list[Board], tmp_path: Path
) -> None:
    page = tmp_path / "board.html"
    page.write_text(board_page(boards).replace("</body>", PROBE.replace("CHOICES", json.dumps(choices))))
    found = probed(page, width, tmp_path / "profile")
    assert sorted(found["chosen"]) == sorted(chosen)
    assert found["nav"] == links
    assert found["page"] <= found["width"]


def probed(page: Path, width: int, profile: Path) -> dict[str, Any]:
    """What the probe wrote into the page's title."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom"]
    dom = subprocess.run([*command, f"file://{page}"], check=True, capture_output=True, text=True, timeout=120).stdout
    title = re.search(r"PROBE(\{.*?\})PROBE", dom)
    assert title
    return json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
