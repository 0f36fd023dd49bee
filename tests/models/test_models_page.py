"""The examples in docs/how-to/models.md, run on a dataset of a few seconds."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from hrtem_bench.models import load_submission
from hrtem_bench.models.card import Card
from hrtem_bench.models.contract import MAX_WINDOW
from hrtem_bench.models.prediction import SIDE_MULTIPLES

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "models.md"
IMAGES = np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 8, 8)


@pytest.fixture
def here(tmp_path: Path, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files by the names that they have there, and with the toy dataset as mini."""
    (tmp_path / "mini").symlink_to(toy_folder)
    blocks = re.findall(r"```python\n(?:# (\w+\.py)\n)?(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in blocks] == ["mymodel.py", "mynet.py", ""]
    for name, text in blocks:
        (tmp_path / (name or "in_python.py")).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_function_is_a_model(here: Path) -> None:
    model = load_submission("mymodel.py:predict")
    assert np.allclose(model.predict(IMAGES), 1 / (1 + np.exp(-IMAGES)))


def test_the_network_is_a_model_by_its_class_and_by_its_function(here: Path) -> None:
    pytest.importorskip("torch")
    for name in ("Net", "trained"):
        assert load_submission(f"mynet.py:{name}").predict(IMAGES).shape == (2, 1, 8, 8)


def test_the_network_is_scored_from_python(here: Path) -> None:
    pytest.importorskip("torch")
    names: dict[str, Any] = runpy.run_path("mynet.py")
    exec((here / "in_python.py").read_text(), names)
    assert names["result"].results.model.name == "Net"
    assert all(name.startswith("defocus=") for name in names["result"].table()["condition"])
    assert "Net" in (here / "report.html").read_text("utf-8")


def test_the_card_is_one() -> None:
    text = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    card = msgspec.convert(tomllib.loads(text[1].replace("https://…", "https://example.org")), Card)
    assert card.input.side_multiple == 16 and card.trained_on is not None


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"`--window` (8 to {MAX_WINDOW} pixels)" in page
    *first, last = SIDE_MULTIPLES
    assert f"sides of a multiple of {', '.join(map(str, first))} or {last} pixels" in page
