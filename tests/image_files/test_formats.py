"""MRC, Berkeley's EMD, TIA's series and TIFF as many programs write them; files that are damaged or cut off."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from microscope_files import write_dm, write_emd, write_mrc, write_ser

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.axes import LENGTHS, unit_name
from hrtem_bench.image_files.opening import open_images, stated_pixel_size
from hrtem_bench.image_files.recordings import open_labels, open_recording

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("rsciio")
h5py = pytest.importorskip("h5py")

IMAGE = np.arange(8 * 12, dtype=np.float32).reshape(8, 12)
MOVIE = np.random.default_rng(0).poisson(100, (6, 16, 20)).astype(np.uint16)
SIGNED = np.arange(-48, 48, dtype=np.int8).reshape(8, 12)
IMOD, FLAG_SIGNED, FLAG_UNSIGNED = struct.pack("<i", 1146047817), struct.pack("<i", 1), struct.pack("<i", 0)


def images(path: Path) -> np.ndarray:
    return np.stack([one.image for one in open_recording(path, 0.2)])


@pytest.mark.parametrize("names", ["yx", "xy"])
def test_emd_images_go_by_the_names_of_their_dimensions(names: str, tmp_path: Path) -> None:
    write_emd(tmp_path / "a.emd", IMAGE, 0.02, names=names)
    found = open_recording(tmp_path / "a.emd")
    np.testing.assert_array_equal(images(tmp_path / "a.emd"), IMAGE[None])
    assert found.pixel_size == pytest.approx(0.2)


@pytest.mark.parametrize("names", ["tyx", "xyt", "ytx", "yxt", "   "])
def test_emd_movies_go_by_the_names_of_their_dimensions(names: str, tmp_path: Path) -> None:
    """Without names, the last dimension is x."""
    write_emd(tmp_path / "a.emd", MOVIE, 0.02, names=names)
    np.testing.assert_array_equal(images(tmp_path / "a.emd"), MOVIE)


@pytest.mark.parametrize("unit", ["n_m", "[n_m]", "nm", "nanometer", "Nanometres"])
def test_emd_units(unit: str, tmp_path: Path) -> None:
    write_emd(tmp_path / "a.emd", IMAGE, 0.02, unit, "yx")
    assert open_recording(tmp_path / "a.emd").pixel_size == pytest.approx(0.2)


def test_an_emd_that_does_not_hold_its_data(tmp_path: Path) -> None:
    """Never written, or in other files: neither allocates."""
    with h5py.File(tmp_path / "a.emd", "w") as file:
        group = file.create_group("data/one")
        group.attrs["emd_group_type"] = 1
        group.create_dataset("data", shape=(10**6, 10**4, 10**4), dtype="f4", chunks=(1, 64, 64))
    with pytest.raises(InputError, match="does not hold them"):
        open_images(tmp_path / "a.emd")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (SIGNED, {}),
        (SIGNED, {"at_152": IMOD + FLAG_SIGNED}),
        (SIGNED, {"at_76": struct.pack("<2f", -48, 47)}),
        (SIGNED.view(np.uint8), {"at_152": IMOD + FLAG_UNSIGNED}),
        (SIGNED.view(np.uint8), {"at_76": struct.pack("<2f", 0, 255)}),
    ],
)
def test_bytes_of_mrc_keep_their_sign(image: np.ndarray, words: dict[str, bytes], tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", image, 0.2, **words)
    np.testing.assert_array_equal(images(tmp_path / "a.mrc")[0], image)


@pytest.mark.parametrize("kind", ["<i2", ">i2", "<f4", ">f4", "<u2", ">u2", "<i4", ">i4", "<f2", ">f2"])
@pytest.mark.parametrize("stamped", [True, False])
def test_mrc_modes_and_byte_orders(kind: str, stamped: bool, tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", IMAGE.astype(kind), 0.2, **({} if stamped else {"at_212": b"\0\0"}))
    np.testing.assert_array_equal(images(tmp_path / "a.mrc")[0], IMAGE)
    assert open_recording(tmp_path / "a.mrc").pixel_size == pytest.approx(0.2)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("stated", [2e-11, 0.0])
def test_the_extended_header_of_fei(order: str, stated: float, tmp_path: Path) -> None:
    """It has 1024 blocks of 128 bytes of floats, the twelfth of each the pixel size in m (FEI's description of MRC)."""
    block = np.zeros((1024, 32), f"{order}f4")
    block[:, 11] = stated
    write_mrc(tmp_path / "a.mrc", IMAGE.astype(f"{order}f4"), 0.0, at_92=struct.pack(f"{order}i", block.nbytes))
    content = (tmp_path / "a.mrc").read_bytes()
    (tmp_path / "a.mrc").write_bytes(content[:1024] + block.tobytes() + content[1024:])
    np.testing.assert_array_equal(images(tmp_path / "a.mrc")[0], IMAGE)
    if stated:
        assert open_recording(tmp_path / "a.mrc").pixel_size == pytest.approx(0.2)
    else:
        with pytest.raises(InputError, match="does not say its pixel size"):
            open_recording(tmp_path / "a.mrc")


def test_an_extended_header_that_is_not_there(tmp_path: Path) -> None:
    for length in (131072, 2**31 - 1):
        write_mrc(tmp_path / "a.mrc", IMAGE, 0.2, at_92=struct.pack("<i", length))
        with pytest.raises(InputError, match="is cut off"):
            open_images(tmp_path / "a.mrc")


@pytest.mark.parametrize("mode", [5, 8, 16, 102, -1])
def test_modes_of_mrc_that_are_not_read(mode: int, tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", IMAGE, 0.2, at_12=struct.pack("<i", mode))
    with pytest.raises(InputError, match=r"its mode none of 0, 1, 2|holds colours"):
        open_images(tmp_path / "a.mrc")


def test_mrc_of_four_bits(tmp_path: Path) -> None:
    """The first pixel of a byte is its lower half, and rows are filled up, as IMOD says of mode 101."""
    image = np.random.default_rng(0).integers(0, 16, (3, 8, 11), np.uint8)
    padded = np.pad(image, ((0, 0), (0, 0), (0, 1)))
    packed = padded[..., ::2] | padded[..., 1::2] << 4
    write_mrc(tmp_path / "a.mrc", packed, 0.2, at_0=struct.pack("<4i", 11, 8, 3, 101))
    np.testing.assert_array_equal(images(tmp_path / "a.mrc"), image)


def test_mrc_that_is_no_image_says_what_it_is(tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", IMAGE.astype("c8"), 0.2)
    with pytest.raises(InputError, match="holds complex values"):
        open_images(tmp_path / "a.mrc")
    write_mrc(tmp_path / "b.mrc", IMAGE, 0.2, at_0=struct.pack("<4i", 0, 0, 0, 2))
    with pytest.raises(InputError, match="it is empty"):
        open_images(tmp_path / "b.mrc")


def test_a_mask_of_imod_is_a_label(tmp_path: Path) -> None:
    """IMOD stores 0 and 1 as -128 and -127."""
    mask = np.hypot(*(np.mgrid[:16, :16] - 8)) < 5
    (tmp_path / "labels").mkdir()
    write_mrc(tmp_path / "labels" / "a.mrc", mask.astype(np.int8) - np.int8(127) - np.int8(1), 0.2)
    np.save(tmp_path / "a.npy", np.zeros(mask.shape))
    found = open_labels(tmp_path / "labels", open_recording(tmp_path / "a.npy", 0.2)).instances(0)
    np.testing.assert_array_equal(found > 0, mask)


@pytest.mark.parametrize("version", [0x0210, 0x0220])
@pytest.mark.parametrize("count", [1, 6])
def test_tia_series_are_read_as_rosettasciio_reads_them(count: int, version: int, tmp_path: Path) -> None:
    from rsciio.tia import file_reader

    write_ser(tmp_path / "a.ser", MOVIE[:count], 2e-11, version)
    (judge,) = file_reader(str(tmp_path / "a.ser"))
    found = open_recording(tmp_path / "a.ser")
    np.testing.assert_array_equal(images(tmp_path / "a.ser"), judge["data"].reshape(MOVIE[:count].shape))
    np.testing.assert_array_equal(images(tmp_path / "a.ser"), MOVIE[:count])
    assert found.pixel_size == pytest.approx(0.2) == 10 * judge["axes"][-1]["scale"]


def test_a_tia_series_of_diffraction_patterns(tmp_path: Path) -> None:
    write_ser(tmp_path / "a.ser", MOVIE, 2e7)
    with pytest.raises(InputError, match="pixels in 1/m"):
        open_recording(tmp_path / "a.ser")


TIFFS = {
    "plain": {}, "deflated": {"compression": "zlib"}, "large": {"compression": "zlib", "bigtiff": True},
    "imagej": {"imagej": True}, "ome": {"ome": True, "compression": "zlib"},
}  # fmt: skip


@pytest.mark.parametrize("share", [0.04, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("kind", [*TIFFS, "mrc", "emd", "ser", "dm3", "dm4", "npy"])
def test_a_file_that_is_cut_off_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"a.{'tif' if kind in TIFFS else kind}"
    if kind in TIFFS:
        tifffile.imwrite(path, MOVIE, photometric="minisblack", **TIFFS[kind])
    elif kind in ("dm3", "dm4"):
        write_dm(path, MOVIE, 0.02, "nm", int(kind[-1]))
    elif kind == "npy":
        np.save(path, MOVIE)
    else:
        {"mrc": write_mrc, "emd": write_emd, "ser": write_ser}[kind](path, MOVIE, 0.2)
    assert len(open_images(path)) == 6
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=r"cut off|cannot be read") as error:
        open_images(path)
    assert "\n" not in str(error.value)


def test_fewer_pages_than_a_tiff_says(tmp_path: Path) -> None:
    """The first page ends the chain, as after a repair that drops what is damaged."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, MOVIE, photometric="minisblack", compression="zlib")
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * entries, 0)
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds 6 images, and 1 are there"):
        open_images(path)


def test_pages_that_follow_each_other_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, MOVIE[0], photometric="minisblack")
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    path.write_bytes(content)
    with pytest.raises(InputError, match="without an end"):
        open_images(path)


@pytest.mark.parametrize(
    ("size", "unit"), [(0.02, "nm"), (2e-5, None), (0.2, "Å"), (20.0, "pm")]
)  # the OME model's own unit is µm
def test_the_physical_size_of_an_ome_tiff(size: float, unit: str | None, tmp_path: Path) -> None:
    stated = {f"PhysicalSize{side}": size for side in "XY"} | {"axes": "TYX"}
    stated |= {f"PhysicalSize{side}Unit": unit for side in "XY"} if unit else {}
    tifffile.imwrite(tmp_path / "a.ome.tif", MOVIE, photometric="minisblack", metadata=stated, ome=True)
    assert open_recording(tmp_path / "a.ome.tif").pixel_size == pytest.approx(0.2)
    np.testing.assert_array_equal(images(tmp_path / "a.ome.tif"), MOVIE)


@pytest.mark.parametrize(("unit", "per_unit"), [("nanometer", 50.0), ("microns", 5e4), ("micron", 5e4), ("pm", 0.05)])
def test_units_spelled_out_by_imagej(unit: str, per_unit: float, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, imagej=True, resolution=(per_unit, per_unit), metadata={"unit": unit})
    assert stated_pixel_size(open_images(tmp_path / "a.tif")) == pytest.approx(0.2, rel=1e-4)


def test_names_of_units() -> None:
    known = {
        "Nanometers": 10.0,
        "[u_m]": 1e4,
        "μm": 1e4,
        "\\u00B5m": 1e4,
        "\u212b": 1.0,
        "Angstroms": 1.0,
        "metres": 1e10,
    }
    assert {text: LENGTHS[unit_name(text)] for text in known} == known
    for text in ("[1_/_n_m]", "1/nm", "mrad", "MM", "counts"):
        assert unit_name(text) not in LENGTHS


def test_headers_that_promise_too_much_do_not_allocate(tmp_path: Path) -> None:
    tiny = np.zeros((8, 8), np.float32)
    write_mrc(tmp_path / "a.mrc", tiny, 0.2, at_0=struct.pack("<4i", 100_000, 100_000, 100_000, 2))
    write_ser(tmp_path / "b.ser", MOVIE[:1], 2e-11)
    content = bytearray((tmp_path / "b.ser").read_bytes())
    place = content.index(struct.pack("<ii", 20, 16))
    struct.pack_into("<ii", content, place, 2**31 - 1, 2**31 - 1)
    (tmp_path / "b.ser").write_bytes(content)
    tracemalloc.start()
    for name in ("a.mrc", "b.ser"):
        with pytest.raises(InputError, match="cut off"):
            open_images(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


@pytest.mark.filterwarnings("error")
def test_a_npy_that_promises_too_much(tmp_path: Path) -> None:
    for shape in ((100_000, 100_000), (10**9, 10**9, 10**9), (-5, 5)):
        with (tmp_path / "a.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        with pytest.raises(InputError, match=r"cannot be read|holds") as caught:
            open_images(tmp_path / "a.npy")
        assert "\n" not in str(caught.value)


def test_a_pixel_size_that_no_micrograph_has(tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", IMAGE, 1e-9)
    with pytest.raises(InputError, match=r"a\.mrc: the pixel size must lie between 0.001 and 10000 Å, not 1e-09"):
        open_recording(tmp_path / "a.mrc")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A pipe would wait for ever, a device never end."""
    os.mkfifo(tmp_path / "pipe.tif")
    (tmp_path / "zero.mrc").symlink_to("/dev/zero")
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "empty.npy").touch()
    for name in ("pipe.tif", "zero.mrc", "folder.npy"):
        with pytest.raises(InputError, match="no regular file"):
            open_images(tmp_path / name)
    with pytest.raises(InputError, match="it is empty"):
        open_images(tmp_path / "empty.npy")


def test_a_tiff_that_unpacks_without_an_end(tmp_path: Path) -> None:
    """Width, length and rows in a strip are made 200,000, which would be 40 GB."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint8), compression="zlib", metadata=None)
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    for place in range(first + 2, first + 2 + 12 * entries, 12):
        (tag,) = struct.unpack_from("<H", content, place)
        if tag in (256, 257, 278):
            struct.pack_into("<HHII", content, place, tag, 4, 1, 200_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match="unpack to 40000000000"):
        open_images(path)
