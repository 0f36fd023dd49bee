"""The committed findings are what their committed rows give."""

from __future__ import annotations

from pathlib import Path

import pytest

from hrtem_bench.report import write_findings
from hrtem_bench.study import load_study, read_rows
from hrtem_bench.study.networks import networks
from hrtem_bench.study.table import TABLE

STUDIES = Path(__file__).parents[2] / "docs" / "studies"


@pytest.mark.parametrize("rows", sorted(STUDIES.glob(f"*/{TABLE}")), ids=lambda path: path.parent.name)
def test_the_committed_findings_follow_from_their_rows(rows: Path, tmp_path: Path) -> None:
    name = rows.parent.name
    written = write_findings(read_rows(rows), tmp_path, f"What the study {name} found", len(networks(load_study(name))))
    assert {path.name for path in written} == {path.name for path in rows.parent.iterdir()} - {TABLE}
    assert all(path.read_bytes() == (rows.parent / path.name).read_bytes() for path in written)


def test_every_network_of_the_committed_rows_is_told_whether_it_converged() -> None:
    rows = read_rows(STUDIES / "published" / TABLE).to_pylist()
    assert all(row["converged"] is not None and (row["failed"] or row["nll"] > 0) for row in rows)
    assert sum(len(path.read_bytes()) for path in STUDIES.rglob("*.parquet")) < 20_000_000
