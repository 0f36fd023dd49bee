"""Columns of equal length, shown by a notebook as a table and accepted by pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError


class Table(dict[str, NDArray[Any]]):
    """Column name -> values, all columns of one length; missing numbers are NaN."""

    def to_pandas(self) -> Any:
        """The columns as a pandas.DataFrame.

        Raises
        ------
        InputError
            Where pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise InputError("pandas is not installed: pip install pandas, or use the columns as they are") from None
        return pandas.DataFrame(dict(self))

    def _repr_html_(self) -> str:
        from hrtem_bench.report.html_elements import element, join, text

        rows = zip(*self.values(), strict=True)
        head = element("tr", join(element("th", text(name)) for name in self))
        body = join(element("tr", join(element("td", text(_shown(value))) for value in row)) for row in rows)
        return str(element("table", head, body))


def table_of(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Rows as columns; a name that a row lacks, or has as None, is NaN there."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({
        name: np.array([np.nan if row.get(name) is None else row[name] for row in rows]) for name in names
    })  # fmt: skip


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, np.floating) else str(value)
