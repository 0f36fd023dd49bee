"""One network through every form of a submission: the scores of each image and of the curve are the same.

Masks are the same to the pixel, since no probability lies within RUNTIMES of the threshold, and so every score of masks
is exactly the same. Scores of probabilities agree to about RUNTIMES: PyTorch and onnxruntime sum a convolution's terms
in another order, in float32.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hub_double
import msgspec
import numpy as np
import pytest
from onnx_file import node, tensor, write_nodes

from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models.contract import standardise
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import read_per_image
from hrtem_bench.scoring.reading import read_results
from hrtem_bench.scoring.results import Results

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

RUNTIMES = 2e-6
MASKS = ("dice", "iou", "surface_dice", "precision", "recall", "f1", "panoptic_quality")
TRAINED = ["defocus=-10nm"]
OPTIONS = Options(bootstrap_samples=200, train_conditions=TRAINED, batch_size=2, allow_code=True)

CODE = """
from pathlib import Path

import torch
from safetensors.torch import load_file


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 3, padding=1), torch.nn.Sigmoid()
    )


def load(folder):
    net = network()
    net.load_state_dict(load_file(Path(folder) / "weights.safetensors"))
    net.eval()

    @torch.inference_mode()
    def predict(images):
        return net(torch.from_numpy(images)[:, None])[:, 0].numpy()

    return predict


def factory():
    return load(Path(__file__).parent)
"""
CARD = 'schema_version = 1\nname = "Tiny"\n\n[model]\nentry = "model:load"\nweights = "weights.safetensors"\n'
PLAIN_CARD = 'schema_version = 1\nname = "Tiny"\n'


@pytest.fixture(scope="module")
def track(toy_folder: Path) -> Track:
    """Three test structures at three conditions, 32 x 32 pixels."""
    return open_dataset(toy_folder, "defocus")


@pytest.fixture(scope="module")
def network() -> Any:
    """The tiny network, its weights drawn so that its scores differ much from image to image."""
    scope: dict[str, Any] = {}
    exec(CODE, scope)
    net = scope["network"]()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for one in net.parameters():
            one.copy_(0.5 * torch.randn(one.shape, generator=generator))
        net[2].weight.mul_(0.2)
        net[2].bias.fill_(-0.1)  # small logits: where a probability rounds to 1, its likelihood hangs on rounding
    return net.eval()


@pytest.fixture(scope="module")
def probabilities(network: Any, track: Track) -> dict[tuple[str, str], np.ndarray]:
    """(structure_id, condition_id) -> what the network itself says, without the harness."""
    found = {}
    for sample in track.rows("test"):
        given = torch.from_numpy(standardise(sample.image))[None, None]
        with torch.inference_mode():
            found[sample.structure_id, sample.condition_id] = network(given)[0, 0].numpy()
    assert len(found) == 9
    nearest = min(np.abs(one - 0.5).min() for one in found.values())
    assert nearest > RUNTIMES, "no mask may hang on rounding: take another seed"
    return found


def folder(place: Path, network: Any, _: Any) -> str:
    place.mkdir()
    (place / "card.toml").write_text(CARD)
    (place / "model.py").write_text(CODE)
    safetensors.save_file(network.state_dict(), place / "weights.safetensors")
    return str(place)


def module(place: Path, network: Any, _: Any) -> str:
    """package.module:factory, found in the working directory."""
    folder(Path("tiny_package"), network, _)
    Path("tiny_package", "__init__.py").write_text("")
    return "tiny_package.model:factory"


def file(place: Path, network: Any, _: Any) -> str:
    return f"{folder(place, network, _)}/model.py:factory"


def pt2(place: Path, network: Any, _: Any) -> str:
    place.mkdir()
    sides = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    program = torch.export.export(network, (torch.zeros(2, 1, 32, 32),), dynamic_shapes=(sides,))
    torch.export.save(program, place / "tiny.pt2")
    return str(place / "tiny.pt2")


def carded_pt2(place: Path, network: Any, _: Any) -> str:
    pt2(place, network, _)
    (place / "card.toml").write_text(PLAIN_CARD)
    return str(place)


def onnx(place: Path, network: Any, _: Any) -> str:
    pytest.importorskip("onnxruntime")
    place.mkdir()
    tensors = [tensor(name, one.numpy()) for name, one in network.state_dict().items()]
    nodes = [
        node("Conv", ("images", "0.weight", "0.bias"), "first", pads=(1, 1, 1, 1)),
        node("Relu", ("first",), "rectified"),
        node("Conv", ("rectified", "2.weight", "2.bias"), "logit", pads=(1, 1, 1, 1)),
        node("Sigmoid", ("logit",), "probability"),
    ]
    write_nodes(place / "tiny.onnx", nodes, tensors, ("n", 1, "y", "x"))
    return str(place / "tiny.onnx")


def as_parquet(place: Path, _: Any, probabilities: dict[tuple[str, str], np.ndarray]) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    place.mkdir()
    rows = [
        {"structure_id": structure, "condition_id": condition, "prediction": one.ravel()}
        for (structure, condition), one in probabilities.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), place / "predictions.parquet")
    return str(place)


def as_files(save: Callable[[Path, np.ndarray], None], suffix: str) -> Callable[..., str]:
    def write(place: Path, _: Any, probabilities: dict[tuple[str, str], np.ndarray]) -> str:
        for (structure, condition), one in probabilities.items():
            (place / condition).mkdir(parents=True, exist_ok=True)
            save(place / condition / f"{structure}{suffix}", one)
        return str(place)

    return write


def save_tiff(path: Path, image: np.ndarray) -> None:
    pytest.importorskip("tifffile").imwrite(path, image)


FORMS: dict[str, tuple[str, Callable[..., str]]] = {
    "folder": ("folder", folder),
    "package.module:factory": ("function", module),
    "path.py:factory": ("file", file),
    ".pt2": ("pt2", pt2),
    ".pt2 with a card": ("pt2", carded_pt2),
    ".onnx": ("onnx", onnx),
    "predictions as parquet": ("predictions", as_parquet),
    "predictions as npy": ("predictions", as_files(np.save, ".npy")),
    "predictions as TIFF": ("predictions", as_files(save_tiff, ".tif")),
}
"""Form -> its kind in the results, and how to make it in a place that is not there yet."""


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, network: Any, track: Track, probabilities: Any
) -> tuple[Results, dict[str, np.ndarray]]:
    """Of the folder; that it scores what the network says, masks tell."""
    run = evaluate(folder(tmp_path_factory.mktemp("expected") / "tiny", network, None), track, options=OPTIONS)
    keys = zip(run.per_image["structure_id"], run.per_image["condition_id"], strict=True)
    truth = {(sample.structure_id, sample.condition_id): sample.mask > 0 for sample in track.rows("test")}
    for key, dice in zip(keys, run.per_image["dice"], strict=True):
        mask = probabilities[key] > 0.5
        assert dice == pytest.approx(2 * (mask & truth[key]).sum() / (mask.sum() + truth[key].sum()), abs=1e-12)
    assert np.ptp(run.per_image["dice"]) > 0.1, "a network of which all scores are alike would tell nothing"
    return run.results, run.per_image


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every number of a nested structure, by its place: "dice", "reliability.count.3", …"""
    if not isinstance(value, dict | list):
        yield name, value
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(one, f"{name}.{key}" if name else str(key))


def check_same(
    results: Results, per_image: dict[str, np.ndarray], expected: tuple[Results, dict[str, np.ndarray]]
) -> None:
    for name in ("structure_id", "condition_id", "C10", "mask_sha256", *MASKS):
        np.testing.assert_array_equal(per_image[name], expected[1][name], err_msg=name)
    for name in ("nll", "brier"):
        np.testing.assert_allclose(per_image[name], expected[1][name], rtol=10 * RUNTIMES, err_msg=name)
    for ours, theirs in zip(results.curve, expected[0].curve, strict=True):
        one, other = dict(leaves(msgspec.to_builtins(ours))), dict(leaves(msgspec.to_builtins(theirs)))
        assert one.keys() == other.keys()
        for name, value in one.items():
            of_probability = ("nll", "brier", "double_softmax_ce")
            rounded = (
                *(f"scores.{one}" for one in of_probability),
                "scores.calibration_error",
                "reliability.confidence",
            )
            hangs_on_rounding = name.startswith(rounded)
            close = hangs_on_rounding and other[name] is not None
            assert value == (pytest.approx(other[name], rel=20 * RUNTIMES) if close else other[name]), name
    assert results.train == expected[0].train


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_scores(
    form: str, network: Any, probabilities: Any, track: Track, expected: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    kind, make = FORMS[form]
    run = evaluate(make(tmp_path / "tiny", network, probabilities), track, options=OPTIONS)
    assert run.results.model.kind == kind
    check_same(run.results, run.per_image, expected)
    sys.modules.pop("tiny_package.model", None)
    sys.modules.pop("tiny_package", None)


EVALUATE = """
import json, sys
from hrtem_bench.dataset import open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation import evaluate
from hrtem_bench.scoring import Options
data, out, options = sys.argv[1:]
options = Options(**json.loads(options))
try:
    evaluate("lab/tiny@v1.0", data, "defocus", out, options=options)
except InputError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("form", ["folder", ".onnx"])
def test_a_model_on_the_hub_gives_the_same_scores(
    form: str, network: Any, track: Track, expected: Any, tmp_path: Path
) -> None:
    """In a process of its own, since huggingface_hub reads its endpoint when it is imported."""
    made = Path(FORMS[form][1](tmp_path / "tiny", network, None))
    files = {one.name: one.read_bytes() for one in (made.iterdir() if made.is_dir() else [made])}
    commit = "c0ffee" * 6 + "beef"
    later = {name: b"" for name in files}
    chosen = {"bootstrap_samples": 200, "train_conditions": TRAINED, "allow_code": form == "folder"}
    with hub_double.running() as hub:
        hub.repositories["lab/tiny"] = hub_double.Repository({commit: files, "1" * 40: later}, {"v1.0": commit})
        hub.repositories["lab/tiny"].names["main"] = "1" * 40
        done = subprocess.run(
            [sys.executable, "-c", EVALUATE, str(track.folder), str(tmp_path / "out"), json.dumps(chosen)],
            env=os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "hf"),
                              "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = read_results(tmp_path / "out")
    assert (results.model.kind, results.model.path) == (FORMS[form][0], f"lab/tiny@{commit}")
    check_same(results, read_per_image(tmp_path / "out"), expected)
