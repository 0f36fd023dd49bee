"""Datasets rendered from the exit waves that another keeps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import toy_datasets

from hrtem_bench.cli import run
from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import (
    generate,
    generation_cost,
    open_dataset,
    open_exit_waves,
    parse_recipe,
    read_manifest,
    render_dataset,
    verify,
)
from hrtem_bench.dataset.from_waves import kept_structure, needed_band
from hrtem_bench.errors import InputError
from hrtem_bench.generation.assembly import part_path
from hrtem_bench.generation.manifest import MANIFEST, dataset_checksum, write_manifest
from hrtem_bench.imaging import expected_intensity
from hrtem_bench.physics import wavelength
from hrtem_bench.recipes.plan import Job, dataset_plan
from hrtem_bench.recipes.schema import COLUMNS, EXIT_WAVES
from hrtem_bench.recipes.tracks import TrackCondition

KEPT = "[exit_waves]\nstructures = { train = 3, validation = 1, test = 2 }\n"
SCENES = toy_datasets.TOML[toy_datasets.TOML.index("[tracks.structure]") : toy_datasets.TOML.index("[tracks.joint]\n")]
OWN = (
    toy_datasets.TOML.replace("[exit_waves]\nstructures = 2\n", KEPT)
    .replace(SCENES, "")
    .replace("test = 3\n", "test = 2\n", 1)
)
"""The toy, all of whose waves are kept."""
OTHER = OWN.replace("focal_spread = 10", 'focal_spread = 30\ncoherence = "quadrature"\nnodes = 3').replace(KEPT, "")
"""Other imaging of the same specimens."""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves") / "toy"
    generate(toy_datasets.recipe(OWN), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


def rows(folder: Path, columns: list[str]) -> list[dict]:
    """Those columns of every row of every track."""
    paths = [folder / s.path for s in read_manifest(folder).shards if EXIT_WAVES not in s.path]
    return [row for path in paths for row in pq.read_table(path, columns=columns).to_pylist()]


@pytest.fixture(scope="module")
def again(source, tmp_path_factory):
    """Rendered with the dataset's own recipe."""
    folder = tmp_path_factory.mktemp("again") / "toy"
    render_dataset(source, toy_datasets.recipe(OWN), folder, workers=1)
    return folder


def test_half_precision_moves_expected_counts_by_less_than_a_hundredth_of_their_noise(source):
    recipe = toy_datasets.recipe(OWN)
    brightest = max(c.condition.dose for conditions in dataset_plan(recipe).conditions.values() for c in conditions)
    electrons = brightest * recipe.sampling.pixel_size**2
    for split, index in (("train", 2), ("validation", 0), ("test", 1)):
        job = Job(split, index)
        made, kept = toy_datasets.simulate(recipe, job), kept_structure(source, recipe, job)
        one, other = (
            expected_intensity(
                s.waves, [Condition(C10=100.0, focal_spread=10.0)], pixel_size=s.pixel_size,
                output_pixel_size=recipe.sampling.pixel_size, zero_focus=s.zero_focus,
            )[0]
            for s in (made, kept)
        )  # fmt: skip
        noise = np.sqrt(electrons * one)
        assert np.max(np.abs(other - one) * electrons / noise) < 0.01
        for name in ("mask", "instances", "lattice", "particle_count", "thickness", "zero_focus", "pixel_size"):
            np.testing.assert_array_equal(
                getattr(kept, name), getattr(made, name), strict=name in ("mask", "instances")
            )


def test_the_own_recipe_gives_the_same_dataset_again(source, again):
    same = [name for name in COLUMNS if name not in ("image", "preview")]
    assert rows(again, same) == rows(source, same)
    found = verify(again)
    assert found.problems == ()
    first, second = (
        np.array([s.image for s in open_dataset(folder, "dose").rows("test")]) for folder in (source, again)
    )
    assert np.mean((first - second) ** 2 / (first + second)) < 1.1  # at most two draws of the same Poisson counts


def test_other_imaging_is_that_of_a_simulation(source, tmp_path):
    recipe = toy_datasets.recipe(OTHER)
    manifest = render_dataset(source, recipe, tmp_path / "rendered", workers=1)
    generate(recipe, tmp_path / "simulated", workers=1, simulate=toy_datasets.simulate)
    assert verify(tmp_path / "rendered").problems == ()
    one, other = (
        np.array([s.image for s in open_dataset(tmp_path / name, "defocus").rows("test")])
        for name in ("rendered", "simulated")
    )
    assert np.mean((one - other) ** 2 / (one + other)) < 1.1
    assert manifest.waves_sha256 == dataset_checksum([s for s in read_manifest(source).shards if EXIT_WAVES in s.path])
    card = (tmp_path / "rendered" / "README.md").read_text(encoding="utf-8")
    assert "hrtem-bench render" in card and manifest.waves_sha256 in card
    assert "hrtem-bench generate" in (tmp_path / "simulated" / "README.md").read_text(encoding="utf-8")


def test_a_finished_or_begun_dataset_of_other_making_is_refused(source, again, tmp_path):
    recipe = toy_datasets.recipe(OWN)
    before = (again / MANIFEST).read_bytes()
    render_dataset(source, recipe, again, workers=1)
    assert (again / MANIFEST).read_bytes() == before
    with pytest.raises(InputError, match="was simulated"):
        render_dataset(source, recipe, source, workers=1)
    with pytest.raises(InputError, match="rendered from other exit waves"):
        generate(recipe, again, workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError, match="ZeroDivisionError"):
        generate(recipe, tmp_path / "begun", workers=1, simulate=toy_datasets.broken)
    with pytest.raises(InputError, match="unfinished dataset of other exit waves"):
        render_dataset(source, recipe, tmp_path / "begun", workers=1)


def test_an_interrupted_rendering_goes_on(source, again, tmp_path):
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    recipe, moved = toy_datasets.recipe(OWN), []
    with pytest.raises(KeyboardInterrupt):
        render_dataset(source, recipe, tmp_path / "toy", workers=1, progress=stop)
    assert sum(part_path(tmp_path / "toy", job).exists() for job in dataset_plan(recipe).jobs) == 3
    render_dataset(source, recipe, tmp_path / "toy", workers=1, progress=toy_datasets.counting(moved))
    assert moved[0] == (3, 6)
    assert toy_datasets.files(tmp_path / "toy") == toy_datasets.files(again)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 7", "seed = 8", "seed = 8: the exit waves of .* were made with 7"),
        ("[scene]", "[scene]\ndiameter = [10, 12]", "scene.diameter"),
        ("phonons = 2", "phonons = 3", "multislice.phonons = 3"),
        ("pixels = 32", "pixels = 64", "sampling.pixels = 64"),
        ("pixel_size = 0.5", "pixel_size = 1.0", "sampling.pixel_size = 1.0"),
        ("dose = 400", "dose = 400\nenergy = 200e3", "imaging.energy = 200000"),
        ("train = 3", "train = 4", "structures.train = 4: the exit waves of 3 train structures are kept"),
        ("[tracks.joint]", SCENES + "[tracks.joint]", "tracks.structure.silicon: exit waves are kept of"),
    ],
)
def test_what_does_not_agree_is_refused_in_one_line(source, tmp_path, old, new, words):
    with pytest.raises(InputError, match=words) as caught:
        render_dataset(source, parse_recipe(OTHER.replace(old, new, 1)), tmp_path / "new", workers=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def altered(source: Path, folder: Path, **fields) -> Path:
    """The manifest of a dataset with other fields, and no files."""
    folder.mkdir()
    write_manifest(folder, msgspec.structs.replace(read_manifest(source), **fields))
    return folder


def test_waves_of_another_version_and_damaged_ones_are_refused(source, tmp_path):
    recipe = toy_datasets.recipe(OTHER)
    with pytest.raises(InputError, match=r"made by hrtem-bench 0\.0\.1"):
        render_dataset(altered(source, tmp_path / "old", code_version="0.0.1"), recipe, tmp_path / "new")
    with pytest.raises(InputError, match="schema version 99"):
        render_dataset(altered(source, tmp_path / "late", schema_version=99), recipe, tmp_path / "new")
    with pytest.raises(InputError, match="is missing"):
        render_dataset(altered(source, tmp_path / "empty"), recipe, tmp_path / "new")


def test_waves_whose_band_is_too_small_are_refused(tmp_path):
    cut = OWN.replace(KEPT, KEPT + "band = 1.1\n").replace("focal_spread = 10", "focal_spread = 10\naperture = 20")
    generate(toy_datasets.recipe(cut), tmp_path / "cut", workers=1, simulate=toy_datasets.simulate)
    render_dataset(tmp_path / "cut", toy_datasets.recipe(cut), tmp_path / "same", workers=1)
    with pytest.raises(InputError, match=r"needs exit waves up to 1\.333 1/Å, and those kept end at 1\.1"):
        render_dataset(tmp_path / "cut", toy_datasets.recipe(OTHER), tmp_path / "new")
    wider = cut.replace("band = 1.1", "band = 1.2")
    with pytest.raises(InputError, match=r"exit_waves\.band = 1\.2"):
        render_dataset(tmp_path / "cut", toy_datasets.recipe(wider), tmp_path / "new")


def test_band_that_a_condition_needs():
    fine = toy_datasets.recipe(OWN.replace("simulation_pixel_size = 0.25", "simulation_pixel_size = 0.1"))
    one = TrackCondition(condition_id="a", value=0.0, condition=Condition(), train=True)
    assert needed_band(fine, one.condition) == 1.7
    stopped = msgspec.structs.replace(one, condition=Condition(aperture=20.0))
    assert needed_band(fine, stopped.condition) == pytest.approx(0.020 / wavelength(300e3))
    assert needed_band(toy_datasets.recipe(OWN), one.condition) == pytest.approx(1 / (3 * 0.25))


def test_structures_are_read_one_at_a_time(source):
    waves = open_exit_waves(source)
    every = list(waves.rows("train"))
    for index, one in enumerate(every):
        found = waves.structure("train", index)
        assert found.structure_id == one.structure_id == f"train-0000{index}"
        np.testing.assert_array_equal(found.waves, one.waves)
    with pytest.raises(InputError, match="no exit waves of train-00003 are kept"):
        waves.structure("train", 3)
    with pytest.raises(InputError, match="no split"):
        waves.structure("training", 0)


def test_estimate_leaves_out_the_simulation():
    recipe = toy_datasets.recipe(OWN)
    simulated = generation_cost(recipe, clock=lambda points: 1.0)
    read = generation_cost(recipe, clock=lambda points: 1.0, simulated=False)
    assert read.seconds < simulated.seconds and read.memory < simulated.memory
    assert read.simulations == 0
    left_out = {"seconds": 0.0, "memory": 0, "simulations": 0}
    assert dataclasses.replace(read, **left_out) == dataclasses.replace(simulated, **left_out)


def test_the_command_says_what_it_takes_and_makes_it(source, tmp_path, capsys):
    (tmp_path / "other.toml").write_text(OTHER, encoding="utf-8")
    command = ["render", str(source), "--recipe", str(tmp_path / "other.toml"), "--out", str(tmp_path / "new")]
    assert run([*command, "--dry-run"]) == 0
    assert "6 structures from the exit waves of" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()
    assert run([*command, "--workers", "1"]) == 0
    assert verify(tmp_path / "new").ok
    (tmp_path / "other.toml").write_text(OTHER.replace("seed = 7", "seed = 8"), encoding="utf-8")
    capsys.readouterr()
    assert run([*command, "--dry-run"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
