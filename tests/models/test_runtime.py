"""Devices, precision, models on the Hub, and exported networks with a card."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_file import write_scaled_sigmoid

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models.runtime import Runtime, free_memory, peak_memory, room_to_grow
from hrtem_bench.models.submission import load_submission
from hrtem_bench.scoring.options import Options

COMMIT = "c0ffee" * 6 + "beef"
CARD = 'schema_version = 1\nname = "Exported"\n\n[trained_on]\ntrack = "defocus"\nconditions = ["defocus=0nm"]\n'

TORCH_MODEL = """
import torch

def make(device="cpu"):
    weight = torch.full((1, 1, 3, 3), 1 / 9, device=device)

    def predict(images):
        x = torch.from_numpy(images).to(device)[:, None]
        return torch.sigmoid(torch.nn.functional.conv2d(x, weight, padding=1)).float().cpu().numpy()[:, 0]

    return predict

def placed(device="cpu"): return lambda images: images * 0 + (0.25 if device == "cpu" else 0.75)
def plain(images): return images * 0 + 0.5
def unplaced(): return plain
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "runtime_models.py"
    path.write_text(TORCH_MODEL)
    return path


@pytest.mark.skipif(not Path("/proc/meminfo").is_file(), reason="the system does not say")
def test_memory_is_as_the_system_says() -> None:
    before = peak_memory()
    block = np.ones(1 << 25, dtype=np.uint8)
    unused = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert before <= peak_memory()
    assert block.nbytes < peak_memory() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = free_memory()
    assert free is not None and free > unused / 2


@pytest.mark.parametrize(("free", "room"), [(401, True), (399, False), (None, True)])
def test_there_is_room_for_twice_as_much_twice_over(
    free: int | None, room: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hrtem_bench.models.runtime.peak_memory", lambda: 1100)
    monkeypatch.setattr("hrtem_bench.models.runtime.free_memory", lambda: free)
    assert room_to_grow(1000) is room


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "cpu:1"])
def test_unknown_devices(device: str) -> None:
    with pytest.raises(InputError, match="unknown device"):
        Runtime(device)


def test_a_factory_that_takes_a_device_is_given_it(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    images = np.zeros((1, 8, 8), np.float32)
    assert load_submission(f"{models}:placed").predict(images)[0, 0, 0] == 0.25
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    on_gpu = load_submission(f"{models}:placed", runtime=Runtime("cuda"))
    assert on_gpu.predict(images)[0, 0, 0] == 0.75
    with pytest.raises(InputError, match="no device cuda:1"):
        load_submission(f"{models}:placed", runtime=Runtime("cuda:1"))


@pytest.mark.parametrize(("name", "said"), [("plain", "is the model itself"), ("unplaced", "takes no parameter")])
def test_models_that_cannot_be_placed(name: str, said: str, models: Path) -> None:
    with pytest.raises(InputError, match=said):
        load_submission(f"{models}:{name}", runtime=Runtime("cuda"))
    assert load_submission(f"{models}:{name}").kind == "file"


def test_bf16_changes_the_arithmetic_and_little_else(models: Path, track: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    scores = {}
    for bf16 in (False, True):
        options = Options(bootstrap_samples=200, bf16=bf16)
        done = evaluate(f"{models}:make", track, out=tmp_path / str(bf16), options=options)
        assert done.results.settings.bf16 is bf16
        scores[bf16] = done.per_image["nll"]
    assert not np.array_equal(scores[True], scores[False])
    np.testing.assert_allclose(scores[True], scores[False], rtol=0.01)


def test_bf16_is_pytorchs(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, ("n", 1, "y", "x"))
    with pytest.raises(InputError, match="onnxruntime"):
        load_submission(str(tmp_path / "net.onnx"), runtime=Runtime(bf16=True))
    with pytest.raises(InputError, match="cannot use cuda"):
        load_submission(str(tmp_path / "net.onnx"), runtime=Runtime("cuda"))


def test_an_exported_network_may_have_a_card(tmp_path: Path, track: Any) -> None:
    pytest.importorskip("onnxruntime")
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, ("n", 1, "y", "x"))
    (tmp_path / "card.toml").write_text(CARD)
    done = evaluate(str(tmp_path), track, options=Options(bootstrap_samples=200))
    assert done.submission.name == "Exported"
    assert done.submission.kind == "onnx"
    assert done.results.train.conditions == ["defocus=0nm"]
    assert all(point.sigma is not None for point in done.results.curve)
    shutil.copy(tmp_path / "net.onnx", tmp_path / "other.onnx")
    with pytest.raises(InputError, match="no single"):
        load_submission(str(tmp_path))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[dict[str, Any]]]:
    """A snapshot's folder that the Hub's client gives in place of downloading, and what it was asked."""
    pytest.importorskip("huggingface_hub")
    snapshot = tmp_path / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    asked: list[dict[str, Any]] = []

    def download(repo: str, **options: Any) -> str:
        asked.append({"repo": repo, **options})
        return str(snapshot)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    return snapshot, asked


def test_code_from_the_hub_needs_leave(hub: Any, folder: Path) -> None:
    snapshot, asked = hub
    shutil.copytree(folder, snapshot, dirs_exist_ok=True)
    (snapshot / "model.py").write_text("raise SystemExit('ran')\n")
    with pytest.raises(InputError, match="--allow-code") as error:
        load_submission("lab/net@v1.0")
    assert str(snapshot) in str(error.value)
    assert (asked[0]["repo"], asked[0]["revision"], asked[0]["repo_type"]) == ("lab/net", "v1.0", "model")
    assert "*.bin" in asked[0]["ignore_patterns"] and "*.pt" in asked[0]["ignore_patterns"]
    shutil.copy(folder / "model.py", snapshot)
    found, here = load_submission("lab/net@v1.0", allow_code=True), load_submission(str(folder))
    assert found.path == f"lab/net@{COMMIT}"
    assert (found.checksum, found.name, found.trained_on) == (here.checksum, here.name, here.trained_on)


def test_a_shipped_baselines_code_needs_no_leave(hub: Any) -> None:
    snapshot, _ = hub
    text = 'schema_version = 1\nname = "Borrowed"\n[model]\nentry = "model:load"\ncode = "otsu"\n'
    (snapshot / "card.toml").write_text(text)
    (snapshot / "model.py").write_text("raise SystemExit('ran')\n")
    assert load_submission("lab/net@main").name == "Borrowed"


@pytest.mark.parametrize("carded", [False, True])
def test_an_exported_network_from_the_hub_runs_no_code(carded: bool, hub: Any) -> None:
    pytest.importorskip("onnxruntime")
    snapshot, _ = hub
    write_scaled_sigmoid(snapshot / "net.onnx", 2.0, ("n", 1, "y", "x"))
    if carded:
        (snapshot / "card.toml").write_text(CARD)
    found = load_submission("lab/net@main")
    assert found.kind == "onnx"
    assert found.path == f"lab/net@{COMMIT}"


def test_a_repository_that_is_no_model(hub: Any) -> None:
    with pytest.raises(InputError, match=r"card\.toml"):
        load_submission("lab/net@main")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")

    def download(repo: str, **options: Any) -> str:
        raise ConnectionError("a\nb")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(InputError, match="the model lab/net@v1: the Hub cannot be reached") as error:
        load_submission("lab/net@v1")
    assert "\n" not in str(error.value)


def test_a_name_without_a_revision_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", None)
    with pytest.raises(InputError, match="NAME@REVISION"):
        load_submission("lab/net")
