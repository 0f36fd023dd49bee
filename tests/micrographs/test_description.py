"""The record of what was read off micrographs, and its file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.measurement import Reading
from hrtem_bench.micrographs.description import Description, ImageDescription, read_description


def test_a_file_gives_back_the_record(tmp_path: Path) -> None:
    image = ImageDescription(name="a", frames=2, shape=(64, 80), pixel_size=0.2, grey_mean=3.0, grey_std=1.5)
    told = Description(images=[image], dose=Reading(400.0, 390.0, 410.0, "e/Å²", "mean² over noise"), warnings=["odd"])
    (tmp_path / "description.json").write_bytes(msgspec.json.encode(told))
    assert read_description(tmp_path) == read_description(tmp_path / "description.json") == told


@pytest.mark.parametrize("content", ["{", '{"schema_version": 99}', '{"schema_version": 1, "images": 3}'])
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "description.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"description\.json") as caught:
        read_description(file)
    assert "\n" not in str(caught.value)
