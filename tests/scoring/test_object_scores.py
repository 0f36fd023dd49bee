"""Scores of objects and outlines against torchmetrics, MONAI, scipy, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from hrtem_bench.scoring.objects import object_scores
from hrtem_bench.scoring.outlines import outline, signed_boundary_distance, surface_dice

NAMES = ("precision", "recall", "f1", "panoptic_quality")


def discs(*places: tuple[int, int, int], size: int = 48) -> np.ndarray:
    """Labels of discs (row, column, radius); a later one covers an earlier one."""
    y, x = np.mgrid[:size, :size]
    labels = np.zeros((size, size), int)
    for k, (row, column, radius) in enumerate(places, 1):
        labels[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = k
    return labels


def scores(prediction: np.ndarray, instances: np.ndarray, min_area: float = 0.0) -> dict[str, float]:
    return object_scores(prediction, instances, pixel_size=1.0, min_area=min_area)


TWO = discs((12, 12, 8), (34, 34, 9))


def test_a_perfect_prediction() -> None:
    assert scores(TWO > 0, TWO) == dict.fromkeys(NAMES, 1.0)
    assert surface_dice(TWO, TWO, pixel_size=1.0) == 1


def test_one_found_one_missed_one_invented() -> None:
    prediction = discs((12, 12, 8), (12, 38, 6)) > 0
    assert scores(prediction, TWO) == dict.fromkeys(NAMES, 0.5)


def test_touching_particles_are_separate_objects() -> None:
    """One piece over two touching discs of equal area has an IoU of a half with each, which is no match."""
    touching = np.zeros((20, 20), int)
    touching[5:15, 2:10], touching[5:15, 10:18] = 1, 2
    assert scores(touching > 0, touching) == dict.fromkeys(NAMES, 0.0)
    apart = (touching > 0) & (np.arange(20) != 9)
    assert scores(apart, touching)["f1"] == 1


def test_specks_are_no_objects() -> None:
    prediction = TWO > 0
    prediction[0, 40:44] = True
    assert scores(prediction, TWO)["precision"] == pytest.approx(2 / 3)
    assert scores(prediction, TWO, min_area=5.0)["precision"] == 1
    assert object_scores(prediction, TWO, pixel_size=2.0, min_area=17.0)["precision"] == 1  # 4 pixels of 4 Å²
    assert object_scores(prediction, TWO, pixel_size=2.0, min_area=16.0)["precision"] < 1


@pytest.mark.parametrize(
    ("prediction", "instances", "value"),
    [(0 * TWO, 0 * TWO, 1.0), (TWO, 0 * TWO, 0.0), (0 * TWO, TWO, 0.0), (1 + 0 * TWO, 0 * TWO, 0.0)],
)
def test_the_rule_for_empty_masks(prediction: np.ndarray, instances: np.ndarray, value: float) -> None:
    assert scores(prediction, instances) == dict.fromkeys(NAMES, value)
    assert surface_dice(prediction, instances, pixel_size=1.0) == value


def blobs(rng: np.random.Generator, size: int = 40, share: float = 0.3) -> np.ndarray:
    smooth = ndimage.gaussian_filter(rng.standard_normal((size, size)), 2.5)
    return smooth > np.quantile(smooth, 1 - share)


def test_panoptic_quality_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    detection = pytest.importorskip("torchmetrics.detection")
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(12):
        truth = blobs(rng)
        prediction = truth ^ (rng.random(truth.shape) < 0.03)
        full = np.ones((3, 3))
        instances, pieces = (ndimage.label(one, full)[0] for one in (truth, prediction))
        theirs = detection.PanopticQuality(things={1}, stuffs={0}, return_per_class=True)
        pair = (torch.tensor(np.stack([one > 0, one], -1)[None].astype(int)) for one in (pieces, instances))
        expected = float(theirs(*pair)[0, 0])
        assert scores(prediction, instances)["panoptic_quality"] == pytest.approx(expected, abs=1e-6)
        compared += expected > 0
    assert compared > 6


def test_matches_agree_with_an_assignment_by_scipy() -> None:
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(1)
    for _ in range(12):
        truth = blobs(rng)
        instances, n_true = ndimage.label(truth, np.ones((3, 3)))
        pieces, n_predicted = ndimage.label(np.roll(truth, 1, axis=0), np.ones((3, 3)))
        iou = np.array([
            [np.sum(p & t) / np.sum(p | t) for t in (instances == k for k in range(1, n_true + 1))]
            for p in (pieces == k for k in range(1, n_predicted + 1))
        ])  # fmt: skip
        rows, columns = linear_sum_assignment(-(iou > 0.5).astype(float))
        matches = int((iou[rows, columns] > 0.5).sum())
        ours = scores(pieces > 0, instances)
        assert ours["precision"] == pytest.approx(matches / n_predicted)
        assert ours["recall"] == pytest.approx(matches / n_true)


def without_small(labels: np.ndarray, least: int) -> np.ndarray:
    areas = [int((labels == k).sum()) for k in range(labels.max() + 1)]
    return labels * np.array([area >= least for area in areas])[labels]


def test_noise_of_more_pairs_of_objects_than_pixels() -> None:
    """Specks left out by hand give the same as specks left out by their area, in images and in mere noise."""
    rng = np.random.default_rng(5)
    for share in (0.2, 0.3):
        prediction, truth = rng.random((2, 64, 64)) < share
        instances, count = ndimage.label(truth)
        pieces, pieces_count = ndimage.label(prediction, np.ones((3, 3)))
        assert count * pieces_count > prediction.size
        instances[:20, :20], pieces[:20, :20] = 1, 1
        ours = scores(pieces > 0, instances, min_area=5.0)
        kept = without_small(ndimage.label(pieces > 0, np.ones((3, 3)))[0], 5)
        assert ours == scores(kept > 0, without_small(instances, 5))
        assert 0 < ours["panoptic_quality"] < 1


def test_a_shift_within_the_tolerance_costs_nothing_and_beyond_it_much() -> None:
    square = np.zeros((60, 60), bool)
    square[20:40, 20:40] = True
    shifted = np.roll(square, 3, axis=1)
    assert surface_dice(shifted, square, pixel_size=0.5, tolerance=1.5) == 1
    assert surface_dice(shifted, square, pixel_size=0.5, tolerance=1.4) < 0.7
    assert surface_dice(square, shifted, pixel_size=0.5, tolerance=1.4) == surface_dice(
        shifted, square, pixel_size=0.5, tolerance=1.4
    )


@given(arrays(bool, (9, 8), elements=st.booleans()), arrays(bool, (9, 8), elements=st.booleans()))
def test_surface_dice_agrees_with_distance_transforms(prediction: np.ndarray, mask: np.ndarray) -> None:
    """Erosion and exact Euclidean distance transforms by scipy, in place of our outlines and trees."""
    edges = [one & ~ndimage.binary_erosion(one, border_value=1) for one in (prediction, mask)]
    if not edges[0].any() or not edges[1].any():
        return
    away = [ndimage.distance_transform_edt(~edge) * 0.4 for edge in edges]
    near = (away[1][edges[0]] <= 0.6).sum() + (away[0][edges[1]] <= 0.6).sum()
    ours = surface_dice(prediction, mask, pixel_size=0.4, tolerance=0.6)
    assert ours == pytest.approx(near / (edges[0].sum() + edges[1].sum()))


@pytest.mark.parametrize("reach", [1.0, 5.0, 6.25, 13.0, 20.0, 45.5, 200.0])
def test_surface_dice_at_any_reach_agrees_with_distance_transforms(reach: float) -> None:
    """In pixels; 5 and 13 are distances of pixels to the bit (3, 4, 5 and 5, 12, 13), 200 is more than the image."""
    rng = np.random.default_rng(3)
    for density in (0.0005, 0.003):
        prediction, mask = (ndimage.binary_dilation(rng.random((80, 110)) < density, iterations=3) for _ in range(2))
        edges = [one & ~ndimage.binary_erosion(one, border_value=1) for one in (prediction, mask)]
        away = [ndimage.distance_transform_edt(~edge) for edge in edges]
        near = (away[1][edges[0]] <= reach).sum() + (away[0][edges[1]] <= reach).sum()
        ours = surface_dice(prediction, mask, pixel_size=0.5, tolerance=0.5 * reach)
        assert ours == pytest.approx(near / (edges[0].sum() + edges[1].sum()))


def test_surface_dice_agrees_with_monai() -> None:
    """Away from the image's edge, which MONAI takes for an outline."""
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(2)
    for _ in range(10):
        pair = [np.pad(blobs(rng), 4) for _ in range(2)]
        tensors = [torch.tensor(np.stack([~one, one])[None].astype(np.float32)) for one in pair]
        theirs = metrics.compute_surface_dice(*tensors, class_thresholds=[2.5], include_background=False, spacing=0.7)
        assert surface_dice(*pair, pixel_size=0.7, tolerance=2.5) == pytest.approx(float(theirs), abs=1e-6)


def test_the_edge_of_the_image_is_no_outline() -> None:
    half = np.zeros((10, 12), bool)
    half[:, :5] = True
    assert {tuple(place) for place in np.argwhere(outline(half))} == {(row, 4) for row in range(10)}
    assert not outline(np.ones((4, 4), bool)).any()
    assert surface_dice(np.ones((4, 4)), np.zeros((4, 4)), pixel_size=1.0) == 0
    assert surface_dice(np.ones((4, 4)), np.ones((4, 4)), pixel_size=1.0) == 1


def square(margin: int) -> np.ndarray:
    """A square of 20 pixels in 64, grown by `margin` on each side."""
    region = np.zeros((64, 64), bool)
    region[22 - margin : 42 + margin, 22 - margin : 42 + margin] = True
    return region


@pytest.mark.parametrize("margin", [-3, -1, 0, 2, 5])
def test_a_mask_grown_everywhere_lies_beyond_by_about_as_much(margin: int) -> None:
    """Along the sides by exactly so much, towards the corners of the larger one by up to the square root of two."""
    found = signed_boundary_distance(square(margin), square(0), pixel_size=0.5)
    assert abs(found) >= 0.5 * abs(margin) and abs(found) <= 0.5 * abs(margin) * 1.1
    assert np.sign(found) == np.sign(margin)


def test_a_shift_is_neither_beyond_nor_short() -> None:
    assert signed_boundary_distance(np.roll(square(0), 3, axis=1), square(0), pixel_size=0.5) == pytest.approx(0)


@given(arrays(bool, (9, 11)), arrays(bool, (9, 11)))
def test_exchanging_prediction_and_label_changes_the_sign(a: np.ndarray, b: np.ndarray) -> None:
    one, other = (signed_boundary_distance(x, y, pixel_size=0.3) for x, y in ((a, b), (b, a)))
    assert one == pytest.approx(-other, nan_ok=True)


def test_without_an_outline_there_is_no_distance() -> None:
    none, every = np.zeros((8, 8), bool), np.ones((8, 8), bool)
    assert (
        signed_boundary_distance(none, none, pixel_size=1) == signed_boundary_distance(every, every, pixel_size=1) == 0
    )
    for a, b in ((none, every), (none, square(0)[20:28, 20:28]), (square(0), np.zeros((64, 64), bool))):
        assert np.isnan(signed_boundary_distance(a, b, pixel_size=1))
