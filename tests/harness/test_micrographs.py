"""Reading micrographs: every format gives the same image and pixel size; what cannot be used is one line."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.harness.micrographs import find_micrographs, read_label, read_micrograph

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("rsciio")

IMAGE = np.arange(96, dtype=np.float32).reshape(8, 12)


def mrc(path: Path) -> None:
    """After the MRC2014 format: 1024 bytes of header, cell in Å, then float32 rows."""
    head = bytearray(1024)
    struct.pack_into("<10i", head, 0, 12, 8, 1, 2, 0, 0, 0, 12, 8, 1)
    struct.pack_into("<6f", head, 40, 12 * 0.2, 8 * 0.2, 1, 90, 90, 90)
    struct.pack_into("<3i", head, 64, 1, 2, 3)
    head[208:216] = b"MAP \x44\x44\0\0"
    path.write_bytes(bytes(head) + IMAGE.astype("<f4").tobytes())


def emd(path: Path) -> None:
    """As Berkeley's EMD 0.2: a group with the data, (x, y), and a dimension vector for each axis."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs.update({"version_major": 0, "version_minor": 2})
        group = file.create_group("signals/image")
        group.attrs["emd_group_type"] = 1
        group["data"] = IMAGE.T
        for index, (name, size) in enumerate((("x", 12), ("y", 8)), start=1):
            group[f"dim{index}"] = 0.02 * np.arange(size)
            group[f"dim{index}"].attrs.update({"name": name, "units": "[n_m]"})


def imagej(path: Path) -> None:
    tifffile.imwrite(path, IMAGE, imagej=True, resolution=(50.0, 50.0), metadata={"unit": "nm"})


WRITERS: dict[str, Callable[[Path], None]] = {"mrc": mrc, "emd": emd, "tif": imagej}


@pytest.mark.parametrize("suffix", WRITERS)
def test_formats_that_state_their_pixel_size(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    WRITERS[suffix](path)
    found = read_micrograph(path)
    np.testing.assert_array_equal(found.image, IMAGE)
    assert found.image.dtype == np.float32
    assert found.pixel_size == pytest.approx(0.2, rel=1e-6)
    assert found.name == "a"
    assert read_micrograph(path, 0.3).pixel_size == 0.3


@pytest.mark.parametrize("suffix", ["dm3", "dm4"])
def test_dm_files_go_through_their_reader(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture beside a one-pixel-high profile, as such files may hold."""
    axes = [{"size": n, "scale": 0.02, "units": "nm"} for n in IMAGE.shape]
    line = {"data": IMAGE[0], "axes": axes[1:]}
    monkeypatch.setattr(
        "rsciio.digitalmicrograph.file_reader", lambda name: [{"data": IMAGE[None], "axes": [axes[0], *axes]}, line]
    )
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"")
    found = read_micrograph(path)
    np.testing.assert_array_equal(found.image, IMAGE)
    assert found.pixel_size == pytest.approx(0.2)


def test_formats_without_a_pixel_size_need_one(tmp_path: Path) -> None:
    from PIL import Image

    counts = IMAGE.astype(np.uint8)
    np.save(tmp_path / "a.npy", counts)
    Image.fromarray(counts).save(tmp_path / "b.png")
    Image.fromarray(counts).convert("RGB").save(tmp_path / "c.png")
    tifffile.imwrite(tmp_path / "d.tif", counts)
    for path in find_micrographs([tmp_path]):
        with pytest.raises(InputError, match="give --pixel-size"):
            read_micrograph(path)
        np.testing.assert_array_equal(read_micrograph(path, 0.2).image, counts)


@pytest.mark.parametrize("unit", ["nm", "Å", "µm", "pm", "m"])
def test_units_of_length(unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metres = {"nm": 1e-9, "Å": 1e-10, "µm": 1e-6, "pm": 1e-12, "m": 1.0}[unit]
    axes = [{"size": n, "scale": 2e-11 / metres, "units": unit} for n in IMAGE.shape]
    monkeypatch.setattr("rsciio.digitalmicrograph.file_reader", lambda name: [{"data": IMAGE, "axes": axes}])
    (tmp_path / "a.dm4").write_bytes(b"")
    assert read_micrograph(tmp_path / "a.dm4").pixel_size == pytest.approx(0.2)


def objects(path: Path) -> None:
    np.save(path, np.array([["x"]], dtype=object), allow_pickle=True)


def colour(path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)).save(path)


def saved(value: Any) -> Callable[[Path], None]:
    return lambda path: np.save(path, value)


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("a.npy", objects, "cannot be read"),
        ("a.npy", saved(np.full((9, 9), np.nan)), "NaN or infinity"),
        ("a.npy", saved(np.zeros((3, 16, 16))), "3 x 16 x 16"),
        ("a.npy", saved(np.zeros((4, 16))), "4 x 16"),
        ("a.npy", saved(np.zeros((9, 9), complex)), "complex128"),
        ("a.png", colour, "16 x 16 x 3"),
        ("a.tif", lambda path: tifffile.imwrite(path, np.zeros((5, 16, 16), np.uint8)), "5 x 16 x 16"),
        ("a.jpg", lambda path: path.write_bytes(b""), "no known format"),
        *((f"a.{suffix}", lambda path: path.write_bytes(b"nonsense" * 30), "cannot be read")
          for suffix in ("tif", "png", "npy", "dm3", "dm4", "mrc", "emd")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(name: str, write: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    with pytest.raises(InputError, match=said) as error:
        read_micrograph(tmp_path / name, 0.2)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


def test_files_are_found_by_format_and_named_once(tmp_path: Path) -> None:
    for name in ("b.tif", "a.PNG", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_micrographs([tmp_path])] == ["a.PNG", "b.tif"]
    (tmp_path / "b.npy").write_bytes(b"")
    with pytest.raises(InputError, match="named b"):
        find_micrographs([tmp_path])
    with pytest.raises(InputError, match="is not there"):
        find_micrographs([tmp_path / "no"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no micrographs"):
        find_micrographs([tmp_path / "empty"])


def test_labels_of_one_value_are_split_into_pieces(tmp_path: Path) -> None:
    label = np.zeros((12, 12), np.uint8)
    label[1:4, 1:4] = label[4, 4] = label[8:11, 8:11] = 255  # the first two touch at a corner
    np.save(tmp_path / "a.npy", label)
    found = read_label(tmp_path, "a", (12, 12))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found > 0, label > 0)
    assert found.max() == 2
    assert found[2, 2] == found[4, 4] != found[9, 9]


def test_labels_of_several_values_are_particles(tmp_path: Path) -> None:
    label = np.zeros((12, 12), np.int32)
    label[1:6, 1:6], label[1:6, 6:9] = 7, 100_000  # they touch, and are told apart
    np.save(tmp_path / "a.npy", label)
    found = read_label(tmp_path, "a", (12, 12))
    assert (found[0, 0], found[2, 2], found[2, 7]) == (0, 1, 2)


def test_a_label_must_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label for a"):
        read_label(tmp_path, "a", (12, 12))
    np.save(tmp_path / "a.npy", np.zeros((12, 13), np.uint8))
    with pytest.raises(InputError, match="12 x 13 pixels, its image 12 x 12"):
        read_label(tmp_path, "a", (12, 12))
    np.save(tmp_path / "a.npy", np.full((12, 12), 0.5))
    with pytest.raises(InputError, match="whole numbers"):
        read_label(tmp_path, "a", (12, 12))
    np.save(tmp_path / "a.npy", np.full((12, 12), -1))
    with pytest.raises(InputError, match="no label"):
        read_label(tmp_path, "a", (12, 12))
