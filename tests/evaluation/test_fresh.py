"""A fresh test set: the recipe it is made by, and its scores against the public ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import toy_datasets
from fake_track import FakeTrack
from scipy import stats

from hrtem_bench.comparison.fresh_shift import fresh_shift
from hrtem_bench.dataset import generate, open_dataset, read_manifest
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation import fresh
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.evaluation.fresh import fresh_recipe, fresh_track
from hrtem_bench.recipes.tables import recipe_to_dict
from hrtem_bench.report import fresh_sentence
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.run import Run

QUICK = Options(bootstrap_samples=200)


@pytest.fixture(scope="module")
def data(toy_folder: Path) -> Path:
    return toy_folder


def test_the_recipe_differs_in_its_seed_and_in_what_is_not_tested(data: Path) -> None:
    public = recipe_to_dict(toy_datasets.recipe())
    found = recipe_to_dict(fresh_recipe(read_manifest(data), "dose", 8))
    assert found["seed"] == 8
    assert found["structures"] == {"train": 0, "validation": 0, "test": 2}
    assert list(found["tracks"]) == ["dose"]
    for key in ("scene", "imaging", "multislice", "sampling", "version"):
        assert found[key] == public[key]
    same = public["tracks"]["dose"]
    assert found["tracks"]["dose"] == same | {"structures": None}


def test_the_public_seed_and_unknown_tracks_are_refused(data: Path) -> None:
    with pytest.raises(InputError, match="the dataset's own"):
        fresh_recipe(read_manifest(data), "defocus", 7)
    with pytest.raises(InputError, match="no track 'defocs'"):
        fresh_recipe(read_manifest(data), "defocs", 8)


def test_it_is_made_once_and_has_new_structures(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(recipe: Any, folder: Path, **options: Any) -> None:
        generate(recipe, folder, workers=1, simulate=toy_datasets.simulate, **options)

    monkeypatch.setattr(fresh, "generate", made)
    done: list[Any] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    track = fresh_track(read_manifest(data), "defocus", 8, progress=toy_datasets.counting(done))
    assert done[-1] == (3, 3)
    assert track.folder.is_relative_to(tmp_path / "hrtem-bench" / "fresh")
    public = open_dataset(data, "defocus")
    assert track.conditions == public.conditions
    assert track.checksum != public.checksum
    images, others = ([sample.image for sample in one.rows("test")] for one in (track, public))
    assert len(images) == len(others)
    assert not any(np.array_equal(a, b) for a, b in zip(images, others, strict=True))
    done.clear()
    fresh_track(read_manifest(data), "defocus", 8, progress=toy_datasets.counting(done))
    assert done == []


def scored(folder: Path, structures: int) -> Run:
    done = evaluate(str(folder), FakeTrack(n_structures=structures), options=QUICK)  # type: ignore[arg-type]
    return Run(done.results, done.per_image)


def with_dice(run: Run, shift: float, seed: int) -> Run:
    """The run with normal scores about 0.7 + shift at every image."""
    count = len(run.per_image["dice"])
    return Run(
        run.results, run.per_image | {"dice": 0.7 + shift + 0.05 * np.random.default_rng(seed).normal(size=count)}
    )


def by_structure(run: Run) -> list[float]:
    """The mean Dice of each structure."""
    names, dice = run.per_image["structure_id"], run.per_image["dice"]
    return [float(dice[names == name].mean()) for name in np.unique(names)]


def test_intervals_are_welchs(folder: Path) -> None:
    public, new = with_dice(scored(folder, 8), 0.0, 1), with_dice(scored(folder, 5), -0.2, 2)
    found = fresh_shift(public, new, 3)
    for one in found.conditions:
        mine, theirs = (run.per_image["dice"][run.per_image["condition_id"] == one.condition] for run in (new, public))
        expected = stats.ttest_ind(mine, theirs, equal_var=False).confidence_interval(0.95)
        assert one.difference.value == pytest.approx(mine.mean() - theirs.mean())
        assert (one.difference.low, one.difference.high) == pytest.approx((expected.low, expected.high))
    structures = [by_structure(run) for run in (new, public)]
    expected = stats.ttest_ind(*structures, equal_var=False).confidence_interval(0.95)
    assert (found.mean.difference.low, found.mean.difference.high) == pytest.approx((expected.low, expected.high))
    assert "too good" in fresh_sentence(found)
    assert "easier" in fresh_sentence(fresh_shift(new, public, 3))
    assert "explains a difference of this size" in fresh_sentence(fresh_shift(public, with_dice(public, 0.0, 4), 3))


def test_one_structure_gives_no_interval(folder: Path) -> None:
    found = fresh_shift(with_dice(scored(folder, 6), 0.0, 1), with_dice(scored(folder, 1), 0.0, 2), 3)
    assert found.mean.difference.low is None
    assert "nothing can be concluded" in fresh_sentence(found)


def test_other_models_and_conditions_are_refused(folder: Path) -> None:
    run = with_dice(scored(folder, 4), 0.0, 1)
    model = msgspec.structs.replace(run.results.model, checksum="other")
    with pytest.raises(InputError, match="another model"):
        fresh_shift(Run(msgspec.structs.replace(run.results, model=model), run.per_image), run, 3)
    with pytest.raises(InputError, match="other conditions"):
        fresh_shift(Run(msgspec.structs.replace(run.results, curve=run.results.curve[:2]), run.per_image), run, 3)
