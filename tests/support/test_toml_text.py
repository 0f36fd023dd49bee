"""TOML that is written is read as the same by the standard library."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.errors import InputError
from hrtem_bench.support.toml_text import toml_text

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
plain = (
    text
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(text, values, max_size=4))
def test_what_is_written_is_read_as_the_same(tables: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(tables)) == tables


def test_tables_are_written_as_a_person_would() -> None:
    assert toml_text({"n": [1, 2.5], "a": {"b": [{"x": 1}, {"y": "σ"}], "c": None}, "d": True}) == (
        'n = [1, 2.5]\nd = true\n\n[a]\n\n[[a.b]]\nx = 1\n\n[[a.b]]\ny = "σ"\n'
    )


def test_other_values_are_refused() -> None:
    with pytest.raises(InputError, match="a object cannot be written as TOML"):
        toml_text({"a": object()})
