"""Writes the findings of every committed study from its rows.

    python benchmarks/update_findings.py

Of docs/studies/NAME/networks.parquet it makes findings.md and its figures beside it. The rows come from `hrtem-bench
study NAME --out OUT`, whose OUT/networks.parquet is put there; the same command with `--rows
docs/studies/NAME/networks.parquet` goes on where they end.
"""

from __future__ import annotations

from pathlib import Path

from hrtem_bench.report import write_findings
from hrtem_bench.study import read_rows
from hrtem_bench.study.table import TABLE

STUDIES = Path(__file__).parents[1] / "docs" / "studies"


def main() -> None:
    for path in sorted(STUDIES.glob(f"*/{TABLE}")):
        write_findings(read_rows(path), path.parent, f"What the study {path.parent.name} found")


if __name__ == "__main__":
    main()
