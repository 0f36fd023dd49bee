"""Different networks have different checksums, and the same has the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_file import external, message, node, tensor, value_info, write_graph, write_nodes

from hrtem_bench.errors import InputError
from hrtem_bench.models import identity, load_submission
from hrtem_bench.models.identity import imported_files, trial_answers
from hrtem_bench.models.onnx_data import external_files

WEIGHED = """
import numpy as np
from pathlib import Path

WEIGHT = float(np.load(Path(__file__).with_name("w.npy")))


def predict(images):
    return (1 / (1 + np.exp(-WEIGHT * images))).astype(np.float32)


def make():
    weight = float(np.load(Path(__file__).with_name("w.npy")))
    return lambda images: (1 / (1 + np.exp(-weight * images))).astype(np.float32)
"""


@pytest.mark.parametrize("name", ["predict", "make"])
@pytest.mark.parametrize("form", ["file", "module"])
def test_weights_beside_a_function_show_in_its_answers(
    name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weighed_net.py").write_text(WEIGHED)
    marks = []
    for weight in (3.0, -3.0, 3.0):
        np.save(tmp_path / "w.npy", np.float32(weight))
        sys.modules.pop("weighed_net", None)
        marks.append(load_submission(f"weighed_net{'.py' if form == 'file' else ''}:{name}").checksum)
    sys.modules.pop("weighed_net", None)
    assert marks[0] == marks[2] != marks[1]


def test_weights_in_a_closure_show_in_its_answers() -> None:
    def scaled(factor: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda images: 1 / (1 + np.exp(-factor * images))

    one, other, same = (load_submission(scaled(factor)).checksum for factor in (2.0, 2.2, 2.0))
    assert one == same != other


def test_what_a_module_computes_beyond_its_weights_shows_in_its_answers() -> None:
    torch = pytest.importorskip("torch")

    class Scaled(torch.nn.Module):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor  # no buffer, and not printed

        def forward(self, images: Any) -> Any:
            return torch.sigmoid(self.factor * images)

    assert load_submission(Scaled(2.0)).checksum == load_submission(Scaled(2.0)).checksum
    assert load_submission(Scaled(2.0)).checksum != load_submission(Scaled(3.0)).checksum


def test_rounding_does_not_show_in_the_answers() -> None:
    """Another processor sums in another order: float32 answers differ by about 1e-6."""
    rng = np.random.default_rng(0)

    def exact(images: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-images))

    for scale in (1.0, 50.0):  # probabilities, and logits
        assert len(trial_answers(exact)) == 16 * 8
        assert trial_answers(lambda x, k=scale: k * exact(x)) == trial_answers(
            lambda x, k=scale: k * (exact(x) + rng.normal(0, 1e-6, x.shape))
        )


@pytest.mark.parametrize("answer", [lambda x: None, lambda x: sys.exit(1), lambda x: x * np.nan, lambda x: x[:0]])
def test_a_model_that_does_not_answer_the_trial_images_is_known_by_its_code(answer: Any) -> None:
    assert trial_answers(answer) == b""
    assert len(load_submission(answer).checksum) == 64


def test_the_files_that_a_module_imports_from_its_folder(tmp_path: Path) -> None:
    files = {
        "net.py": "import numpy\nimport helper\nfrom package.inner import thing\nfrom . import beside\n",
        "helper.py": "def f():\n    import lazily\n",
        "lazily.py": "import net\n",
        "beside.py": "this is no Python",
        "unused.py": "",
        "package/__init__.py": "",
        "package/inner.py": "from .deeper import x\nfrom ..beside import y\nfrom ...outside import z\n",
        "package/deeper.py": "",
        "package/unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = imported_files(tmp_path / "net.py", tmp_path, "net")
    assert {one.relative_to(tmp_path).as_posix() for one in found} == {one for one in files if "unused" not in one}


def test_of_an_installed_package_its_own_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.sysconfig, "get_path", lambda name: str(tmp_path))
    for name, text in {"mine/__init__.py": "", "mine/net.py": "import other\nfrom mine import more\n",
                       "mine/more.py": "", "other.py": ""}.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = imported_files(tmp_path / "mine" / "net.py", tmp_path, "mine.net")
    assert [one.name for one in found] == ["__init__.py", "more.py", "net.py"]


def test_a_helper_changes_the_checksum_of_its_function(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("from .helper import FACTOR\n\n\ndef predict(images):\n    return 0 * images\n")
    marks = []
    for text in ("FACTOR = 1\n", "FACTOR = 2\n", "FACTOR = 1\n"):
        (tmp_path / "helper.py").write_text(text)
        marks.append(load_submission(f"{tmp_path / 'net.py'}:predict").checksum)
    assert marks[0] == marks[2] != marks[1]


SHAPE = ("n", 1, "y", "x")


@pytest.mark.parametrize("name", ["model.onnx_data", "model.onnx.data", "weights.bin", "deep/er.w"])
def test_an_onnx_is_known_by_the_files_that_it_refers_to(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    marks = []
    for weight in (1.0, -1.0, 1.0):
        np.array([weight], "<f4").tofile(tmp_path / name)
        write_graph(tmp_path / "model.onnx", external("steepness", name), SHAPE)
        marks.append(load_submission(str(tmp_path / "model.onnx")).checksum)
    assert marks[0] == marks[2] != marks[1]
    (tmp_path / "card.toml").write_text('schema_version = 1\nname = "x"\n')
    assert load_submission(str(tmp_path)).name == "x"


def nested_graph(path: Path) -> None:
    """A reference in the branch of an If node: model 7 graph, 1 node, 5 attribute, 6 graph, 5 tensor."""
    inner = message(5, external("w", "inner.w"))
    outer = message(1, message(4, "If") + message(5, message(1, "then_branch") + message(6, inner)))
    path.write_bytes(message(7, outer + message(11, value_info("images", SHAPE))))


def function(path: Path) -> None:
    """One in the body of a function of the model: 25 function, 7 node, 5 attribute, 5 tensor."""
    body = message(7, message(5, message(5, external("w", "inner.w"))))
    path.write_bytes(message(25, body))


@pytest.mark.parametrize("write", [nested_graph, function])
def test_references_are_found_wherever_they_are(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / "model.onnx")
    with pytest.raises(InputError, match=r"'inner\.w', which is no file of its folder"):
        external_files(tmp_path / "model.onnx")
    (tmp_path / "inner.w").write_bytes(bytes(4))
    assert external_files(tmp_path / "model.onnx") == [tmp_path / "inner.w"]


def test_weights_inside_of_an_onnx_are_no_references(tmp_path: Path) -> None:
    """Bytes that look like a reference, in a tensor's own data."""
    looks_like = np.frombuffer(message(13, message(1, "location") + message(2, "../../secret!")), np.uint8)
    write_nodes(tmp_path / "m.onnx", [node("Relu", ("images",), "probability")],
                [tensor("w", np.resize(looks_like, 32).view("<f4"))], SHAPE)  # fmt: skip
    assert external_files(tmp_path / "m.onnx") == []


@pytest.mark.parametrize("content", [b"", b"\xff" * 50, b"\x3a\x7f", b"\x0f" * 9, message(7, message(1, b"\x2a\x50"))])
def test_a_broken_onnx_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(InputError, match="cannot be loaded as an ONNX model") as caught:
        external_files(tmp_path / "m.onnx")
    assert "\n" not in str(caught.value)


def test_an_onnx_is_looked_through_in_no_more_than_its_own_length(tmp_path: Path) -> None:
    """Messages inside each other a thousand times end the walk all the same."""
    inner = b""
    for _ in range(1000):
        inner = message(5, message(6, message(1, inner)))
    (tmp_path / "m.onnx").write_bytes(message(7, message(1, inner)))
    assert external_files(tmp_path / "m.onnx") == []


def test_special_files_are_no_part_of_a_submission(folder: Path) -> None:
    before = load_submission(str(folder)).checksum
    (folder / "zero").symlink_to("/dev/zero")
    assert load_submission(str(folder)).checksum == before


def test_a_submission_has_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MOST_FILES", 3)
    with pytest.raises(InputError, match="the model has 4 files"):
        load_submission(str(folder))
    monkeypatch.setattr(identity, "MOST_FILES", 4)
    load_submission(str(folder))
    monkeypatch.setattr(identity, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="at most"):
        load_submission(str(folder))
