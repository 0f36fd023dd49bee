"""Training: its batches, its optimiser, its schedule, its end, and taking it up again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from disc_track import IDS, DiscTrack
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from hrtem_bench.errors import InputError  # noqa: E402
from hrtem_bench.models import load_submission, standardise  # noqa: E402
from hrtem_bench.models.prediction import predict  # noqa: E402
from hrtem_bench.training import Augmentations, TrainingSettings, loop, train  # noqa: E402
from hrtem_bench.training.batches import augmented, dihedral, draw_batch  # noqa: E402
from hrtem_bench.training.images import track_images  # noqa: E402
from hrtem_bench.training.loop import Diverged, begin, fit, has_ended, run_cycle, seeded, validated  # noqa: E402
from hrtem_bench.training.optimisation import Optimiser, kernel_names, orthogonalised, share_of_peak  # noqa: E402
from hrtem_bench.training.record import load_state, save_state  # noqa: E402

SHORT = TrainingSettings(steps=4, batch_size=2, crop=32, cycles=2, most_cycles=2)


def small() -> Any:
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5, padding=2), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 5, padding=2), torch.nn.ReLU(),
        torch.nn.Conv2d(8, 1, 1),
    )  # fmt: skip


def data(split: str = "train") -> Any:
    return track_images(DiscTrack(), split, IDS[:1])


def weights(network: Any) -> Any:
    return torch.cat([one.detach().flatten() for one in network.parameters()])


def test_images_are_standardised_by_the_function_that_scoring_uses() -> None:
    sample = next(DiscTrack().rows("train", [IDS[0]]))
    assert np.array_equal(data().images[0], standardise(sample.image))


def test_the_eight_elements_are_those_of_the_square() -> None:
    image = np.arange(9).reshape(3, 3)
    assert len({dihedral(image, k).tobytes() for k in range(8)}) == 8
    assert all(dihedral(np.zeros((2, 5)), k).shape == (2, 5) for k in range(8))


def test_a_crop_lies_in_its_image_and_its_mask_with_it() -> None:
    held = data()
    held.images[:] = held.masks
    images, masks = draw_batch(held, msgspec.structs.replace(SHORT, batch_size=16), np.random.default_rng(0))
    assert images.shape == masks.shape == (16, 32, 32)
    assert np.array_equal(images, masks)


@given(seed=st.integers(0, 1000))
def test_augmentations_stay_within_their_largest(seed: int) -> None:
    generator, flat = np.random.default_rng(seed), np.ones((16, 16), np.float32)
    assert augmented(flat, Augmentations(), generator) is flat
    assert np.ptp(augmented(flat, Augmentations(gradient=0.5), generator)) <= 0.5 * np.sqrt(2) + 1e-6
    assert abs(augmented(flat, Augmentations(contrast=0.2), generator).mean() - 1) <= 0.2 + 1e-6
    assert np.allclose(augmented(flat, Augmentations(blur=2.0), generator), 1)
    assert augmented(flat, Augmentations(noise=0.3), generator).std() < 0.3 * 1.4


def test_singular_values_are_brought_near_one() -> None:
    matrix = torch.from_numpy(np.random.default_rng(0).standard_normal((8, 72)).astype(np.float32))
    for one in (matrix, matrix.T):
        left, _, right = torch.linalg.svd(one, full_matrices=False)
        found = orthogonalised(one)
        inner = left.T @ found @ right.T
        assert torch.linalg.svdvals(found).max() < 1.3 and torch.linalg.svdvals(found).min() > 0.5
        assert (inner - torch.diag(torch.diag(inner))).abs().max() < 1e-4  # the singular vectors stay


def test_the_rate_rises_over_a_tenth_and_falls_to_zero() -> None:
    shares = [share_of_peak(step, 1000) for step in range(1000)]
    assert 0 < shares[0] < 0.01 and np.argmax(shares) in (99, 100) and 0 < shares[-1] < 0.01
    assert np.mean(shares) == pytest.approx(0.5, abs=1e-3)


def test_a_layout_with_channels_last_takes_the_same_steps() -> None:
    plain, last = seeded(small, 0), seeded(small, 0).to(memory_format=torch.channels_last)
    batch = torch.from_numpy(data().images[:2])[:, None]
    for network in (plain, last):
        optimiser = Optimiser(dict(network.named_parameters()), kernel_names(network), SHORT)
        for _ in range(3):
            network(batch).square().mean().backward()
            optimiser.step(1.0)
    assert torch.allclose(weights(plain), weights(last), atol=1e-4)


def test_it_learns_and_says_when_it_has_ended() -> None:
    settings = TrainingSettings(steps=30, batch_size=4, crop=64, most_cycles=6)
    state = begin(seeded(small, 0), settings)
    before = validated(state.network, data("validation"))[0]
    ended = fit(state, data(), data("validation"), settings)
    losses = [row["validation_loss"] for row in state.log]
    assert losses[-1] < 0.5 * before
    assert ended == has_ended(state.log, settings)


def test_training_has_ended_when_a_cycle_gains_little() -> None:
    def log(*losses: float) -> list[dict[str, float]]:
        return [{"validation_loss": one} for one in losses]

    settings = TrainingSettings(gain=0.1, least_gain=0.005)
    assert not has_ended(log(0.1), settings)
    assert not has_ended(log(0.1, 0.08), settings)
    assert has_ended(log(0.1, 0.095), settings)
    assert has_ended(log(0.01, 0.006), settings)
    assert has_ended(log(0.1, 0.12), settings)


def test_the_network_kept_is_that_of_the_best_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([(0.3, 0.5), (0.2, 0.6), (0.4, 0.4)])
    monkeypatch.setattr(loop, "validated", lambda network, images: next(found))
    state = begin(seeded(small, 0), SHORT)
    states: list[Any] = []
    patient = msgspec.structs.replace(SHORT, cycles=3, most_cycles=3)
    fit(state, data(), data("validation"), patient, keep=lambda one: states.append(weights(one.network)))
    assert torch.equal(weights(state.network), states[1]) and not torch.equal(states[1], states[2])


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    made = [train(seeded(small, s), DiscTrack(), settings=msgspec.structs.replace(SHORT, seed=s)) for s in (1, 1, 2)]
    one, same, other = (weights(each.network) for each in made)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole, broken, resumed = (begin(seeded(small, 3), SHORT) for _ in range(3))
    fit(whole, data(), data("validation"), SHORT)
    run_cycle(broken, data(), data("validation"), SHORT)
    save_state(tmp_path, "key", broken)
    load_state(tmp_path, "another key", resumed)
    assert resumed.log == []
    load_state(tmp_path, "key", resumed)
    assert len(resumed.log) == 1
    fit(resumed, data(), data("validation"), SHORT)
    assert torch.equal(weights(resumed.network), weights(whole.network))


def test_a_damaged_state_is_not_taken_up(tmp_path: Path) -> None:
    state = begin(seeded(small, 3), SHORT)
    (tmp_path / "state.pt").write_bytes(b"half")
    load_state(tmp_path, "key", state)
    assert state.log == []


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    state = begin(seeded(small, 0), SHORT)
    with torch.no_grad():
        next(state.network.parameters()).fill_(float("nan"))
    with pytest.raises(Diverged, match="lower the learning rate"):
        run_cycle(state, data(), data("validation"), SHORT)


def test_the_written_folder_is_a_model_that_gives_the_networks_answers(baseline: Path, tmp_path: Path) -> None:
    made = train(
        str(baseline),
        DiscTrack(),
        tmp_path / "out",
        conditions=[IDS[0]],
        settings=SHORT,
        name="Named",
        command="train it",
    )
    model = load_submission(str(tmp_path / "out"))
    counts = np.stack([one.image for one in DiscTrack().rows("test")])
    with torch.no_grad():
        expected = torch.sigmoid(made.network(torch.from_numpy(standardise(counts))[:, None]))[:, 0].numpy()
    assert np.allclose(predict(model, counts, 0.4), expected, atol=1e-5)
    card = tomllib.loads((tmp_path / "out" / "card.toml").read_text())
    assert card["name"] == model.name == "Named"
    assert card["trained_on"]["conditions"] == [IDS[0]]
    assert card["trained_on"]["command"] == "train it"
    assert card["trained_on"]["ended"] is made.ended
    assert model.trained_on is not None and len(model.trained_on.used()) == 12
    rows = (tmp_path / "out" / "train_log.csv").read_text().splitlines()
    assert len(rows) == 1 + len(made.log)
    assert not (tmp_path / ".out.partial").exists()


def test_without_conditions_it_trains_at_all_that_have_images(baseline: Path, tmp_path: Path) -> None:
    train(str(baseline), DiscTrack(), tmp_path / "out", settings=SHORT)
    assert tomllib.loads((tmp_path / "out" / "card.toml").read_text())["trained_on"]["conditions"] == list(IDS)


def test_what_cannot_be_is_said_in_one_line(baseline: Path, tmp_path: Path) -> None:
    cases = [
        (lambda: train(small(), DiscTrack(), tmp_path / "out"), "no folder of code"),
        (lambda: train(str(baseline), DiscTrack(), tmp_path), "exists already"),
        (lambda: train(str(baseline), DiscTrack(), conditions=["defocus=7nm"]), "no condition"),
        (lambda: train("otsu", DiscTrack()), "nothing to train"),
        (lambda: train("nosuch", DiscTrack()), "no baseline"),
        (lambda: train(small(), DiscTrack(), device="tpu"), "unknown device"),
    ]
    for call, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
