"""docs/api.md names what is public."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

API = Path(__file__).parents[1] / "docs" / "api.md"


@pytest.mark.parametrize(
    "module",
    [
        "conditions",
        "physics",
        "specimens",
        "multislice",
        "imaging",
        "dataset",
        "observer",
        "models",
        "scoring",
        "evaluation",
        "interactive",
        "comparison",
        "planning",
        "training",
        "study",
    ],
)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    text = API.read_text(encoding="utf-8")
    documented = set(re.findall(r"auto\w+:: (\w+)|`(?:\w+\.)*(\w+)`", text))
    names = {name for pair in documented for name in pair if name}
    package = importlib.import_module(f"hrtem_bench.{module}")
    assert set(package.__all__) - names == set()
