"""`hrtem-bench train` with a trainer of one's own: what it is told, and what is said where that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hrtem_bench.cli import run

CARD = 'schema_version = 1\nname = "Mine"\n\n[model]\nentry = "train:load"\ntrain = "train:train"\n'
TRAIN = """
import shutil
from pathlib import Path


def load(folder):
    return lambda images: images * 0 + 0.5


def train(data, track, conditions, out, *, seed=0, epochs=None{more}):
    out.mkdir()
    shutil.copy(Path(__file__).with_name("card.toml"), out)
    (out / "told.txt").write_text(f"{{track}} {{conditions}} {{seed}} {{epochs}} {told}")
"""


def command(folder: Path, *options: str, takes_device: bool = True) -> list[str]:
    """Trains the baseline written to `folder` into `folder`/out."""
    baseline = folder / "mine"
    baseline.mkdir()
    (baseline / "card.toml").write_text(CARD)
    more, told = (', device="?"', "{device}") if takes_device else ("", "-")
    (baseline / "train.py").write_text(TRAIN.format(more=more, told=told))
    where = ["--data", "nowhere", "--conditions", "defocus=0nm", "--out", str(folder / "out")]
    return ["train", str(baseline), *where, *options]


def test_a_trainer_is_told_what_was_asked_for(tmp_path: Path) -> None:
    assert run(command(tmp_path, "--seed", "4", "--epochs", "7", "--track", "dose", "--name", "Named")) == 0
    assert (tmp_path / "out" / "told.txt").read_text() == "dose ['defocus=0nm'] 4 7 cpu"
    assert 'name = "Named"' in (tmp_path / "out" / "card.toml").read_text()


def test_a_trainer_that_takes_a_device_is_told_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert run(command(tmp_path, "--device", "cuda")) == 0
    assert (tmp_path / "out" / "told.txt").read_text().endswith(" cuda")


def test_a_trainer_without_devices_trains_on_the_cpu(tmp_path: Path) -> None:
    assert run(command(tmp_path, takes_device=False)) == 0
    assert (tmp_path / "out" / "told.txt").read_text().endswith(" -")


@pytest.mark.parametrize(
    ("device", "takes_device", "words"),
    [
        ("cuda", False, "takes no parameter `device`, so it cannot be put on cuda"),
        ("cuda:77", True, "PyTorch finds no device cuda:77 here"),
        ("tpu", True, "unknown device 'tpu'"),
    ],
)
def test_where_it_cannot_train_is_said_in_one_line(
    device: str, takes_device: bool, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(tmp_path, "--device", device, takes_device=takes_device)) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
