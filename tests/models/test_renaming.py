"""Putting another name on a card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.models.card import read_card, rename

CARD = """# mine
schema_version = 1
name   = "U-Net, small"   # of the baseline
description = '''
name = "not this one"
'''

[model]
entry = "model:load"
"""


@pytest.mark.parametrize("name", ["wide focus", 'with "quotes" and \\', "σ from 1 to 2", "two\nlines", r"\1"])
def test_a_new_name_and_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    before = read_card(tmp_path)
    rename(tmp_path, name)
    after = read_card(tmp_path)
    assert after.name == name
    assert after.description == before.description
    assert after.model == before.model
    kept = re.sub("(?m)^name.*\n", "", (tmp_path / "card.toml").read_text(encoding="utf-8"), count=1)
    assert kept == re.sub("(?m)^name.*\n", "", CARD, count=1)


def test_a_folder_without_a_card_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no card\.toml"):
        rename(tmp_path, "x")
