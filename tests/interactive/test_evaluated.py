"""`hrtem_bench.evaluate`, `compare`, `design` and `generate` as a notebook calls them."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import msgspec
import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.cli import run
from hrtem_bench.interactive.table import table_of
from hrtem_bench.models import baseline_folder, read_card, untrained_network
from hrtem_bench.scoring import read_run

MODEL = "import numpy as np\n\ndef bright(images): return (1 / (1 + np.exp(-3 * images))).astype(np.float32)\n"


def bright(images: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-3 * images))).astype(np.float32)


def dark(images: np.ndarray) -> np.ndarray:
    return bright(-images)


def test_the_same_scores_and_intervals_as_the_command(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    out = tmp_path / "command"
    assert run(["evaluate", f"{tmp_path}/model.py:bright", "--data", str(toy_folder), "--out", str(out)]) == 0
    command = json.loads((out / "results.json").read_text())
    saved = hb.evaluate(bright, data=toy_folder, progress=False).save(tmp_path / "python")
    python = json.loads((saved / "results.json").read_text())
    assert python["curve"] == command["curve"]
    assert python["summary"] == command["summary"]
    assert python["dataset"] == command["dataset"]
    assert sorted(p.name for p in saved.iterdir()) == sorted(p.name for p in out.iterdir())


def test_a_module_scores_as_its_function_and_is_left_as_it_was(toy_folder: Path) -> None:
    torch = pytest.importorskip("torch")

    class Bright(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.steepness = torch.nn.Parameter(torch.tensor(3.0))
            self.drop = torch.nn.Dropout(0.5)

        def forward(self, images: torch.Tensor) -> torch.Tensor:  # type: ignore[name-defined]
            return self.drop(self.steepness * images)

    network = Bright()
    result = hb.evaluate(network, data=toy_folder, output="logits", progress=False)
    expected = hb.evaluate(bright, data=toy_folder, progress=False)
    np.testing.assert_allclose(result.table()["dice"], expected.table()["dice"], atol=1e-6)
    assert network.training and network.drop.training
    assert network.steepness.grad is None


def test_a_network_scores_alike_by_name_by_path_as_a_module_and_as_a_function(toy_folder: Path, tmp_path: Path) -> None:
    """Against the command, which takes the name: means and intervals of every score at every condition."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    home = baseline_folder("unet_small")
    assert home is not None
    contract = msgspec.structs.asdict(read_card(home).input)
    network = untrained_network(home)
    network.load_state_dict(safetensors.load_file(home / "weights.safetensors"))

    def function(images: np.ndarray) -> np.ndarray:
        network.eval()
        with torch.no_grad():
            return torch.sigmoid(network(torch.from_numpy(images[:, None]))[:, 0]).numpy()

    command = ["evaluate", "unet_small", "--data", str(toy_folder), "--batch-size", "3", "--out", f"{tmp_path}/out"]
    assert run(command) == 0
    expected = read_run(tmp_path / "out").results
    for model, settings in (
        ("unet_small", {}),
        (home, {}),
        (network, contract),
        (function, {**contract, "output": "probabilities"}),
    ):
        results = hb.evaluate(model, data=toy_folder, batch_size=3, progress=False, **settings).results
        for point, other in zip(results.curve, expected.curve, strict=True):
            assert point.condition == other.condition
            for name, one in other.scores.items():
                found = point.scores[name]
                assert [found.value, found.low, found.high] == pytest.approx([one.value, one.low, one.high], abs=1e-5)


def test_a_module_of_logits_is_told_to_say_so(toy_folder: Path) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(hb.InputError, match=r'output="logits"') as caught:
        hb.evaluate(torch.nn.Identity(), data=toy_folder, progress=False)
    assert "\n" not in str(caught.value)


def test_the_table_has_a_row_for_each_condition(toy_folder: Path) -> None:
    result = hb.evaluate(bright, data=toy_folder, train_conditions="defocus=0nm", progress=False)
    table = result.table()
    assert list(table["condition"]) == [point.condition for point in result.results.curve]
    assert {len(column) for column in table.values()} == {len(result.results.curve)}
    for point, dice, low, high in zip(
        result.results.curve, table["dice"], table["dice_low"], table["dice_high"], strict=True
    ):
        own = result.per_image["dice"][result.per_image["condition_id"] == point.condition]
        assert dice == pytest.approx(own.mean())
        assert low <= dice <= high
    assert table["sigma"][list(table["condition"]).index("defocus=0nm")] == pytest.approx(1, abs=1e-6)
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(table)


def test_a_notebook_shows_verdict_and_curve(toy_folder: Path, tmp_path: Path) -> None:
    result = hb.evaluate(bright, data=toy_folder, progress=False)
    shown = result._repr_html_()
    assert "its mean Dice runs from" in shown
    assert "data:image/png;base64," in shown
    assert "bright" in repr(result)
    assert result.plot().axes
    png, size = result.plot()._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG") and min(size["width"], size["height"]) > 0
    page = result.report(tmp_path / "page.html")
    assert "<svg" in page.read_text("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert "<table>" in result.table()._repr_html_()


def test_results_in_variables_and_in_folders_are_compared(toy_folder: Path, tmp_path: Path) -> None:
    one, other = (hb.evaluate(model, data=toy_folder, progress=False) for model in (bright, dark))
    compared = hb.compare([one, other])
    table = compared.table()
    last = list(table["condition"]).index("mean of all")
    assert table["difference"][last] == pytest.approx((one.table()["dice"] - other.table()["dice"]).mean())
    assert hb.compare([one.save(tmp_path / "one"), other]).conclusions == compared.conclusions
    assert "data:image/png" in compared._repr_html_()
    with pytest.raises(hb.InputError, match="takes a list"):
        hb.compare(one)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"condition": "defocus=0nm"}, "did you mean conditions"),
        ({"output": "logit"}, "output"),
        ({"limit": 0}, "limit"),
        ({"data": "nowhere"}, "hrtem-bench generate mini"),
        ({"track": "tilt"}, "'tilt'"),
    ],
)
def test_what_cannot_be_used_is_one_line(settings: dict[str, object], said: str, toy_folder: Path) -> None:
    with pytest.raises(hb.InputError, match=said) as caught:
        hb.evaluate(bright, **{"data": toy_folder, "progress": False, **settings})
    assert "\n" not in str(caught.value)


def test_a_plan_of_conditions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = hb.design("C10=-200:200:100,focal_spread=10", budget=2)
    assert 1 <= len(plan.conditions) <= 2
    assert list(plan.table()["condition"]) == plan.conditions
    assert run(["design", "--target", "C10=-200:200:100,focal_spread=10", "--budget", "2"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in plan.conditions)
    assert plan.save(tmp_path / "plan.toml").read_text()


def test_a_plan_for_conditions_in_variables() -> None:
    """The same plan as from text; a set with its spread is one target, scored as it is."""
    at = [hb.Condition(C10=defocus, focal_spread=10.0) for defocus in (-200.0, -100.0, 0.0, 100.0, 200.0)]
    plan = hb.design(at, budget=2)
    text = hb.design("C10=-200:200:100,focal_spread=10", budget=2)
    assert [step.score.worst for step in plan.plan.steps] == [step.score.worst for step in text.plan.steps]
    near, far = at[3], hb.Condition(C10=-400.0, focal_spread=10.0)
    wide = hb.ConditionSet.about(near, {"C10": 30.0})
    chosen = hb.design(wide, budget=1, candidates=[near, far])
    assert chosen.conditions == ["C10=100"]
    assert chosen.plan.steps[0].score.worst == pytest.approx(hb.sigma(near, wide, q_max=2.5))
    assert len(hb.design([near, wide], budget=1, candidates=near).choices.targets) == 2
    with pytest.raises(hb.InputError, match="takes text, a Condition or a ConditionSet, not int"):
        hb.design(5, budget=1)  # type: ignore[arg-type]


def test_a_bar_in_a_notebook(toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython's display in place of a notebook: the bar runs to the end, then goes."""
    shown: list[str] = []

    def display(one: object, display_id: bool = False) -> object:
        shown.append(one._repr_html_())  # type: ignore[attr-defined]
        return types.SimpleNamespace(update=display)

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    module = types.ModuleType("IPython.display")
    module.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    hb.evaluate(bright, data=toy_folder)
    images = sum(point.n_images for point in hb.evaluate(bright, data=toy_folder, progress=False).results.curve)
    assert f'value="{images}" max="{images}"' in shown[-2]
    assert shown[-1] == ""


def test_missing_numbers_in_a_table_are_nan() -> None:
    table = table_of([{"a": 1.0, "b": None}, {"a": 2.0}])
    assert table["a"].tolist() == [1.0, 2.0]
    assert np.isnan(table["b"]).all()
