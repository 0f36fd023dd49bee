"""The same network as .pt2, .onnx, stored predictions and code scores the same; what is broken is named."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_file import external, integer, message, write_graph, write_scaled_sigmoid

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models.contract import InputContract, logistic
from hrtem_bench.models.submission import load_submission
from hrtem_bench.scoring.options import Options

torch = pytest.importorskip("torch")
QUICK = Options(bootstrap_samples=200, allow_code=True)


class Net(torch.nn.Module):
    """sigmoid(2 x), with the factor as a parameter, a buffer, and a resolution-dependent branch to export."""

    def __init__(self, channel: bool) -> None:
        super().__init__()
        self.steepness = torch.nn.Parameter(torch.tensor([2.0]))
        self.register_buffer("zero", torch.zeros(1))
        self.channel = channel

    def forward(self, images: Any) -> Any:
        x = images * self.steepness + self.zero
        if self.channel:
            padded = torch.nn.functional.pad(x, (0, -x.shape[-1] % 16, 0, -x.shape[-2] % 16), mode="replicate")
            x = padded[..., : x.shape[-2], : x.shape[-1]]
        return torch.sigmoid(x)


def save_pt2(path: Path, *, batch: int | None = None, channel: bool = True) -> None:
    dynamic = torch.export.Dim.DYNAMIC
    images = torch.zeros((batch or 2, 1, 32, 32) if channel else (batch or 2, 32, 32))
    sides = {images.ndim - 2: dynamic, images.ndim - 1: dynamic} | ({} if batch else {0: dynamic})
    torch.export.save(torch.export.export(Net(channel).eval(), (images,), dynamic_shapes=(sides,)), path)


@pytest.fixture(scope="module")
def pt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pt2") / "net.pt2"
    save_pt2(path)
    return path


@pytest.fixture
def expected(folder: Path, track: Any) -> Any:
    return evaluate(str(folder), track, options=QUICK).per_image


def same(run: Any, expected: Any) -> bool:
    return all(np.allclose(run.per_image[name], expected[name], atol=1e-5) for name in ("dice", "nll", "f1", "brier"))


def test_a_pt2_scores_as_its_code(pt2: Path, track: Any, expected: Any) -> None:
    run = evaluate(str(pt2), track, options=QUICK)
    assert same(run, expected)
    assert (run.results.model.kind, run.results.model.name, run.results.model.parameters) == ("pt2", "net", 1)


@pytest.mark.parametrize("channel", [True, False])
def test_a_pt2_of_fixed_batch_size_scores_the_same(tmp_path: Path, channel: bool, track: Any, expected: Any) -> None:
    save_pt2(tmp_path / "net.pt2", batch=4, channel=channel)
    assert same(evaluate(str(tmp_path / "net.pt2"), track, options=QUICK), expected)


@pytest.mark.parametrize("shape", [("n", 1, "y", "x"), ("n", "y", "x"), (4, 1, 32, 32), (1, 32, 32)])
def test_an_onnx_scores_as_its_code(tmp_path: Path, shape: tuple[int | str, ...], track: Any, expected: Any) -> None:
    pytest.importorskip("onnxruntime")
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, shape)
    run = evaluate(str(tmp_path / "net.onnx"), track, options=QUICK)
    assert same(run, expected)
    assert (run.results.model.kind, run.results.model.parameters) == ("onnx", None)


def stored(track: Any, write: Callable[[str, str, np.ndarray], None]) -> None:
    for sample in track.rows("test"):
        image = (sample.image - sample.image.mean()) / sample.image.std()
        write(sample.condition_id, sample.structure_id, logistic(2 * image))


@pytest.mark.parametrize("kind", ["npy", "tif", "parquet"])
@pytest.mark.parametrize("card", [True, False])
def test_stored_predictions_score_as_their_model(
    kind: str, card: bool, tmp_path: Path, track: Any, expected: Any, folder: Path
) -> None:
    place, rows = tmp_path / "predictions", []

    def write(condition: str, structure: str, probability: np.ndarray) -> None:
        if kind == "parquet":
            rows.append({"structure_id": structure, "condition_id": condition, "prediction": probability.ravel()})
            return
        (place / condition).mkdir(exist_ok=True)
        if kind == "npy":
            np.save(place / condition / f"{structure}.npy", probability)
        else:
            pytest.importorskip("tifffile").imwrite(place / condition / f"{structure}.tif", probability)

    place.mkdir()
    stored(track, write)
    if rows:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), place / "predictions.parquet", row_group_size=5)
    if card:
        text = (folder / "card.toml").read_text()
        model = text.index("[model]")
        (place / "card.toml").write_text(text[:model] + text[text.index("[input]") :])
    run = evaluate(str(place), track, options=QUICK)
    assert same(run, expected)
    assert (run.results.model.kind, run.results.model.name) == ("predictions", "Logistic" if card else "predictions")
    assert ("id_ood_gap" in run.results.summary.scores) is card
    with pytest.raises(InputError, match="no model"):
        run.submission.predict(np.zeros((1, 32, 32), np.float32))


def test_a_missing_or_wrong_prediction_is_named(tmp_path: Path, track: Any) -> None:
    place = tmp_path / "p" / "defocus=-10nm"
    place.mkdir(parents=True)
    np.save(place / "s0.npy", np.zeros((32, 32)))
    with pytest.raises(InputError, match=r"no prediction .*defocus=-10nm/s1\.npy"):
        evaluate(str(place.parent), track, options=QUICK)
    np.save(place / "s2.npy", np.zeros((32, 32)))
    np.save(place / "s1.npy", np.zeros((32, 31)))
    with pytest.raises(InputError, match=r"shape \(1, 32, 31\)"):
        evaluate(str(place.parent), track, options=QUICK)
    np.save(place / "s1.npy", np.full((32, 32), np.nan))
    with pytest.raises(InputError, match="NaN"):
        evaluate(str(place.parent), track, options=QUICK)
    np.save(place / "s1.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="run code when loaded"):
        evaluate(str(place.parent), track, options=QUICK)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"structure_id": "s0", "prediction": [0.5]}], "no column condition_id"),
        ([{"structure_id": "s0", "condition_id": "defocus=-10nm", "prediction": [0.5]}] * 2, "two predictions for s0"),
        ([{"structure_id": "s0", "condition_id": "defocus=-10nm", "prediction": [0.5]}], "1 values for s0"),
        ([{"structure_id": "s9", "condition_id": "defocus=-10nm", "prediction": [0.5]}], "no prediction for s0"),
    ],
)
def test_a_wrong_table_of_predictions_is_named(
    rows: list[dict[str, Any]], says: str, tmp_path: Path, track: Any
) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "predictions.parquet")
    with pytest.raises(InputError, match=says):
        evaluate(str(tmp_path), track, options=QUICK)


def test_a_file_of_predictions_that_says_more_than_it_should_takes_no_memory(tmp_path: Path, track: Any) -> None:
    place = tmp_path / "p" / "defocus=-10nm"
    place.mkdir(parents=True)
    with (place / "s0.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (100_000, 100_000)}
        )
    with pytest.raises(InputError, match=r"s0\.npy cannot be read"):
        evaluate(str(place.parent), track, options=QUICK)
    np.save(place / "s0.npy", np.zeros((70, 32, 32), np.uint8))
    with pytest.raises(InputError, match=r"s0\.npy cannot be read: it holds 71680 values"):
        evaluate(str(place.parent), track, options=QUICK)
    (place / "s0.npy").unlink()
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(place / "s0.tif", np.zeros((4096, 4096), np.uint8), compression="zlib")
    with pytest.raises(InputError, match=r"s0\.tif cannot be read: it holds 16777216 values"):
        evaluate(str(place.parent), track, options=QUICK)
    (place / "s0.tif").write_bytes((place / "s0.tif").read_bytes()[:200])
    with pytest.raises(InputError, match=r"s0\.tif cannot be read") as caught:
        evaluate(str(place.parent), track, options=QUICK)
    assert "\n" not in str(caught.value)


def test_logits_in_a_file_need_their_declaration(tmp_path: Path, track: Any) -> None:
    class Logits(torch.nn.Module):
        def forward(self, images: Any) -> Any:
            return torch.cat([torch.zeros_like(images), 2 * images], 1)

    program = torch.export.export(Logits(), (torch.zeros(1, 1, 32, 32),))
    torch.export.save(program, tmp_path / "net.pt2")
    with pytest.raises(InputError, match="do not add up to 1"):
        evaluate(str(tmp_path / "net.pt2"), track, options=QUICK)
    contract = InputContract(output="logits")
    run = evaluate(
        str(tmp_path / "net.pt2"), track, options=Options(bootstrap_samples=200, contract=contract, allow_code=True)
    )
    assert run.results.summary.best_condition == "defocus=0nm"


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import pathlib; pathlib.Path('ran').touch()",)


@pytest.mark.parametrize("carded", [True, False])
def test_a_pt2_is_not_loaded_without_leave(carded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "net.pt2", "w") as archive:
        archive.writestr("net/data/sample_inputs/model.pt", pickle.dumps(Hostile()))
    if carded:
        (tmp_path / "card.toml").write_text('schema_version = 1\nname = "Net"\n')
    with pytest.raises(
        InputError, match=r"can run code when it is loaded: export .* as \.onnx.*--allow-code"
    ) as caught:
        load_submission(str(tmp_path if carded else tmp_path / "net.pt2"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", ["pt2", "onnx"])
@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04" + bytes(50)])
def test_broken_files_are_named_in_one_line(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=path.name) as caught:
        load_submission(str(path), allow_code=True)
    assert "\n" not in str(caught.value)


def test_truncated_files_are_named(pt2: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, ("n", 1, "y", "x"))
    for source in (pt2, tmp_path / "net.onnx"):
        whole = source.read_bytes()
        path = tmp_path / f"short{source.suffix}"
        path.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(InputError, match=path.name):
            load_submission(str(path), allow_code=True)


def test_an_onnx_may_keep_its_weights_beside_it_and_nowhere_else(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "in").mkdir()
    path, shape = tmp_path / "in" / "net.onnx", ("n", 1, "y", "x")
    for place in (tmp_path / "secret", tmp_path / "in" / "net.onnx.data"):
        np.array([2.0], "<f4").tofile(place)
    write_graph(path, external("steepness", "net.onnx.data"), shape)
    first = load_submission(str(path))
    assert np.allclose(first.predict(np.ones((1, 4, 4), np.float32)), 1 / (1 + np.exp(-2)))
    np.array([3.0], "<f4").tofile(tmp_path / "in" / "net.onnx.data")
    assert load_submission(str(path)).checksum != first.checksum
    for location in ("../secret", str(tmp_path / "secret")):
        write_graph(path, external("steepness", location), shape)
        with pytest.raises(InputError, match="must lie in its folder") as caught:
            load_submission(str(path))
        assert "\n" not in str(caught.value)


def test_an_onnx_with_an_absurd_shape_is_named(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    absurd = integer(1, 1 << 40) + integer(2, 1) + message(8, "steepness") + message(9, bytes(4))
    write_graph(tmp_path / "net.onnx", absurd, ("n", 1, "y", "x"))
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        load_submission(str(tmp_path / "net.onnx"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [("n", 3, "y", "x"), ("n", "x"), ("a", "b", "c", "d", "e")])
def test_an_input_that_is_no_stack_of_images_is_named(shape: tuple[int | str, ...], tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, shape)
    with pytest.raises(InputError, match="where images as N x 1 x ny x nx"):
        load_submission(str(tmp_path / "net.onnx"))


def test_a_model_of_fixed_size_sees_windows(tmp_path: Path, track: Any, expected: Any) -> None:
    """The model works pixel by pixel, so windows must not change its answers."""
    pytest.importorskip("onnxruntime")
    for side in (16, 64):
        write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, (2, 1, side, side))
        run = evaluate(str(tmp_path / "net.onnx"), track, options=QUICK)
        assert run.results.settings.input.window == side
        assert same(run, expected)
    write_scaled_sigmoid(tmp_path / "net.onnx", 2.0, (2, 1, 16, "x"))
    with pytest.raises(InputError, match="images of 16 x any pixels"):
        load_submission(str(tmp_path / "net.onnx"))
