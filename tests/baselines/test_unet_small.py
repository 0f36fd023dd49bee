"""The small U-Net and its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hrtem_bench.models import read_card
from hrtem_bench.models.shipped_baselines import baseline_folder
from hrtem_bench.models.submission import load_submission

torch = pytest.importorskip("torch")

from baselines.unet_small.model import UNet  # noqa: E402
from hrtem_bench.training.loop import network_probabilities  # noqa: E402


@pytest.fixture(scope="module")
def network() -> UNet:
    torch.manual_seed(0)
    return UNet().eval()


def images(seed: int, *shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_it_has_about_half_a_million_parameters(network: UNet) -> None:
    assert 0.4e6 < sum(p.numel() for p in network.parameters()) < 0.6e6


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 64, 48), (2, 70, 61), (1, 7, 5)])
def test_probabilities_have_the_images_shape(network: UNet, shape: tuple[int, ...]) -> None:
    answer = network_probabilities(network, images(1, *shape))
    assert answer.shape == shape
    assert answer.dtype == np.float32
    assert np.all((answer >= 0) & (answer <= 1))


def test_an_images_answer_does_not_depend_on_its_batch(network: UNet) -> None:
    batch = images(2, 5, 64, 64)
    alone = np.concatenate([network_probabilities(network, image[None]) for image in batch])
    np.testing.assert_allclose(network_probabilities(network, batch), alone, atol=1e-5)


def test_bfloat16_changes_little(network: UNet) -> None:
    batch = images(4, 2, 64, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network_probabilities(network, batch)
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, network_probabilities(network, batch), atol=0.03)


def test_other_sizes_are_reflected_at_the_lower_and_right_edges(network: UNet) -> None:
    image = images(3, 1, 31, 27)
    padded = np.pad(image, ((0, 0), (0, 1), (0, 5)), mode="reflect")
    np.testing.assert_allclose(
        network_probabilities(network, image), network_probabilities(network, padded)[:, :31, :27], atol=1e-6
    )


def test_the_shipped_weights_are_loaded() -> None:
    model = load_submission("unet_small")
    assert model.parameters == sum(p.numel() for p in UNet().parameters())
    folder = baseline_folder("unet_small")
    assert folder is not None
    record = read_card(folder).trained_on
    assert record is not None and record.track == "defocus"
