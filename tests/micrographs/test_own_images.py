"""A user's own micrographs: masks, scores and means, for images of any size and pixel size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import ndimage, stats

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.recordings import Micrograph, open_recording
from hrtem_bench.image_files.saving import tiff_pages
from hrtem_bench.micrographs.segmentation import MicrographScore, score, segment, summarised, write_scores
from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.submission import Submission, load_submission
from hrtem_bench.scoring.metrics import dice


def brightness(images: np.ndarray) -> np.ndarray:
    return (images > 0).astype(np.float32)


def submission(**contract: object) -> Submission:
    plain = Submission("bright", "function", "m:f", brightness, "")
    return replace(plain, contract=InputContract(**contract))  # type: ignore[arg-type]


def discs(shape: tuple[int, int], pixel_size: float = 0.4) -> tuple[Micrograph, np.ndarray]:
    """Two bright discs, and their label."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    r = min(shape) / 5
    label = ndimage.label((np.hypot(y - 1.5 * r, x - 1.5 * r) < r) | (np.hypot(y - 3.7 * r, x - 3.7 * r) < r))[0]
    return Micrograph("two", (label > 0).astype(np.float32), pixel_size), label.astype(np.uint16)


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (1100, 300)])
def test_images_of_any_shape(shape: tuple[int, int]) -> None:
    """The last is larger than the model is given at once."""
    micrograph, label = discs(shape)
    given = []
    one = replace(submission(), predict=lambda images: given.append(images.shape[1:]) or brightness(images))
    found = segment(one, micrograph)
    assert found.probability.shape == shape
    np.testing.assert_array_equal(found.mask, label > 0)
    assert set(given) == ({(512, 512)} if max(shape) > 1024 else {shape})
    scores = score(one, found, label).metrics
    assert scores["dice"] == scores["surface_dice"] == scores["f1"] == 1
    assert scores["nll"] == pytest.approx(0, abs=1e-6)


def test_the_models_pixel_size_decides_what_it_is_given() -> None:
    micrograph, label = discs((80, 80), pixel_size=0.2)
    given = []
    one = submission(pixel_size=0.4)
    one = replace(one, predict=lambda images: given.append(images.shape) or brightness(images))
    found = segment(one, micrograph)
    assert given == [(1, 40, 40)]
    assert dice(found.mask, label > 0) > 0.95


def test_means_are_over_micrographs_with_students_interval_nearly() -> None:
    values = np.random.default_rng(0).normal(0.7, 0.05, 30)
    scores = [
        MicrographScore(name=f"m{i}", pixel_size=0.2, metrics={"dice": float(v), "nll": None})
        for i, v in enumerate(values)
    ]
    found = summarised(submission(), scores, "hrtem-bench evaluate x")
    assert set(found.means) == {"dice"}
    mean = found.means["dice"]
    low, high = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert (mean.value, mean.low, mean.high) == pytest.approx((values.mean(), low, high), abs=0.004)
    assert summarised(submission(), scores[:1], "").means["dice"].low is None


def test_frames_of_a_stack_are_drawn_together() -> None:
    """Ten frames that say the same add nothing to what one of them says."""
    values = np.random.default_rng(1).normal(0.7, 0.05, 12)
    once = [MicrographScore(name=f"m{i}", pixel_size=0.2, metrics={"dice": v}) for i, v in enumerate(values)]
    tenfold = [
        MicrographScore(name=one.name, frame=frame, pixel_size=0.2, metrics=one.metrics)
        for one in once
        for frame in range(1, 11)
    ]
    means = [summarised(submission(), scores, "").means["dice"] for scores in (once, tenfold)]
    assert msgspec.structs.astuple(means[0]) == pytest.approx(msgspec.structs.astuple(means[1]))
    assert summarised(submission(), tenfold[:10], "").means["dice"].low is None


def test_files_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tifffile")
    mask = np.zeros((16, 24), bool)
    mask[3:9, 4:12] = True
    with tiff_pages(tmp_path / "a.tif", mask.shape, "uint8", 0.25) as pages:
        pages[0] = 255 * mask
    (found,) = open_recording(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.image, 255 * mask)
    assert found.pixel_size == pytest.approx(0.25, rel=1e-4)
    scores = summarised(submission(), [MicrographScore(name="a", pixel_size=0.2, metrics={"dice": 1.0})], "x")
    path = write_scores(tmp_path, scores)
    assert json.loads(path.read_text()) == msgspec.to_builtins(scores)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "micrographs.json"]


def test_a_folder_of_predictions_cannot_segment(tmp_path: Path) -> None:
    (tmp_path / "p" / "c").mkdir(parents=True)
    np.save(tmp_path / "p" / "c" / "s.npy", np.zeros((8, 8), np.float32))
    with pytest.raises(InputError, match="cannot be given images"):
        segment(load_submission(str(tmp_path / "p")), discs((16, 16))[0])
