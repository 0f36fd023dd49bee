"""Putting another name on a card."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.models.card import read_card, rename
from hrtem_bench.models.shipped_baselines import baseline_at

CARD = """# mine
schema_version = 1
name   = "U-Net, small"   # of the baseline
description = '''
name = "not this one"
'''

[model]
entry = "model:load"
"""


def tables(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("card", [CARD, (baseline_at("unet_small") / "card.toml").read_text(encoding="utf-8")])
@pytest.mark.parametrize("name", ["wide focus", 'with "quotes" and \\', "σ from 1 to 2", r"\1"])
def test_a_new_name_and_nothing_else(tmp_path: Path, name: str, card: str) -> None:
    (tmp_path / "card.toml").write_text(card, encoding="utf-8")
    before = tables(tmp_path)
    rename(tmp_path, name)
    assert tables(tmp_path) == before | {"name": name}
    assert read_card(tmp_path).name == name


@pytest.mark.parametrize("name", ["two\nlines", "net\u202egnorw", "", "a" * 201])
def test_a_name_that_no_card_may_have_leaves_the_card(tmp_path: Path, name: str) -> None:
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    with pytest.raises(InputError, match=r"card\.toml: name ") as caught:
        rename(tmp_path, name)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "card.toml").read_text(encoding="utf-8") == CARD


def test_a_folder_without_a_card_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no card\.toml"):
        rename(tmp_path, "x")
