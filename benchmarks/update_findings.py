"""Writes the findings of every committed study from its rows, and takes in the rows that a study has by now.

    python benchmarks/update_findings.py [NAME=OUT ...]

Of docs/studies/NAME/networks.parquet it makes findings.md and its figures beside it. NAME=OUT takes the rows of the
folder OUT that `hrtem-bench study NAME --out OUT` writes to, finished or not, in place of those that are there. The
same command with `--rows docs/studies/NAME/networks.parquet` goes on where they end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hrtem_bench.report import write_findings
from hrtem_bench.study import load_study, read_rows
from hrtem_bench.study.networks import networks
from hrtem_bench.study.table import TABLE, all_rows, write_rows

STUDIES = Path(__file__).parents[1] / "docs" / "studies"


def main(renewed: dict[str, Path]) -> None:
    for name, folder in renewed.items():
        (STUDIES / name).mkdir(exist_ok=True)
        write_rows(STUDIES / name / TABLE, all_rows(folder))
    for path in sorted(STUDIES.glob(f"*/{TABLE}")):
        name = path.parent.name
        for old in path.parent.glob("*.png"):
            old.unlink()
        write_findings(read_rows(path), path.parent, f"What the study {name} found", len(networks(load_study(name))))


if __name__ == "__main__":
    main({name: Path(folder) for name, _, folder in (word.partition("=") for word in sys.argv[1:])})
