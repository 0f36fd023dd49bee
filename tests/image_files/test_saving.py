"""What `save_image` writes is read back, by this package's readers and by others, with its scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.image_files.opening import open_images, stated_pixel_size

COUNTS = np.random.default_rng(1).poisson(40.0, (48, 64))
INTENSITY = COUNTS / 37.0 - 0.5


@pytest.mark.parametrize("name", ["one.tif", "one.mrc"])
@pytest.mark.parametrize(("image", "kind"), [(COUNTS, np.uint16), (COUNTS.astype(np.float32), np.uint16),
                                             (INTENSITY, np.float32), (COUNTS - 100, np.float32)])  # fmt: skip
@pytest.mark.parametrize("stack", [False, True])
def test_it_is_read_back(tmp_path: Path, name: str, image: np.ndarray, kind: Any, stack: bool) -> None:
    pytest.importorskip("rsciio")
    image = np.stack([image, image[::-1], 2 * image]) if stack else image
    hb.save_image(tmp_path / "new" / name, image, 0.234)
    found = open_images(tmp_path / "new" / name)
    assert stated_pixel_size(found) == pytest.approx(0.234, rel=1e-5)
    assert found.stack == stack and len(found) == (3 if stack else 1)
    for index, expected in enumerate(image if stack else [image]):
        assert found.frame(index).dtype == kind
        np.testing.assert_array_equal(found.frame(index), expected.astype(np.float32))


@pytest.mark.parametrize("suffix", ["tif", "mrc"])
def test_rosettasciio_reads_it_with_its_scale(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("rsciio")
    from rsciio import mrc, tiff

    path = tmp_path / f"one.{suffix}"
    hb.save_image(path, INTENSITY, 0.2)
    (signal,) = {"tif": tiff, "mrc": mrc}[suffix].file_reader(str(path))
    np.testing.assert_allclose(np.squeeze(signal["data"]), INTENSITY, atol=1e-6)
    for axis in [one for one in signal["axes"] if one["size"] > 1]:
        assert axis["units"] == {"tif": None, "mrc": "nm"}[suffix]  # it leaves ImageJ's unit unread
        assert axis["scale"] == pytest.approx(0.02, rel=1e-5)


def test_a_png_is_for_looking_at_and_says_its_scale(tmp_path: Path) -> None:
    hb.save_image(tmp_path / "one.png", INTENSITY, 0.2)
    found = open_images(tmp_path / "one.png")
    assert stated_pixel_size(found) == pytest.approx(0.2)
    low, high = np.percentile(INTENSITY, [1, 99])
    expected = np.clip((INTENSITY - low) / (high - low), 0, 1) * 255
    np.testing.assert_allclose(found.frame(0), expected, atol=0.51)


def test_a_constant_image_is_a_picture_too(tmp_path: Path) -> None:
    hb.save_image(tmp_path / "one.png", np.ones((16, 16)), 1.0)
    assert (open_images(tmp_path / "one.png").frame(0) == 0).all()


@pytest.mark.parametrize(
    ("name", "image", "size", "message"),
    [
        ("one.jpg", COUNTS, 0.2, "must end in"),
        ("one.tif", COUNTS, 0.0, "positive number of Å"),
        ("one.mrc", COUNTS + 1j, 0.2, "no grey image"),
        ("one.mrc", COUNTS[0], 0.2, "no grey image"),
        ("one.png", np.stack([COUNTS, COUNTS]), 0.2, "not a stack"),
    ],
)
def test_what_cannot_be_written_is_one_line(tmp_path: Path, name: str, image: Any, size: float, message: str) -> None:
    with pytest.raises(hb.InputError, match=message):
        hb.save_image(tmp_path / name, image, size)
    assert list(tmp_path.iterdir()) == []
