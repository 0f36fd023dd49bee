"""Models that somebody holds in a variable: functions and PyTorch modules."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models import InputContract, Runtime, load_submission
from hrtem_bench.models.prediction import predict
from hrtem_bench.scoring.options import Options

torch = pytest.importorskip("torch")
IMAGES = np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 8, 8)
EXPECTED = 1 / (1 + np.exp(-2.0 * IMAGES))
QUICK = Options(bootstrap_samples=200)


def twice(images: np.ndarray, steepness: float = 2.0) -> np.ndarray:
    return 1 / (1 + np.exp(-steepness * images))


class Twice:
    def __call__(self, images: np.ndarray) -> np.ndarray:
        return twice(images)


class Net(torch.nn.Module):
    """sigmoid(2 x), of which dropout and batch statistics are nothing outside of training."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(1, eps=1e-12, affine=False)
        self.drop = torch.nn.Dropout(0.5)
        self.head = torch.nn.Conv2d(1, channels, 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)
        with torch.no_grad():
            self.head.weight[-1] = 2.0

    def forward(self, images: Any) -> Any:
        logits = self.head(self.drop(self.norm(images)))
        return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, 1)


def asked(model: Any, output: Any = "probabilities") -> np.ndarray:
    return predict(load_submission(model, InputContract(normalisation="own", output=output)), IMAGES, 0.4)


@pytest.mark.parametrize(
    ("model", "name"),
    [(twice, "twice"), (Twice(), "Twice"), (functools.partial(twice, steepness=2.0), "twice"), (Net(), "Net"),
     (Net(2), "Net"), (Net(2).double(), "Net"), (torch.nn.Sequential(Net()), "Sequential"), 
     (lambda x: 1 / (1 + np.exp(-2.0 * x)), "lambda")],
)  # fmt: skip
def test_objects_are_models(model: Any, name: str) -> None:
    submission = load_submission(model)
    assert submission.name == name
    assert submission.kind == ("module" if isinstance(model, torch.nn.Module) else "function")
    assert np.allclose(asked(model), EXPECTED, atol=1e-6)
    assert load_submission(model, name="mine").name == "mine"


def test_a_path_object_and_a_name_are_models(folder: Path) -> None:
    assert load_submission(folder).checksum == load_submission(str(folder)).checksum
    assert load_submission("otsu").kind == "folder"
    assert load_submission("otsu", name="threshold").name == "threshold"


def test_half_precision_answers_are_read() -> None:
    assert np.allclose(asked(Net().bfloat16()), EXPECTED, atol=0.01)


def test_logits_are_declared_as_for_any_model() -> None:
    head = torch.nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        head.weight[:] = torch.tensor([-1.0, 1.0]).reshape(2, 1, 1, 1)
        head.bias[:] = 0.3
    assert np.allclose(asked(head, "logits"), EXPECTED, atol=1e-6)
    with pytest.raises(InputError, match=r'do not add up to 1.*output="logits"'):
        asked(head)
    with pytest.raises(InputError, match="2 outputs where one is due"):
        asked(Several())


class Several(torch.nn.Module):
    def forward(self, images: Any) -> Any:
        return images, images


class Named(torch.nn.Module):
    def forward(self, images: Any) -> Any:
        return {"out": torch.sigmoid(2 * images)}


def test_an_only_output_may_have_a_name() -> None:
    assert np.allclose(asked(Named()), EXPECTED, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_a_module_is_left_as_it_was(training: bool) -> None:
    net = Net().train(training)
    net.norm.train(not training)  # a frozen layer in a network that trains, say
    flags = {name: one.training for name, one in net.named_modules()}
    state = {name: one.clone() for name, one in net.state_dict().items()}
    given = [one.requires_grad for one in net.parameters()]
    assert np.allclose(asked(net), EXPECTED, atol=1e-6)
    assert {name: one.training for name, one in net.named_modules()} == flags
    assert all(torch.equal(state[name], one) for name, one in net.state_dict().items())
    assert [one.requires_grad for one in net.parameters()] == given
    net.train()
    net(torch.from_numpy(IMAGES)[:, None]).sum().backward()  # and it can be trained on
    assert net.head.weight.grad is not None


class Failing(torch.nn.Module):
    def forward(self, images: Any) -> Any:
        raise RuntimeError("out of ideas")


def test_a_module_that_fails_is_left_as_it_was() -> None:
    net = torch.nn.Sequential(Failing()).train()
    with pytest.raises(InputError, match="RuntimeError: out of ideas"):
        asked(net)
    assert all(one.training for one in net.modules())


def test_parameters_are_counted_without_statistics() -> None:
    assert load_submission(Net()).parameters == 2
    assert load_submission(twice).parameters is None


def test_the_checksum_of_a_module_follows_weights_structure_and_code() -> None:
    first, same = load_submission(Net()).checksum, load_submission(Net()).checksum
    assert first == same and len(first) == 64
    moved = Net()
    with torch.no_grad():
        moved.head.weight[0] = 2.5
    statistics = Net()
    statistics.norm.running_mean.fill_(0.5)
    rate = Net()
    rate.drop.p = 0.25
    others = [load_submission(one).checksum for one in (moved, statistics, rate, torch.nn.Sequential(Net()), Named())]
    assert len({first, *others}) == 6
    stateless = [torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.MaxPool2d(3)]
    assert len({load_submission(one).checksum for one in stateless}) == 3
    empty = torch.nn.Module()
    empty.register_buffer("nothing", torch.zeros(0, dtype=torch.bfloat16))
    assert len(load_submission(empty).checksum) == 64


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (3, "a int is no model: give a function of images, an nn.Module"),
        (None, "a NoneType is no model"),
        (Net, r"Net is a class: give an instance of it, Net\(…\)"),
    ],
)
def test_what_is_no_model_is_named(model: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        load_submission(model)
    assert "\n" not in str(caught.value)


def test_a_module_stays_on_its_device() -> None:
    assert load_submission(Net()).device == "cpu"
    with pytest.raises(InputError, match="the model is on cpu: put it on cuda before it is given"):
        load_submission(Net(), runtime=Runtime("cuda"))
    split = torch.nn.Sequential(Net(), torch.nn.Conv2d(1, 1, 1, device="meta"))
    with pytest.raises(InputError, match=r"several devices \(cpu, meta\)"):
        load_submission(split)


MODULES = """
import torch


class Twice(torch.nn.Module):
    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, images):
        assert not self.training and not torch.is_grad_enabled()
        return torch.sigmoid(self.factor * images)


class Needy(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()


instance = Twice()


def make():
    return Twice()


def make_placed(device="cpu"):
    return Twice().to(device)
"""


@pytest.mark.parametrize("name", ["Twice", "instance", "make", "make_placed"])
def test_a_file_may_name_a_module(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULES)
    assert np.allclose(asked(f"{tmp_path / 'net.py'}:{name}"), EXPECTED, atol=1e-6)


def test_a_class_that_needs_arguments_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULES)
    with pytest.raises(InputError, match="class whose instances need arguments: write a function without") as caught:
        load_submission(f"{tmp_path / 'net.py'}:Needy")
    assert "\n" not in str(caught.value)


def test_a_folder_may_return_a_module(folder: Path) -> None:
    (folder / "model.py").write_text(MODULES + "\n\ndef load(folder):\n    return Twice()\n")
    assert np.allclose(load_submission(folder).predict(IMAGES)[:, 0], EXPECTED, atol=1e-6)


def test_a_module_scores_as_its_folder(folder: Path, track: Any) -> None:
    expected = evaluate(str(folder), track, options=QUICK).per_image
    net = Net().train()
    run = evaluate(net, track, options=QUICK)
    assert all(np.allclose(run.per_image[one], expected[one], atol=1e-5) for one in ("dice", "nll", "f1", "brier"))
    assert run.results.model.name == "Net" and net.training
