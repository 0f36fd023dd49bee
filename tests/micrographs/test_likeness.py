"""Micrographs beside the images of a dataset: what is unlike is said, what a network cannot see is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import toy_datasets
from scipy import ndimage

from hrtem_bench.cli import run
from hrtem_bench.dataset import Track, generate, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.micrographs import compare_images
from hrtem_bench.micrographs.likeness import DISTANCES

tifffile = pytest.importorskip("tifffile")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy dataset with images of 96 x 96 pixels of 0.5 Å."""
    folder = tmp_path_factory.mktemp("likeness") / "toy"
    recipe = toy_datasets.recipe(toy_datasets.TOML.replace("pixels = 32", "pixels = 96"))
    generate(recipe, folder, workers=1, simulate=toy_datasets.simulate)
    return folder


def write(folder: Path, track: Track, changed: object = lambda image: image) -> tuple[Path, Path]:
    """The track's training images as micrographs, each changed, and their masks as labels."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for k, sample in enumerate(track.rows("train")):
        np.save(folder / "images" / f"m{k}.npy", changed(sample.image))  # type: ignore[operator]
        np.save(folder / "labels" / f"m{k}.npy", sample.mask)
    return folder / "images", folder / "labels"


def unlike(found: object) -> set[str]:
    return {one.words for one in found.properties if not one.alike}  # type: ignore[attr-defined]


def test_its_own_images_are_alike_whatever_gain_and_pedestal(data: Path, tmp_path: Path) -> None:
    images, labels = write(tmp_path, open_dataset(data, "defocus"), lambda image: 30 * image + 1000)
    found = compare_images(images, data, pixel_size=0.5, labels=labels)
    assert found.alike
    assert found.verdict == ["nothing that was compared is unlike"]
    assert found.notes == []
    for one in found.properties:
        assert one.images == pytest.approx(one.dataset, rel=1e-4, abs=1e-5)
    assert {"contrast of particles", "skewness of greys"} <= {one.words for one in found.properties}


def test_blurred_images_lack_high_frequencies(data: Path, tmp_path: Path) -> None:
    images, _ = write(tmp_path, open_dataset(data, "defocus"), lambda image: ndimage.gaussian_filter(image, 1.5))
    found = compare_images(images, data, pixel_size=0.5)
    assert "power from 0.5 to 1 1/Å" in unlike(found)
    assert any("less than" in sentence for sentence in found.verdict)
    assert "particles of the micrographs are not known, so contrast, sizes and edges were not compared" in found.notes


def test_white_noise_has_a_power_of_one(data: Path, tmp_path: Path) -> None:
    """Parseval: the mean power over all frequencies is the variance, 1."""
    for k in range(4):
        np.save(tmp_path / f"{k}.npy", np.random.default_rng(k).poisson(50, (128, 128)).astype(np.float32))
    found = compare_images(tmp_path, data, pixel_size=0.5)
    assert found.images.numbers["octave_4"] == pytest.approx(np.ones(4), abs=0.05)
    assert found.images.numbers["octave_3"] == pytest.approx(np.ones(4), abs=0.15)
    assert np.nanmean(found.images.spectra[:, 10:]) == pytest.approx(1, abs=0.05)


def test_contrast_and_edges_of_a_disc_as_it_was_drawn(data: Path, tmp_path: Path) -> None:
    """A disc of 40 Å, two standard deviations of its noise brighter than the ground."""
    y, x = np.mgrid[:128, :128]
    disc = np.hypot(y - 64, x - 64) * 0.5 < 20
    for name, values in (("images", 100 + 10 * np.random.default_rng(0).standard_normal((128, 128)) + 20 * disc),
                         ("labels", disc.astype(np.uint8))):  # fmt: skip
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "disc.npy", values)
    found = compare_images(tmp_path / "images", data, pixel_size=0.5, labels=tmp_path / "labels")
    numbers = found.images.numbers
    assert numbers["contrast"][0] == pytest.approx(2, abs=0.1)
    assert numbers["grain"][0] == pytest.approx(1, abs=0.05)
    assert numbers["diameter"][0] == pytest.approx(40, abs=0.5)
    assert numbers["cover"][0] == pytest.approx(np.pi * 40**2 / 128**2, rel=0.02)
    profile = found.images.profiles[0]
    assert profile[(DISTANCES < -1) & (DISTANCES > -18)] == pytest.approx(2, abs=0.35)
    assert profile[DISTANCES > 1] == pytest.approx(0, abs=0.2)
    assert found.profile_unlike
    assert not found.alike


def test_another_pixel_size_is_resampled_and_said(data: Path, tmp_path: Path) -> None:
    images, _ = write(tmp_path, open_dataset(data, "defocus"), lambda image: np.kron(image, np.ones((2, 2))))
    found = compare_images(images, data, pixel_size=0.25)
    assert found.notes[0] == "micrographs of 0.25 Å per pixel were resampled to the dataset's 0.5 Å"
    assert found.images.images[0].shape == (96, 96)


def test_a_model_says_where_particles_are(data: Path, tmp_path: Path) -> None:
    images, _ = write(tmp_path, open_dataset(data, "defocus"))
    found = compare_images(images, data, pixel_size=0.5, model=lambda given: (given > 1).astype(np.float32))
    assert np.isfinite(found.images.numbers["cover"]).all()


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (np.ones((128, 128)), {}, "is constant"),
        (np.arange(900.0).reshape(30, 30), {}, "64 a side are due"),
        (np.eye(128), {"track": "nothing"}, "nothing"),
        (np.eye(128), {"label_name": "*=*_mask"}, "give their folder too"),
        (np.eye(128), {"model": "otsu", "labels": "."}, "not both"),
    ],
)
def test_what_cannot_be_compared(data: Path, tmp_path: Path, values: np.ndarray, options: dict, said: str) -> None:
    np.save(tmp_path / "one.npy", values)
    with pytest.raises(InputError, match=said):
        compare_images(tmp_path / "one.npy", data, pixel_size=0.5, **options)


def test_the_command_prints_and_writes_a_page(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, labels = write(tmp_path, open_dataset(data, "defocus"))
    page = tmp_path / "page.html"
    command = ["compare-images", str(images), str(data), "--pixel-size", "0.5"]
    assert run([*command, "--labels", str(labels), "--out", str(page)]) == 0
    assert "nothing that was compared is unlike" in capsys.readouterr().out
    assert "nothing that was compared is unlike" in page.read_text("utf-8")
    assert run([*command, "--out", str(tmp_path / "page.pdf")]) == 2
    assert run(["compare-images", str(images), str(tmp_path), "--pixel-size", "0.5"]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 2
