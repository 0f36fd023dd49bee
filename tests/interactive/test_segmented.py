"""`hb.predict`: masks of micrographs by a function that lies in a variable, and its scores where there are labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hrtem_bench as hb

tifffile = pytest.importorskip("tifffile")


def bright(images: np.ndarray) -> np.ndarray:
    return (images > 0).astype(np.float32)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two micrographs in images/, a bright disc in each, and their labels in labels/."""
    y, x = np.mgrid[:64, :64]
    disc = np.hypot(y - 20, x - 24) < 12
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for name in ("one", "two"):
        hb.save_image(tmp_path / "images" / f"{name}.tif", 100.0 + 300.0 * disc, 0.4)
        tifffile.imwrite(tmp_path / "labels" / f"{name}.tif", disc.astype(np.uint8))
    return tmp_path


def test_masks_are_scored_where_there_are_labels(place: Path) -> None:
    found = hb.predict(bright, place / "images", place / "found", labels=place / "labels")
    table = found.table()
    assert table["name"].tolist() == ["one", "two"] and table["dice"].tolist() == [1.0, 1.0]
    mask = tifffile.imread(place / "found" / "one_mask.tif")
    np.testing.assert_array_equal(mask > 0, tifffile.imread(place / "labels" / "one.tif") > 0)
    assert (place / "found" / "two_overlay.png").exists()


def test_without_labels_there_are_masks_alone(place: Path) -> None:
    found = hb.predict(bright, [place / "images" / "one.tif"], place / "found")
    assert (found.files, found.frames, dict(found.table())) == (1, 1, {})
    assert not (place / "found" / "two_mask.tif").exists()


def test_what_is_no_micrograph_is_said(place: Path) -> None:
    with pytest.raises(hb.InputError, match="nothing"):
        hb.predict(bright, place / "nothing", place / "found")


def test_masks_grown_beyond_all_measure_are_refused_before_anything_is_written(place: Path) -> None:
    for offset in (101.0, float("nan")):
        with pytest.raises(hb.InputError, match="edge-offset must lie between -100 and 100"):
            hb.predict(bright, place / "images", place / "found", edge_offset=offset)
    assert not (place / "found").exists()
