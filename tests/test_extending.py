"""What docs/how-to/extending.md adds works once it is added: a metric, an axis, a lattice, a baseline, a camera."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_datasets

import hrtem_bench as hb
from hrtem_bench.dataset import parse_recipe
from hrtem_bench.imaging import noise_power
from hrtem_bench.models import baseline_at, load_submission
from hrtem_bench.recipes.tracks import track_conditions
from hrtem_bench.scoring import metrics
from hrtem_bench.specimens import unit_cell

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "extending.md").read_text("utf-8")


def section(title: str) -> dict[str, list[str]]:
    """The blocks of a section by language."""
    body = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = [part for part in body if part.startswith(title)]
    found: dict[str, list[str]] = {}
    for language, block in re.findall(r"```(\w+)\n(.*?)```", text, flags=re.DOTALL):
        found.setdefault(language, []).append(block)
    return found


def run(title: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in section(title)["python"]:
        exec(block, names)
    return names


def test_a_metric_reaches_results_and_images(toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "METRICS", (*metrics.METRICS, run("A metric")["METRIC"]))

    def nothing_found(images: np.ndarray) -> np.ndarray:
        return np.zeros_like(images)

    result = hb.evaluate(nothing_found, data=toy_folder, progress=False)
    assert set(result.per_image["specificity"]) == {1.0}
    assert [point.scores["specificity"].value for point in result.results.curve] == [1.0] * 3
    assert "specificity" in result.table()


def test_an_axis_is_a_track_of_a_recipe() -> None:
    (block,) = section("An axis")["toml"]
    recipe = parse_recipe(f"{toy_datasets.TOML}\n{block}")
    found = track_conditions(recipe, "coma")
    assert [one.condition.aberrations.get("C21", 0.0) for one in found] == [0, 500, 1000, 2000]  # nm to Å
    assert [one.train for one in found] == [True, True, False, False]


def test_a_lattice_has_its_atoms() -> None:
    pytest.importorskip("ase")
    cell = unit_cell(run("A lattice")["ROCK_SALT"])
    assert sorted(cell.get_chemical_symbols()) == ["Cl"] * 4 + ["Na"] * 4
    distances = [cell.get_distance(a, b, mic=True) for a, b in itertools.combinations(range(8), 2)]
    assert min(distances) == pytest.approx(5.64 / 2)


def test_a_baseline_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = section("A baseline")
    folder = tmp_path / "baselines" / "bright"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text(blocks["toml"][0], encoding="utf-8")
    (folder / "model.py").write_text(blocks["python"][0], encoding="utf-8")
    monkeypatch.setattr("hrtem_bench.models.shipped_baselines._baseline_roots", lambda: [tmp_path / "baselines"])
    assert baseline_at("bright") == folder
    images = np.linspace(-3, 3, 64, dtype=np.float32).reshape(1, 8, 8)
    model = load_submission("bright")
    assert model.name == tomllib.loads(blocks["toml"][0])["name"]
    assert np.allclose(model.predict(images), 1 / (1 + np.exp(-images)))


def test_a_camera_is_given_by_its_curves() -> None:
    mine = run("A camera")["mine"]
    electrons, rng = 1000.0, np.random.default_rng(0)
    wave = np.ones((128, 128), complex)
    image = hb.render(wave, hb.Condition(dose=electrons), pixel_size=1.0, seed=rng, detector=mine)
    assert image.mean() == pytest.approx(mine.gain * electrons, rel=0.01)
    frequency = 2 * np.fft.fftfreq(128)  # shares of Nyquist
    assert image.var() == pytest.approx(noise_power(mine, electrons, frequency, frequency[:, None]).mean(), rel=0.05)
