"""The leaderboard's filters and links, as text and in a real browser, where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from hrtem_bench.comparison.leaderboard import Board, leaderboard
from hrtem_bench.comparison.report_pages import POLICY
from hrtem_bench.report import board_markdown, board_page
from hrtem_bench.scoring.per_image import write_per_image
from hrtem_bench.scoring.results import Results, write_results

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


def test_names_lead_to_reports_and_hosts_to_the_models_own_pages(boards: list[Board], tmp_path: Path) -> None:
    (tmp_path / "boards" / "c" / "report.html").touch()
    here = leaderboard(tmp_path / "boards", here=tmp_path)
    page = board_page(here)
    assert re.findall('<a href="([^#"]*)">([^<]*)</a>', page.split("<main>")[1]) == [
        ("https://example.org/paper?a=1&amp;b=2", "example.org"),
        ("boards/c/report.html", "U-Net"),
    ]
    tables = [board_markdown(board) for board in here]
    assert "| [example.org](https://example.org/paper?a=1&b=2) |" in tables[0]
    assert "| [U-Net](boards/c/report.html) |" in tables[1]
    assert [row.report for board in leaderboard(tmp_path / "boards") for row in board.rows] == [
        "", "", "c/report.html", "",
    ]  # fmt: skip
    assert [row.report for board in boards for row in board.rows] == [""] * 4


@pytest.mark.parametrize("name", ["javascript:alert(1)", 'x" onclick="y', "a) <b> [c]|d", "100% #1?"])
def test_a_folders_name_cannot_make_another_link(name: str, boards: list[Board], tmp_path: Path) -> None:
    """Read back by a browser's rules, the address is that of the file and nothing else."""
    (tmp_path / "boards" / "d").rename(tmp_path / "boards" / name)
    (tmp_path / "boards" / name / "report.html").touch()
    board = leaderboard(tmp_path / "boards")[2]
    (link,) = re.findall(r'<a href="([^#"]*)">Exported', board_page([board]))
    address = urlsplit(link)
    assert (address.scheme, address.netloc, address.query, address.fragment) == ("", "", "", "")
    assert (tmp_path / "boards" / unquote(address.path)).samefile(tmp_path / "boards" / name / "report.html")
    assert rf"| [Exported \<net\>]({link}) |" in board_markdown(board)
    assert not set(link) & set("()<>|\"' ")


def test_a_link_in_place_of_a_report_is_none(boards: list[Board], tmp_path: Path) -> None:
    (tmp_path / "boards" / "d" / "report.html").symlink_to("/etc/hosts")
    assert leaderboard(tmp_path / "boards")[2].rows[0].report == ""


def test_an_address_that_would_end_its_link_is_coded(tmp_path: Path, boards: list[Board]) -> None:
    card = 'schema_version = 1\nname = "x"\nurl = \'https://example.org/a)[x](javascript:alert(1)"<b>\'\n'
    (tmp_path / "boards" / "d" / "card.toml").write_text(card)
    board = leaderboard(tmp_path / "boards")[2]
    coded = "https://example.org/a%29[x]%28javascript:alert%281%29%22%3Cb%3E"
    assert board.rows[0].url == coded
    assert f"| [example.org]({coded}) |" in board_markdown(board)


def test_breakdown_is_a_place_or_as_far_as_was_tested(boards: list[Board]) -> None:
    """In the made-up results it is at -2.5 nm on one side, and not reached at -25 nm on the other."""
    assert board_markdown(boards[0]).splitlines()[4].split(" | ")[9:11] == ["not by −25", "−2.5"]


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
    open_page = board_page(boards).replace(POLICY, "")  # which would keep the probe from running
    page.write_text(open_page.replace("</body>", PROBE.replace("CHOICES", json.dumps(choices))))
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
