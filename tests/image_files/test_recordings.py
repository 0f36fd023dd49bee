"""Reading micrographs: every format gives the same image and pixel size; what cannot be used is one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from microscope_files import write_dm, write_emd, write_mrc, write_ser

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.recordings import Micrograph, find_micrographs, open_labels, open_recording

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("rsciio")
pytest.importorskip("h5py")

IMAGE = np.arange(96, dtype=np.float32).reshape(8, 12)


STACK = np.stack([IMAGE, 2 * IMAGE[::-1], IMAGE + 3, IMAGE[:, ::-1], -IMAGE])


def imagej(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path, image, imagej=True, resolution=(50.0, 50.0), metadata={"unit": "nm"})


def read_micrograph(path: Path, pixel_size: float | None = None) -> Micrograph:
    (micrograph,) = open_recording(path, pixel_size)
    return micrograph


def read_label(folder: Path, name: str, shape: tuple[int, int]) -> np.ndarray:
    """The label of an image of this shape."""
    (folder / "images").mkdir(exist_ok=True)
    np.save(folder / "images" / f"{name}.npy", np.zeros(shape))
    return open_labels(folder, open_recording(folder / "images" / f"{name}.npy", 0.4)).instances(0)


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "mrc": lambda path, image: write_mrc(path, image, 0.2),
    "mrcs": lambda path, image: write_mrc(path, image, 0.2),
    "emd": lambda path, image: write_emd(path, image, 0.02),
    "ser": lambda path, image: write_ser(path, image if image.ndim == 3 else image[None], 2e-11),
    "dm3": lambda path, image: write_dm(path, image, 0.02, "nm", 3),
    "dm4": lambda path, image: write_dm(path, image, 0.02, "nm", 4),
    "tif": imagej,
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_formats_that_state_their_pixel_size(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    WRITERS[suffix](path, IMAGE)
    found = read_micrograph(path)
    np.testing.assert_array_equal(found.image, IMAGE)
    assert found.image.dtype == np.float32
    assert found.pixel_size == pytest.approx(0.2, rel=1e-6)
    assert (found.name, found.frame) == ("a", None)
    assert read_micrograph(path, 0.3).pixel_size == 0.3


@pytest.mark.parametrize("suffix", [*WRITERS, "npy"])
def test_every_frame_of_a_stack_is_a_micrograph(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"movie.{suffix}"
    WRITERS.get(suffix, np.save)(path, STACK)
    found = open_recording(path, None if suffix in WRITERS else 0.2)
    assert len(found) == 5
    assert found.pixel_size == pytest.approx(0.2, rel=1e-6)
    for index, micrograph in enumerate(found):
        np.testing.assert_array_equal(micrograph.image, STACK[index])
        assert (micrograph.name, micrograph.frame) == ("movie", index + 1)


def test_pages_written_one_by_one_are_a_stack(tmp_path: Path) -> None:
    """Compressed, so that the file cannot be mapped."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for frame in STACK:
            file.write(frame, compression="zlib")
    np.testing.assert_array_equal([one.image for one in open_recording(tmp_path / "a.tif", 0.2)], STACK)


def test_three_images_are_no_colours(tmp_path: Path) -> None:
    """tifffile describes them as the planes of a colour picture."""
    with pytest.warns(DeprecationWarning, match="RGB"):
        tifffile.imwrite(tmp_path / "a.tif", STACK[:3].astype(np.uint8))
    found = [one.image for one in open_recording(tmp_path / "a.tif", 0.2)]
    np.testing.assert_array_equal(found, STACK[:3].astype(np.uint8))
    with pytest.raises(InputError, match="--pixel-size"):
        open_recording(tmp_path / "a.tif")


def test_frames_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    stack = STACK.copy()
    stack[3, 0, 0] = np.nan
    np.save(tmp_path / "a.npy", stack)
    frames = iter(open_recording(tmp_path / "a.npy", 0.2))
    for _ in range(3):
        next(frames)
    with pytest.raises(InputError, match="in frame 4"):
        next(frames)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_dm_numbers_of_every_kind_keep_their_sign(kind: str, version: int, tmp_path: Path) -> None:
    image = np.arange(-48, 48).reshape(8, 12).astype(kind)  # the unsigned wrap round, to the ends of their range
    path = tmp_path / f"a.dm{version}"
    write_dm(path, image, 0.02, "nm", version)
    np.testing.assert_array_equal(read_micrograph(path).image, image.astype(np.float32))


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(("unit", "size"), [("nm", 0.02), ("pm", 20.0), ("µm", 2e-5), ("Å", 0.2), ("m", 2e-11)])
def test_dm_units_of_length(unit: str, size: float, version: int, tmp_path: Path) -> None:
    path = tmp_path / f"a.dm{version}"
    write_dm(path, IMAGE, size, unit, version)
    assert read_micrograph(path).pixel_size == pytest.approx(0.2, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "said"), [("1/nm", "pixels in 1/nm"), ("mrad", "pixels in mrad"), ("", "does not say its pixel size")]
)
def test_dm_pixels_that_are_no_length(unit: str, said: str, tmp_path: Path) -> None:
    """A diffraction pattern, or nobody calibrated the camera."""
    write_dm(tmp_path / "a.dm3", IMAGE, 0.02, unit, 3)
    with pytest.raises(InputError, match=f"{said}.*--pixel-size") as error:
        read_micrograph(tmp_path / "a.dm3")
    assert "\n" not in str(error.value)
    assert read_micrograph(tmp_path / "a.dm3", 0.2).pixel_size == 0.2


def test_dm_with_a_fourier_transform_and_a_profile_beside_the_image(tmp_path: Path) -> None:
    write_dm(tmp_path / "a.dm3", IMAGE, 0.02, "nm", 3, np.zeros((8, 8), "c8"), np.zeros(12, "f4"), 0 * IMAGE)
    np.testing.assert_array_equal(read_micrograph(tmp_path / "a.dm3").image, IMAGE)
    write_dm(tmp_path / "b.dm3", np.zeros((8, 8), "c8"), 0.02, "nm", 3)
    with pytest.raises(InputError, match="holds complex 8 x 8"):
        read_micrograph(tmp_path / "b.dm3")


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, imagej=True, resolution=(50.0, 25.0), metadata={"unit": "nm"})
    with pytest.raises(InputError, match=r"0\.4 x 0\.2 Å"):
        read_micrograph(tmp_path / "a.tif")


def test_an_mrc_header_without_a_cell_states_no_pixel_size(tmp_path: Path) -> None:
    write_mrc(tmp_path / "a.mrc", IMAGE, 0.0)
    with pytest.raises(InputError, match="does not say its pixel size"):
        read_micrograph(tmp_path / "a.mrc")


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
        ("a.npy", saved(np.zeros((2, 3, 16, 16))), "2 x 3 x 16 x 16"),
        ("a.npy", saved(np.zeros((0, 16, 16))), "0 x 16 x 16"),
        ("a.npy", saved(np.zeros((4, 16))), "4 x 16"),
        ("a.npy", saved(np.zeros((9, 9), complex)), "complex128"),
        ("a.png", colour, "16 x 16 x 3"),
        ("a.tif", lambda path: tifffile.imwrite(path, np.zeros((5, 2, 16, 16), np.uint8)), "5 x 2 x 16 x 16"),
        ("a.jpg", lambda path: path.write_bytes(b""), "no known format"),
        *((f"a.{suffix}", lambda path: path.write_bytes(b"nonsense" * 30), "cannot be read")
          for suffix in ("tif", "png", "npy", "dm3", "dm4", "mrc", "emd", "ser")),
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


def test_labels_of_a_stack(tmp_path: Path) -> None:
    """One for each frame, or one for all; particles are numbered in each frame."""
    np.save(tmp_path / "a.npy", np.zeros((3, 12, 12)))
    recording = open_recording(tmp_path / "a.npy", 0.4)
    labels = np.zeros((3, 12, 12), np.uint8)
    labels[0, 1:4, 1:4] = labels[2, 6:9, 6:9] = labels[2, 1:3, 1:3] = 1
    (tmp_path / "labels").mkdir()
    tifffile.imwrite(tmp_path / "labels" / "a.tif", labels, photometric="minisblack")
    found = [open_labels(tmp_path / "labels", recording).instances(index) for index in range(3)]
    np.testing.assert_array_equal(np.stack(found) > 0, labels > 0)
    assert [one.max() for one in found] == [1, 0, 2]
    tifffile.imwrite(tmp_path / "labels" / "a.tif", labels[2])
    single = open_labels(tmp_path / "labels", recording)
    assert [single.instances(index).max() for index in range(3)] == [2, 2, 2]
    for wrong, said in ((labels[:2], "2 labels for the 3 images"), (labels[:, :, 1:], "12 x 11 pixels, its image 12")):
        tifffile.imwrite(tmp_path / "labels" / "a.tif", wrong, photometric="minisblack")
        with pytest.raises(InputError, match=said) as error:
            open_labels(tmp_path / "labels", recording)
        assert "\n" not in str(error.value)
    np.save(tmp_path / "labels" / "b.npy", labels)
    np.save(tmp_path / "b.npy", np.zeros((12, 12)))
    with pytest.raises(InputError, match="3 labels for the 1 images"):
        open_labels(tmp_path / "labels", open_recording(tmp_path / "b.npy", 0.4))
