from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.models.card import read_card
from hrtem_bench.models.submission import load_submission

torch = pytest.importorskip("torch")

from baselines.unet_small import record, train  # noqa: E402
from baselines.unet_small.model import UNet, probabilities  # noqa: E402

ID = "defocus=-10nm"
FOLDER = Path(train.__file__).parent


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
    answer = probabilities(network, images(1, *shape))
    assert answer.shape == shape
    assert answer.dtype == np.float32
    assert np.all((answer >= 0) & (answer <= 1))


def test_an_images_answer_does_not_depend_on_its_batch(network: UNet) -> None:
    batch = images(2, 5, 64, 64)
    alone = np.concatenate([probabilities(network, image[None]) for image in batch])
    np.testing.assert_allclose(probabilities(network, batch), alone, atol=1e-5)


def test_bfloat16_changes_little(network: UNet) -> None:
    batch = images(4, 2, 64, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = probabilities(network, batch)
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, probabilities(network, batch), atol=0.03)


def test_other_sizes_are_reflected_at_the_lower_and_right_edges(network: UNet) -> None:
    image = images(3, 1, 31, 27)
    padded = np.pad(image, ((0, 0), (0, 1), (0, 5)), mode="reflect")
    np.testing.assert_allclose(probabilities(network, image), probabilities(network, padded)[:, :31, :27], atol=1e-6)


def test_the_eight_dihedral_elements_are_those_of_the_square() -> None:
    square = np.arange(9).reshape(3, 3)
    elements = [train.dihedral(square, k) for k in range(8)]
    assert len({e.tobytes() for e in map(np.ascontiguousarray, elements)}) == 8
    closed = {np.ascontiguousarray(train.dihedral(a, k)).tobytes() for a in elements for k in range(8)}
    assert len(closed) == 8  # a group: turning the turned gives nothing new


def test_an_oblong_image_keeps_its_shape() -> None:
    oblong = np.arange(12).reshape(3, 4)
    elements = [np.ascontiguousarray(train.dihedral(oblong, k)) for k in range(8)]
    assert {e.shape for e in elements} == {(3, 4)}
    assert len({e.tobytes() for e in elements}) == 4


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, fake_track: Any) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    train.fit(replace(fake_track, pixel_size=0.2), [ID], out, seed=3, epochs=2, data_name="mini")
    return out


def test_the_written_folder_is_a_submission(trained: Path) -> None:
    submission = load_submission(str(trained))
    assert submission.parameters == sum(p.numel() for p in UNet().parameters())
    answer = submission.predict(images(4, 2, 64, 64))
    assert answer.shape == (2, 64, 64)
    assert not list(trained.glob(".*"))


def test_the_card_records_the_training(trained: Path) -> None:
    card = read_card(trained)
    assert card.trained_on is not None
    assert card.trained_on.conditions == [ID]
    assert card.trained_on.used() == tuple(Condition(C10=100.0 + k, dose=400.0) for k in range(12))
    assert card.input.pixel_size == 0.2
    facts = tomllib.loads((trained / "card.toml").read_text("utf-8"))["trained_on"]
    assert facts["seed"] == 3
    assert facts["dataset_checksum"] == "0" * 64
    assert facts["n_images"] == 12
    assert facts["seconds"] > 0
    assert facts["command"] == (
        "hrtem-bench train unet_small --data mini --track defocus --conditions defocus=-10nm"
        " --seed 3 --epochs 2 --out run"
    )


def test_the_log_has_a_row_for_each_epoch(trained: Path) -> None:
    header, *rows = (trained / "train_log.csv").read_text().splitlines()
    assert header == "epoch,learning_rate,loss,validation_loss,validation_dice,seconds"
    assert [row.split(",")[0] for row in rows] == ["1", "2"]


def test_the_same_seed_gives_the_same_weights(trained: Path, tmp_path: Path, fake_track: Any) -> None:
    train.fit(replace(fake_track, pixel_size=0.2), [ID], tmp_path / "again", seed=3, epochs=2)
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (trained, tmp_path / "again")]
    assert weights[0] == weights[1]


def test_another_seed_gives_other_weights(trained: Path, tmp_path: Path, fake_track: Any) -> None:
    train.fit(fake_track, [ID], tmp_path / "other", seed=4, epochs=2)
    assert (tmp_path / "other" / "weights.safetensors").read_bytes() != (trained / "weights.safetensors").read_bytes()


def test_an_interrupted_training_goes_on_and_ends_with_the_same_weights(
    trained: Path, tmp_path: Path, fake_track: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    step, calls = train._step, []

    def interrupted(*arguments: Any) -> float:
        calls.append(1)
        if len(calls) == 4:  # in the second epoch: 12 images are two batches
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(train, "_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.fit(replace(fake_track, pixel_size=0.2), [ID], out, seed=3, epochs=2)
    assert not out.exists()
    train.fit(replace(fake_track, pixel_size=0.2), [ID], out, seed=3, epochs=2)
    assert len(calls) == 6  # three steps before, the fourth broken off, its epoch's two again
    assert (out / "weights.safetensors").read_bytes() == (trained / "weights.safetensors").read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_the_state_of_other_settings_is_not_taken_up(tmp_path: Path, fake_track: Any) -> None:
    out = tmp_path / "run"
    partial = record.partial_folder(out)
    partial.mkdir()
    torch.save({"settings": {"seed": 99}}, partial / record.STATE)
    train.fit(fake_track, [ID], out, seed=3, epochs=1)
    assert len((out / "train_log.csv").read_text().splitlines()) == 2


def test_it_learns(tmp_path: Path, fake_track: Any) -> None:
    train.fit(fake_track, [ID], tmp_path / "run", seed=0, epochs=25)
    predict = load_submission(str(tmp_path / "run")).predict
    for sample in fake_track.rows("test"):
        image = ((sample.image - sample.image.mean()) / sample.image.std())[None]
        particle = predict(image)[0] > 0.5
        assert 2 * (particle & (sample.mask > 0)).sum() / (particle.sum() + sample.mask.sum()) > 0.9


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        train.train(tmp_path / "no data", "defocus", [ID], tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["note.txt"]


def test_no_images_is_an_input_error(tmp_path: Path, fake_track: Any) -> None:
    with pytest.raises(InputError, match="no train images"):
        train.fit(_Empty(), [ID], tmp_path / "run")
    assert not list(tmp_path.iterdir())


class _Empty:
    name, checksum, pixel_size = "defocus", "0" * 64, 0.4

    def rows(self, split: str, conditions: list[str]) -> list[Any]:
        return []


def test_the_recorded_card_is_toml_whatever_its_text() -> None:
    facts = {"command": 'a "quoted" \\ path', "seed": 1, "rate": 1e-5, "flag": True, "conditions": ["ä", "b"]}
    condition = {"C10": 100.0, "dose": None, "aberrations": {"C12": 20.0, "phi12": 0.3}}
    text = record.trained_on_toml({**facts, "condition": [condition]})
    read = tomllib.loads(text)["trained_on"]
    assert read.pop("condition") == [{"C10": 100.0, "aberrations": {"C12": 20.0, "phi12": 0.3}}]
    assert read == facts
