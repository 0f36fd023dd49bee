"""Every form of submission that holds code, and the hostile and broken ones."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.models.card import read_card
from hrtem_bench.models.identity import submission_checksum
from hrtem_bench.models.prediction import predict
from hrtem_bench.models.shipped_baselines import baseline_at, baseline_folder, baseline_names
from hrtem_bench.models.submission import load_submission, untrained_network

IMAGES = np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 8, 8)
EXPECTED = 1 / (1 + np.exp(-2.0 * IMAGES))


def one_line(error: pytest.ExceptionInfo[InputError]) -> bool:
    return "\n" not in str(error.value)


def test_a_folder_is_loaded_with_all_it_says(folder: Path) -> None:
    path = list(sys.path)
    model = load_submission(str(folder))
    assert sys.path == path
    assert (model.name, model.kind, model.parameters) == ("Logistic", "folder", 12)
    assert model.trained_on is not None
    assert model.trained_on.conditions == ["defocus=0nm"]
    assert [c.C10 for c in model.trained_on.used()] == [3.0, -12.0]
    assert np.allclose(model.predict(IMAGES), EXPECTED, atol=1e-6)


def test_two_folders_do_not_share_modules(folder: Path, tmp_path: Path) -> None:
    first = load_submission(str(folder))
    other = tmp_path / "other"
    other.mkdir()
    for name in ("card.toml", "model.py", "weights.safetensors"):
        (other / name).write_bytes((folder / name).read_bytes())
    (other / "steep.py").write_text("STEEPNESS = -2.0\n")
    second = load_submission(str(other))
    assert np.allclose(second.predict(IMAGES), 1 - first.predict(IMAGES), atol=1e-6)


def test_code_changed_in_place_is_read_anew_and_the_folder_left_as_it_was(folder: Path) -> None:
    first = load_submission(str(folder))
    (folder / "steep.py").write_text("STEEPNESS = -2.0\n")
    assert np.allclose(load_submission(str(folder)).predict(IMAGES), 1 - first.predict(IMAGES), atol=1e-6)
    assert not (folder / "__pycache__").exists()


def test_the_checksum_follows_every_file_but_caches(folder: Path) -> None:
    before = load_submission(str(folder)).checksum
    assert len(before) == 64
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "x.pyc").write_text("x")
    assert load_submission(str(folder)).checksum == before
    (folder / "steep.py").write_text("STEEPNESS = 2.00\n")
    assert load_submission(str(folder)).checksum != before


PREDICTORS = """
import numpy as np


def predict(images):
    return (1 / (1 + np.exp(-2.0 * images))).astype(np.float32)


def make(steepness=2.0):
    return lambda images: (1 / (1 + np.exp(-steepness * images))).astype(np.float32)


class Model:
    def __call__(self, images):
        return predict(images)


instance = Model()
number = 3


def broken():
    raise RuntimeError("no such GPU\\nat all")


def nothing():
    return None
"""


@pytest.mark.parametrize("name", ["predict", "make", "Model", "instance"])
@pytest.mark.parametrize("form", ["file", "module"])
def test_functions_factories_and_callables_give_the_same(
    name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "users_predictors.py").write_text(PREDICTORS)
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    where = str(tmp_path / "users_predictors.py") if form == "file" else "users_predictors"
    model = load_submission(f"{where}:{name}")
    assert sys.path == path
    assert model.name == name
    assert len(model.checksum) == 64
    assert np.allclose(model.predict(IMAGES), EXPECTED, atol=1e-6)
    sys.modules.pop("users_predictors", None)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("number", "int, not a function"),
        ("absent", "no 'absent'"),
        ("broken", "RuntimeError: no such GPU at all"),
        ("nothing", "returned a NoneType"),
    ],
)
def test_what_is_no_predictor_is_named(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PREDICTORS)
    with pytest.raises(InputError, match=says) as caught:
        load_submission(f"{tmp_path / 'p.py'}:{name}")
    assert one_line(caught)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import no_such_package", "imports 'no_such_package', which is not installed"),
        ("import steep", r"from \.steep import"),
        ("raise ValueError('a\\nb')", "ValueError: a b"),
        ("raise SystemExit(3)", "SystemExit"),
        ("def load(:", "SyntaxError"),
        ("", "no 'load'"),
        ("def load(folder): return 3", "returned a int"),
        ("def load(folder): open('absent')", "FileNotFoundError"),
        ("import sys\ndef load(folder): sys.exit(3)", "failed with SystemExit: 3"),
        ("def load(folder): raise GeneratorExit", "failed with GeneratorExit"),
        ("async def load(folder): return 3", "load is asynchronous: write it with def"),
        ("def load(folder): raise ValueError('x' * 100_000)", "x{399}…$"),
    ],
)
def test_code_that_fails_is_named_in_one_line(folder: Path, code: str, says: str) -> None:
    (folder / "model.py").write_text(code)
    with pytest.raises(InputError, match=says) as caught:
        load_submission(str(folder))
    assert one_line(caught)


@pytest.mark.parametrize("name", ["SystemExit", "CancelledError"])
def test_a_model_that_exits_does_not_end_the_run(name: str, folder: Path) -> None:
    code = f"from asyncio import CancelledError\ndef answer(images): raise {name}(3)\ndef load(folder): return answer\n"
    (folder / "model.py").write_text(code)
    with pytest.raises(InputError, match=rf"the model failed on images .* with {name}: 3"):
        predict(load_submission(str(folder)), IMAGES, 0.4)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "Logistic"', "", "name"),
        ('name = "Logistic"', "name = 3", r"\$\.name"),
        ("schema_version = 1", "schema_version = 2", "schema_version is 2"),
        ('licence = "BSD-3-Clause"', 'license = "BSD-3-Clause"', "license"),
        ('"standardised"', '"normal"', r"normal.*\$\.input\.normalisation"),
        ('output = "probabilities"', "pixel_size = -1.0", "pixel_size must be above 0"),
        ('output = "probabilities"', "threshold = 1.5", "threshold must lie between 0 and 1"),
        ('entry = "model:load"', 'entry = "model"', "should read module:function"),
        ('entry = "model:load"', 'entry = "modle:load"', "modle.py, which is not there"),
        ('entry = "model:load"', 'entry = "../model:load"', "should read module:function"),
        ('"weights.safetensors"', '"absent.safetensors"', "missing"),
        ('"weights.safetensors"', '"../weights.safetensors"', "must lie in the folder"),
        ('"weights.safetensors"', '"model.py"', "must be a .safetensors file"),
        ('entry = "model:load"', "", r"needs one of network"),
        ("C10 = 3.0", "C11 = 3.0", "unknown coefficient 'C11'"),
        ("[model]", "[model", "card.toml"),
    ],
)
def test_a_wrong_card_is_named_by_its_key(folder: Path, old: str, new: str, says: str) -> None:
    card = folder / "card.toml"
    assert old in card.read_text()
    card.write_text(card.read_text().replace(old, new))
    with pytest.raises(InputError, match=says) as caught:
        load_submission(str(folder))
    assert one_line(caught)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import pathlib; pathlib.Path('ran').touch()",)


@pytest.mark.parametrize(
    "name", ["weights.pt", "weights.pth", "w.pkl", "pytorch_model.bin", "m.ckpt", "w.npz", "w.npy"]
)
def test_pickles_are_refused_and_nothing_runs(
    folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "model.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    if name.endswith(".npy"):
        np.save(folder / name, np.array([Hostile()], dtype=object), allow_pickle=True)
    else:
        (folder / name).write_bytes(pickle.dumps(Hostile()))
    for model in (str(folder), str(folder / name)):
        with pytest.raises(InputError, match=r"run code when loaded.*safetensors") as caught:
            load_submission(model)
        assert one_line(caught)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array at all"])
def test_a_broken_array_is_not_called_a_pickle(folder: Path, content: bytes) -> None:
    (folder / "mean.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"mean\.npy is no whole \.npy file") as caught:
        load_submission(str(folder))
    assert one_line(caught)


def test_plain_arrays_are_not_refused(folder: Path) -> None:
    np.save(folder / "mean.npy", np.zeros(3))
    assert load_submission(str(folder)).name == "Logistic"


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 7, (2**60).to_bytes(8, "little") + b"{}", b"\x05" + b"\0" * 7 + b"[1,2]"]
)
def test_broken_weights_are_named(folder: Path, content: bytes) -> None:
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="no whole safetensors") as caught:
        load_submission(str(folder))
    assert one_line(caught)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [10**6, 10**9], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 8]},
        {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 8]},
        "[" * 100_000 + "]" * 100_000,
        {"dtype": "F32", "shape": [2]},
    ],
)
def test_absurd_headers_are_named(folder: Path, entry: object) -> None:
    header = (entry if isinstance(entry, str) else json.dumps({"w": entry})).encode()
    (folder / "weights.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(InputError, match="no whole safetensors") as caught:
        load_submission(str(folder))
    assert one_line(caught)


def test_truncated_weights_are_named(folder: Path) -> None:
    whole = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(whole[:-5])
    with pytest.raises(InputError, match="no whole safetensors"):
        load_submission(str(folder))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("no_such_model", "there is no model 'no_such_model'"),
        ("", "there is no model"),
        ("no_such_package:f", "no module 'no_such_package'"),
        ("numpy.no_such:f", "no module 'numpy.no_such'"),
        ("numpy:no_such", "no 'no_such'"),
        ("absent.py:f", "absent.py is not there"),
        ("a:b:c", "should read module:function"),
        ("absent.pt", "there is no model"),
        ("org/name", "there is no model"),
    ],
)
def test_what_is_not_there_is_named(model: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        load_submission(model)
    assert one_line(caught)


def test_a_folder_without_a_card_and_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no card\.toml"):
        load_submission(str(tmp_path))
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(InputError, match="not a model"):
        load_submission(str(tmp_path / "x.txt"))


def test_a_baseline_without_a_network_says_so(folder: Path) -> None:
    with pytest.raises(InputError, match="nothing to train"):
        untrained_network(folder)


def test_a_folder_of_results_does_not_hide_the_baseline_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "otsu" / "figures").mkdir(parents=True)
    assert load_submission("otsu").kind == "folder"


def test_shipped_baselines_are_found_by_name() -> None:
    assert {"otsu", "unet_small", "unet_joint"} <= set(baseline_names())
    for name in baseline_names():
        found = baseline_folder(name)
        assert found is not None
        assert read_card(found).name
    assert baseline_folder("../baselines/otsu") is None


def test_a_folder_may_take_the_code_of_a_shipped_baseline(tmp_path: Path) -> None:
    borrowed = tmp_path / "borrowed"
    borrowed.mkdir()
    card = 'schema_version = 1\nname = "Borrowed"\n[model]\nentry = "model:load"\ncode = "CODE"\n'
    (borrowed / "card.toml").write_text(card.replace("CODE", "otsu"))
    model, own = load_submission(str(borrowed)), load_submission("otsu")
    assert np.array_equal(model.predict(IMAGES), own.predict(IMAGES))
    assert model.name == "Borrowed" and model.checksum != own.checksum
    (borrowed / "card.toml").write_text(card.replace("CODE", "otsu").replace('entry = "model:load"\n', ""))
    assert np.array_equal(load_submission(str(borrowed)).predict(IMAGES), own.predict(IMAGES))
    for wrong in ("otzu", "../otsu", ""):
        (borrowed / "card.toml").write_text(card.replace("CODE", wrong))
        with pytest.raises(InputError, match=r"is no shipped baseline: they are .*otsu, ") as caught:
            load_submission(str(borrowed))
        assert one_line(caught)


def test_the_checksum_covers_code_that_lies_elsewhere(folder: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "card.toml").write_text("x")
    before = submission_checksum(weights, folder)
    (folder / "README.md").write_text("words")
    assert submission_checksum(weights, folder) == before != submission_checksum(weights)
    (folder / "steep.py").write_text("STEEPNESS = 2.5\n")
    assert submission_checksum(weights, folder) != before


def test_what_is_trained_is_a_folder_with_a_card_or_a_shipped_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert baseline_at("unet_small") == baseline_folder("unet_small")
    (tmp_path / "unet_small").mkdir()  # results of a run, say
    assert baseline_at("unet_small") == baseline_folder("unet_small")
    (tmp_path / "unet_small" / "card.toml").write_text("")
    assert baseline_at("unet_small") == Path("unet_small")
    (tmp_path / "mine").mkdir()
    assert baseline_at("mine") == Path("mine")
    with pytest.raises(InputError, match=r"there is no baseline 'nothing': shipped are .*unet_small"):
        baseline_at("nothing")
