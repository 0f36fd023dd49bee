"""The trial before the long run: companions in a batch, and sides that a network wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import Sample
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.evaluation.preflight import BATCH_TOLERANCE, preflight
from hrtem_bench.models import InputContract, load_submission
from hrtem_bench.models.contract import model_input
from hrtem_bench.models.prediction import ask, predict, with_side_multiple
from hrtem_bench.scoring.options import Options

torch = pytest.importorskip("torch")


def sample(index: int, ny: int = 48, nx: int = 48) -> Sample:
    """A bright disc in Poisson noise, much like every other."""
    rng = np.random.default_rng(index)
    y, x = np.mgrid[:ny, :nx]
    mask = np.hypot(y - rng.uniform(16, 32), x - rng.uniform(16, 32)) < 10
    image = rng.poisson(20 + 10 * mask).astype(np.float32)
    return Sample(f"s{index}", "defocus=0nm", image, mask.astype(np.uint8), mask.astype(np.uint16), Condition())


SAMPLES = [sample(index) for index in range(3)]


class Normalised(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = torch.nn.Conv2d(1, 8, 5, padding=2)
        self.norm = torch.nn.BatchNorm2d(8)
        self.last = torch.nn.Conv2d(8, 1, 1)
        with torch.no_grad():
            for one in (*self.first.parameters(), *self.last.parameters()):
                one.copy_(0.5 * torch.randn(one.shape, generator=generator))

    def forward(self, images: Any) -> Any:
        return torch.sigmoid(self.last(torch.relu(self.norm(self.first(images)))))


def forgotten(net: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The network as somebody's function runs it, in whatever mode it is."""

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return net(torch.from_numpy(images)[:, None]).numpy()  # type: ignore[no-any-return]

    return predict


def test_batch_statistics_are_refused_though_images_are_alike() -> None:
    net = Normalised().train()
    model = load_submission(forgotten(net))
    given = model_input(np.stack([one.image for one in SAMPLES]), model.contract, 0.4)
    beside_its_like = np.abs(ask(model, given)[0] - ask(model, given[:1])[0]).mean()
    assert beside_its_like < 0.01, "images of one condition tell little: that is why others are put beside"
    with pytest.raises(InputError, match=r"with the other images of its batch.*model\.eval\(\)") as caught:
        preflight(model, SAMPLES, 0.4)
    assert "\n" not in str(caught.value)
    preflight(load_submission(forgotten(net.eval())), SAMPLES, 0.4)


def test_a_module_given_as_such_is_put_into_evaluation_mode() -> None:
    net = Normalised().train()
    assert preflight(load_submission(net), SAMPLES, 0.4).warnings == []
    assert net.training and net.norm.training


def test_dropout_and_answers_that_mix_images_are_refused() -> None:
    rng = np.random.default_rng(0)
    for answer in (
        lambda x: rng.random(x.shape),
        lambda x: 1 / (1 + np.exp(-(x - x.mean(axis=0)))),
        lambda x: np.clip(0.5 + x / (2 * np.abs(x).max()), 0, 1),
    ):
        with pytest.raises(InputError, match="from call to call"):
            preflight(load_submission(answer), SAMPLES, 0.4)


def test_a_model_that_cannot_take_the_companions_is_not_blamed() -> None:
    def picky(images: np.ndarray) -> np.ndarray:
        if np.any(np.ptp(images, axis=(1, 2)) == 0) or images.max() > 9:
            raise ValueError("these are no micrographs")
        return 1 / (1 + np.exp(-images))

    assert preflight(load_submission(picky), SAMPLES, 0.4).warnings == []


def test_rounding_is_no_dependence() -> None:
    rng = np.random.default_rng(0)

    def noisy(images: np.ndarray) -> np.ndarray:
        return np.clip(1 / (1 + np.exp(-images)) + rng.normal(0, BATCH_TOLERANCE / 4, images.shape), 0, 1)

    assert preflight(load_submission(noisy), SAMPLES, 0.4).warnings == []


class Halving(torch.nn.Module):
    """sigmoid(2 x), by way of a skip connection around `levels` halvings, as in a U-Net."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels

    def forward(self, images: Any) -> Any:
        small = images
        for _ in range(self.levels):
            small = torch.nn.functional.max_pool2d(small, 2)
        large = torch.nn.functional.interpolate(small, scale_factor=2**self.levels)
        return torch.sigmoid(2 * torch.cat([images, large], 1)[:, :1])


@pytest.mark.parametrize(("levels", "multiple"), [(3, 8), (4, 16), (5, 32), (6, 64)])
def test_sides_of_a_multiple_are_found_out(levels: int, multiple: int) -> None:
    samples = [sample(index, 61, 47) for index in range(2)]
    trial = preflight(load_submission(Halving(levels)), samples, 0.4)
    assert trial.submission.contract.side_multiple == multiple
    sides = [f"{n + -n % multiple}" for n in (61, 47)]
    assert (
        f"multiples of {multiple} pixels: those of 61 x 47 were continued by reflection to {' x '.join(sides)}"
        in (trial.warnings[0])
    )
    images = np.stack([one.image for one in samples])
    expected = 1 / (1 + np.exp(-2 * model_input(images, InputContract(), 0.4)))
    assert np.allclose(predict(trial.submission, images, 0.4), expected, atol=1e-6)
    assert np.allclose(trial.answers, expected, atol=1e-6)


def test_an_answer_of_other_sides_is_mended_too() -> None:
    """A network without skip connections rounds sides down and returns fewer pixels."""

    def rounding(images: np.ndarray) -> np.ndarray:
        ny, nx = (8 * (side // 8) for side in images.shape[1:])
        return 1 / (1 + np.exp(-images[:, :ny, :nx]))

    trial = preflight(load_submission(rounding), [sample(0, 61, 47)], 0.4)
    assert trial.submission.contract.side_multiple == 8 and trial.answers.shape == (1, 61, 47)


@pytest.mark.parametrize("sides", [(305, 290), (1000, 257), (400, 64)])
def test_of_large_images_a_corner_is_tried(sides: tuple[int, int]) -> None:
    asked = []

    def wants_16(images: np.ndarray) -> np.ndarray:
        asked.append(images.shape)
        assert not any(side % 16 for side in images.shape[1:])
        return 0 * images

    submission = load_submission(wants_16)
    told, said = with_side_multiple(submission, np.zeros((1, *sides), np.float32))
    multiples_already = not any(side % 16 for side in sides)
    assert told.contract.side_multiple == (None if multiples_already else 16)
    assert bool(said) is not multiples_already
    assert max(max(shape) for shape in asked) < 350


def test_nothing_is_continued_without_need() -> None:
    for model, ny, nx in ((Halving(0), 61, 47), (Halving(4), 64, 48)):
        trial = preflight(load_submission(model), [sample(0, ny, nx)], 0.4)
        assert trial.submission.contract.side_multiple is None and trial.warnings == []


def test_a_declared_multiple_is_kept_and_a_failure_of_another_kind_is_told() -> None:
    declared = load_submission(Halving(4), InputContract(side_multiple=80))
    given = np.zeros((1, 61, 47), np.float32)
    assert with_side_multiple(declared, given) == (declared, [])
    assert ask(declared, given).shape == given.shape  # 80 is a multiple of 16

    def broken(images: np.ndarray) -> np.ndarray:
        raise RuntimeError("no weights")

    with pytest.raises(InputError, match="RuntimeError: no weights"):
        preflight(load_submission(broken), [sample(0, 61, 47)], 0.4)


@pytest.mark.parametrize("side_multiple", [0, -8, 100_000])
def test_a_multiple_has_bounds(side_multiple: int) -> None:
    with pytest.raises(ValueError, match="side_multiple must be 1 to"):
        InputContract(side_multiple=side_multiple)


def test_a_run_says_what_it_did_with_the_sides(track: Any) -> None:
    run = evaluate(Halving(6), track, options=Options(bootstrap_samples=200))  # on images of 32 x 32
    assert run.results.settings.input.side_multiple == 64
    assert "reflection to 64 x 64" in run.results.warnings[0]
    plain = evaluate(Halving(0), track, options=Options(bootstrap_samples=200))
    for name in ("dice", "f1", "iou"):
        assert np.array_equal(run.per_image[name], plain.per_image[name])
