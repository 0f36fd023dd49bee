"""The classical baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from disc_track import DiscTrack

from baselines.otsu.model import maps, otsu_threshold, predict, separation
from hrtem_bench.models.submission import load_submission


def test_the_threshold_maximises_the_variance_between_classes() -> None:
    """Against every possible split of the values, by the definition (Otsu 1979), but for the binning."""
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 1, 300), rng.normal(4, 1.5, 150)])

    def between(threshold: float) -> float:
        low, high = values[values <= threshold], values[values > threshold]
        return len(low) * len(high) * (high.mean() - low.mean()) ** 2

    best = max(np.sort(values)[:-1], key=between)
    assert between(otsu_threshold(values)) > 0.995 * between(best)


def test_two_separate_classes_are_split_in_the_middle() -> None:
    assert otsu_threshold(np.repeat([0.0, 1.0], 50)) == pytest.approx(0.5, abs=0.01)


def test_the_variance_of_white_noise_and_of_a_cosine() -> None:
    """White noise of variance v has v; a cosine of amplitude a, many periods to a window, a²/2."""
    noise = np.random.default_rng(0).normal(0, 2, (256, 256)).astype(np.float32)
    assert np.exp(maps(noise)["variance"]).mean() == pytest.approx(4, rel=0.02)
    y = np.arange(128)[:, None] * 0.4 + np.zeros(128)
    cosine = (3 * np.cos(2 * np.pi * y / 2.0)).astype(np.float32)
    np.testing.assert_allclose(np.exp(maps(cosine)["variance"])[30:-30], 4.5, rtol=1e-3)


def test_a_slope_has_no_variance_and_no_energy() -> None:
    ramp = (np.linspace(-1, 1, 128)[:, None] + np.zeros((128, 128))).astype(np.float32)
    assert all(maps(ramp)[name][40:-40].max() < np.log(1e-6) for name in ("variance", "energy"))


def test_the_separation_of_two_normal_classes() -> None:
    generator = np.random.default_rng(0)
    values = np.concatenate([generator.normal(0, 1, 20_000), generator.normal(8, 1, 20_000)])
    assert separation(values, 4.0) == pytest.approx(8, rel=0.02)
    assert separation(values, 100.0) == 0


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_smooth_particle_is_found_in_either_polarity(sign: int) -> None:
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:160, :160]
    disc = np.hypot(y - 70, x - 90) < 30
    image = (sign * 1.0 * disc + 0.5 * generator.standard_normal(disc.shape)).astype(np.float32)
    particle = predict(image[None])[0] > 0.5
    assert 2 * (particle & disc).sum() / (particle.sum() + disc.sum()) > 0.9


def test_it_finds_fringed_discs() -> None:
    for sample in replace(DiscTrack(), size=128).rows("test"):
        image = ((sample.image - sample.image.mean()) / sample.image.std())[None]
        particle = predict(image)[0] > 0.5
        assert 2 * (particle & (sample.mask > 0)).sum() / (particle.sum() + sample.mask.sum()) > 0.8


def test_a_constant_image_is_undecided() -> None:
    np.testing.assert_allclose(predict(np.zeros((1, 32, 32), np.float32)), 0.5)


def test_it_loads_by_name() -> None:
    submission = load_submission("otsu")
    images = np.random.default_rng(1).standard_normal((3, 40, 56)).astype(np.float32)
    answer = submission.predict(images)
    assert answer.shape == images.shape
    assert answer.dtype == np.float32
    assert np.all((answer >= 0) & (answer <= 1))
    assert submission.parameters is None
    assert submission.trained_on is None
