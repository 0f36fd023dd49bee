"""What rows say, on rows made up with known answers."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.report import write_findings
from hrtem_bench.study.findings import costs, matrix, rows_of, seed_share
from hrtem_bench.study.table import schema

pa = pytest.importorskip("pyarrow")

PLACES = (-10, 0, 10)


def table(noise: float = 0.05, seeds: int = 40) -> Any:
    """Networks whose ln(loss) is -3 + |train - test| / 20 and a deviate for each seed."""
    generator = np.random.default_rng(0)
    rows = []
    for train, seed in itertools.product(PLACES, range(seeds)):
        deviate = noise * generator.standard_normal()
        for test in PLACES:
            rows.append({
                "block": "b", "specimens": "s", "material": "CdSe", "film": "below", "train": f"defocus={train}nm",
                "test": f"defocus={test}nm", "seed": seed, "converged": True, "failed": "", "name": f"{train}-{seed}",
                "nll": float(np.exp(-3 + abs(train - test) / 20 + deviate)), "double_softmax_ce": 0.1,
                "dice": 0.9 - abs(train - test) / 100,
            })  # fmt: skip
    rows.append({**rows[0], "failed": "it failed", "name": "f"})
    return pa.Table.from_pylist(rows, schema=schema())


def test_means_and_spreads_of_known_rows() -> None:
    found = matrix(rows_of(table(), "b"), "nll")
    assert found.train == found.test == ("defocus=-10nm", "defocus=0nm", "defocus=10nm")
    expected = np.exp(-3 + np.abs(np.subtract.outer(PLACES, PLACES)) / 20 + 0.05**2 / 2)
    assert np.allclose(found.mean, expected, rtol=0.03)
    assert np.allclose(found.spread / found.mean, 0.05, rtol=0.35)


def test_the_cost_of_a_shift_is_that_of_the_law_behind_the_rows() -> None:
    found = costs(matrix(rows_of(table(), "b"), "nll"))
    assert [one.train for one in found] == ["defocus=-10nm", "defocus=0nm", "defocus=10nm"]
    assert [e.value for e in found[0].cost] == pytest.approx([0, 0.5, 1.0], abs=1e-5)


def test_the_share_of_the_seeds() -> None:
    share = seed_share(matrix(rows_of(table(noise=0.2, seeds=200), "b"), "nll"))
    assert share.seed_sd == pytest.approx(0.2, rel=0.1)
    assert share.total_sd == pytest.approx(
        (0.2**2 + np.var(np.abs(np.subtract.outer(PLACES, PLACES)) / 20)) ** 0.5, rel=0.1
    )


def test_a_block_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="no rows of the block 'c'"):
        rows_of(table(), "c")


def test_the_same_rows_give_the_same_files(tmp_path: Path) -> None:
    one, other = (write_findings(table(), tmp_path / name, "Found") for name in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    text = (tmp_path / "a" / "findings.md").read_text()
    assert "120 networks; all trained until nothing more was gained." in text
    assert "| 0 | 1.648" in text and "At worst it is 2.718" in text  # exp(0.5), exp(1)


def test_a_page_says_how_many_of_the_planned_networks_there_are(tmp_path: Path) -> None:
    write_findings(table(seeds=4), tmp_path, "Found", planned=1008)
    assert "12 networks of the 1,008 planned; all trained" in (tmp_path / "findings.md").read_text()
