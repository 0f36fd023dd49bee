"""per_image.parquet of other people: columns that are missing, or of another kind, are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.per_image import ImageScores, per_image_columns, read_per_image, write_per_image

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def table(tmp_path: Path) -> Any:
    scores = {"dice": 0.5, "iou": 1 / 3, "nll": None}
    images = [
        ImageScores(structure_id=f"s{i}", condition_id="c", C10=1.0, mask_sha256="0", metrics=scores) for i in range(3)
    ]
    write_per_image(tmp_path / "whole.parquet", per_image_columns(images))
    assert read_per_image(tmp_path / "whole.parquet")["dice"].tolist() == [0.5, 0.5, 0.5]
    return pq.read_table(tmp_path / "whole.parquet")


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("dice", None, "it has no column dice"),
        ("structure_id", None, "it has no column structure_id"),
        ("dice", ["a", "b", "c"], "dice holds texts"),
        ("dice", [[0.5], [0.5], [0.5]], "dice holds lists"),
        ("dice", [[0.5], [0.5, 0.5], [0.5]], "cannot be read"),
        ("condition_id", [1.0, 2.0, 3.0], "condition_id holds no texts"),
        ("condition_id", [None, "c", "c"], "condition_id holds something else than texts"),
        ("condition_id", ["c", "c", "c" * 201], "condition_id holds something else than texts of up to 200"),
    ],
)
def test_columns_that_are_none(name: str, values: list[Any] | None, says: str, table: Any, tmp_path: Path) -> None:
    place = table.column_names.index(name)
    changed = table.remove_column(place) if values is None else table.set_column(place, name, pa.array(values))
    pq.write_table(changed, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=says) as caught:
        read_per_image(tmp_path / "x.parquet")
    assert str(caught.value).startswith(f"{tmp_path / 'x.parquet'} cannot be read: ") and "\n" not in str(caught.value)
