"""Conditions rendered from kept exit waves: the images are those of the microscope model, and never official."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import toy_datasets

import hrtem_bench as hb
from hrtem_bench.dataset import TrackCondition, generate, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.evaluation.rendered import RenderedTrack, file_track, grid_track, rendered_track, trained_at
from hrtem_bench.imaging import render
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.tables import SPLITS
from hrtem_bench.scoring.options import Options

QUICK = Options(bootstrap_samples=200)


@pytest.fixture(scope="module")
def data(toy_folder: Path) -> Path:
    return toy_folder


def ids(track: RenderedTrack) -> list[str]:
    return [one.condition_id for one in track.conditions]


def test_a_grid_is_an_axis(data: Path) -> None:
    track = grid_track(data, ["C10=-50:50:25"])
    assert ids(track) == ["C10=-50", "C10=-25", "C10=0", "C10=25", "C10=50"]
    assert (track.axis, track.unit) == ("C10", "Å")
    assert [one.value for one in track.conditions] == [-50, -25, 0, 25, 50]
    assert track.conditions[0].condition == hb.Condition(C10=-50.0, focal_spread=10.0, dose=400.0)
    assert track.checksum != open_dataset(data, "defocus").checksum


def test_grids_combine_and_defocus_turns_the_sign(data: Path) -> None:
    track = grid_track(data, ["defocus=100,200", "dose=50:150:100"])
    assert ids(track) == ["defocus=100,dose=50", "defocus=100,dose=150", "defocus=200,dose=50", "defocus=200,dose=150"]
    assert track.unit == ""
    last = track.conditions[-1].condition
    assert (last.C10, last.dose, last.focal_spread) == (-200.0, 150.0, 10.0)


@pytest.mark.parametrize("step", [0.1, 0.3, 7.0])
def test_the_end_of_a_range_is_in_it(step: float, data: Path) -> None:
    values = [one.value for one in grid_track(data, [f"C12=0:{12 * step!r}:{step!r}"]).conditions]
    assert values == pytest.approx([step * i for i in range(13)])


def test_conditions_from_a_file(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[condition]]\nid = "scherzer"\nC10 = -600\nC30 = 1.2e7\n\n'
        "[[condition]]\nC12 = 20\nphi12 = 0.5\n\n[[condition]]\naberrations = { C21 = 300 }\nfocal_spread = 30\n"
    )
    track = file_track(data, path)
    assert ids(track) == ["scherzer", "condition-2", "condition-3"]
    base = hb.Condition(focal_spread=10.0, dose=400.0)
    assert [one.condition for one in track.conditions] == [
        base.replace(C10=-600.0, C30=1.2e7),
        base.replace(aberrations={"C12": 20.0, "phi12": 0.5}),
        base.replace(aberrations={"C21": 300.0}, focal_spread=30.0),
    ]


def test_images_are_those_of_the_exit_waves(data: Path) -> None:
    """Without a dose there is no noise: the kept waves give the image of the simulated ones, to half precision."""
    condition = hb.Condition(C10=-123.0, C30=1e6, focal_spread=7.0)
    track = rendered_track(
        data, [TrackCondition(condition_id="x", value=0.0, condition=condition, train=False)], "x", ""
    )
    samples = list(track.rows("test"))
    assert [sample.structure_id for sample in samples] == ["test-00000", "test-00001"]
    assert track.count("test") == 2
    assert list(track.rows("train")) == []
    recipe = toy_datasets.recipe()
    for index, sample in enumerate(samples):
        structure = toy_datasets.simulate(recipe, Job("test", index))
        expected = render(
            structure.waves, condition, pixel_size=structure.pixel_size, output_pixel_size=0.5,
            zero_focus=structure.zero_focus, coherence="envelope",
        )  # fmt: skip
        assert float(np.abs(sample.image - expected).max()) < 0.02
        np.testing.assert_array_equal(sample.mask, structure.mask)


def test_every_split_whose_waves_are_kept_is_rendered(tmp_path: Path) -> None:
    text = toy_datasets.TOML.replace(
        "structures = 2\n\n[im", "structures = { train = 3, validation = 1, test = 1 }\n\n[im"
    )
    generate(toy_datasets.recipe(text), tmp_path / "toy", workers=1, simulate=toy_datasets.simulate)
    track = grid_track(tmp_path / "toy", ["C10=-100:100:100"])
    assert {split: track.count(split) for split in SPLITS} == {"train": 9, "validation": 3, "test": 3}
    samples = list(track.rows("train", ["C10=100"]))
    assert [one.structure_id for one in samples] == ["train-00000", "train-00001", "train-00002"]
    assert track.count("train", ["C10=100"], limit=2) == 2
    structure = toy_datasets.simulate(toy_datasets.recipe(text), Job("train", 2))
    np.testing.assert_array_equal(samples[2].mask, structure.mask)
    expected = render(
        structure.waves, samples[2].condition.replace(dose=None), pixel_size=structure.pixel_size,
        output_pixel_size=0.5, zero_focus=structure.zero_focus, coherence="envelope",
    )  # fmt: skip
    # Poisson counts about 100 × the image: their deviation from it is that of counting, chi² per pixel 1 ± 4√(2/1024).
    chi2 = float(np.mean((samples[2].image - 100 * expected) ** 2 / (100 * expected)))
    assert abs(chi2 - 1) < 4 * np.sqrt(2 / 1024)


def test_noise_is_seeded_by_structure_and_condition_alone(data: Path) -> None:
    one, few = grid_track(data, ["C10=25"]), grid_track(data, ["C10=0:50:25"])
    alone = [sample.image for sample in one.rows("test")]
    among = [sample.image for sample in few.rows("test", ["C10=25"])]
    np.testing.assert_array_equal(alone, among)
    assert not np.array_equal(alone[0], alone[1])
    assert abs(float(np.mean(alone)) / (400 * 0.25) - 1) < 0.1


def test_the_first_of_each_condition_and_those_after_a_start(data: Path) -> None:
    track = grid_track(data, ["C10=0:50:25"])
    everything = [(one.structure_id, one.condition_id) for one in track.rows("test")]
    assert len(everything) == track.count("test") == 6
    assert [(one.structure_id, one.condition_id) for one in track.rows("test", start=4)] == everything[4:]
    some = track.rows("test", ["C10=25", "C10=50"], limit=1, start=1)
    assert [(one.structure_id, one.condition_id) for one in some] == [("test-00000", "C10=50")]
    assert track.count("test", ["C10=25", "C10=50"], limit=1) == 2
    assert track.count("train") == 0


def test_scores_are_not_official(data: Path, folder: Path, tmp_path: Path) -> None:
    track = grid_track(data, ["C10=-50:50:50"])
    done = evaluate(str(folder), track, out=tmp_path / "r", options=QUICK)
    assert not done.results.settings.official
    assert "not an official result" in done.results.warnings[-1]
    assert done.results.dataset.track == "rendered"
    # The settings of its training images may be draws of the dataset's own condition, which stands for them.
    (trained,) = (one for one in open_dataset(data, "defocus").conditions if one.condition_id == "defocus=0nm")
    train = hb.ConditionSet.about(trained.condition, trained.spread)
    for point in done.results.curve:
        condition = hb.Condition(C10=point.C10, focal_spread=10.0)
        assert point.sigma == pytest.approx(hb.sigma(train, condition, q_max=1.0), abs=1e-4)
    assert "id_dice" not in done.results.summary.scores
    assert "area_dice" in done.results.summary.scores


def plain(images: np.ndarray) -> np.ndarray:
    """A model that does not say where it was trained."""
    return 1 / (1 + np.exp(-2 * images))


MODEL = f"{__name__}:plain"


@pytest.mark.parametrize(
    ("named", "settings"),
    [
        (["defocus=-10nm"], []),
        (["defocus=-10nm", "defocus=0nm"], []),
        (["C10=70, focal_spread=20"], [hb.Condition(C10=70.0, focal_spread=20.0)]),
        (["C10=50"], [hb.Condition(C10=50.0, focal_spread=10.0)]),
    ],
)
def test_sigma_is_to_the_conditions_that_the_user_names(
    named: list[str], settings: list[hb.Condition], data: Path
) -> None:
    """Ids of the dataset's track, whose images have a spread; settings; or an id of the grid itself."""
    track = trained_at(grid_track(data, ["C10=-50:50:50"]), data, "defocus", named)
    done = evaluate(MODEL, track, options=Options(bootstrap_samples=200, train_conditions=named))
    known = [one for one in open_dataset(data, "defocus").conditions if one.condition_id in named]
    trained = settings or hb.ConditionSet.mixture([hb.ConditionSet.about(one.condition, one.spread) for one in known])
    assert [point.condition for point in done.results.curve] == ["C10=-50", "C10=0", "C10=50"]
    for point in done.results.curve:
        expected = hb.sigma(trained, hb.Condition(C10=point.C10, focal_spread=10.0), q_max=1.0)
        assert point.sigma == pytest.approx(expected, abs=1e-4)
        assert point.in_distribution == (point.condition in named)
    assert done.results.train.conditions == [name for name in named if name == "C10=50"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("focus", "'focus' is neither a condition of the track defocus .defocus=-10nm, defocus=0nm"),
        ("C11=5", "unknown coefficient 'C11'"),
        ("mine", "settings such as"),
    ],
)
def test_training_conditions_that_are_none(name: str, said: str, data: Path) -> None:
    with pytest.raises(InputError, match=said) as error:
        trained_at(grid_track(data, ["C10=0"]), data, "defocus", [name])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("grids", "said"),
    [
        (["C11=0:1:1"], "names are"),
        (["C10"], "names are"),
        (["C10=a"], "neither"),
        (["C10=0:1"], "neither"),
        (["C10=0:1:0"], "STEP"),
        (["C10=5:0:1"], "STEP"),
        (["C10=0:1e9:1"], "STEP"),
        (["C10=0:99:1", "C30=0:99:1"], "10000 conditions"),
        (["C10=0", "C10=1"], "two grids"),
        (["C10=1,1"], "given twice"),
        (["phi12=0.5"], "phi12"),
        (["focal_spread=-5"], "standard deviation"),
        (["C10=nan"], "finite"),
    ],
)
def test_grids_that_cannot_be(grids: list[str], said: str, data: Path) -> None:
    with pytest.raises(InputError, match=said) as error:
        grid_track(data, grids)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[condition]\nC10 = 5", r"\[\[condition\]\]"),
        ("x = 1", r"\[\[condition\]\]"),
        ("[[condition]]\nC10 = 'a'", "C10 must be a number"),
        ("[[condition]]\nC11 = 5", "unknown coefficient"),
        ('[[condition]]\nid = "a"\n[[condition]]\nid = "a"', "given twice"),
        ("condition = []", "no condition"),
        ("[[", "not TOML"),
    ],
)
def test_files_that_cannot_be(text: str, said: str, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as error:
        file_track(data, path)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="cannot be read"):
        file_track(data, tmp_path / "no.toml")


def test_the_energy_is_that_of_the_waves(data: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="80000 eV"):
        evaluate(str(folder), grid_track(data, ["energy=80e3"]), options=QUICK)


def test_waves_that_end_before_what_a_condition_lets_through(tmp_path: Path) -> None:
    text = toy_datasets.TOML.replace("[exit_waves]\n", "[exit_waves]\nband = 1.1\n")
    generate(toy_datasets.recipe(text), tmp_path / "d", workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(
        InputError, match=r"C10=5 needs exit waves up to .*, and those kept end at 1.1: set an aperture"
    ):
        next(grid_track(tmp_path / "d", ["C10=5"]).rows("test"))
    inside = 1e3 * 1.1 * hb.wavelength(300e3)
    with pytest.raises(InputError, match="needs exit waves"):
        next(grid_track(tmp_path / "d", [f"aperture={1.01 * inside}"]).rows("test"))
    assert len(list(grid_track(tmp_path / "d", [f"aperture={0.99 * inside}"]).rows("test"))) == 2


def test_waves_of_an_unknown_version(data: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(data, tmp_path / "d"))
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 9}))
    with pytest.raises(InputError, match="has schema version 9, this hrtem-bench reads 1"):
        grid_track(copy, ["C10=5"])


def test_a_dataset_without_exit_waves(tmp_path: Path) -> None:
    text = toy_datasets.TOML.replace("[exit_waves]\nstructures = 2\n", "")
    generate(toy_datasets.recipe(text), tmp_path / "d", workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError, match="keeps no exit waves"):
        grid_track(tmp_path / "d", ["C10=0"])
