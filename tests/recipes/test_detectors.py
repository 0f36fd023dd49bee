"""A recipe's detector: read and refused, recorded in the images, the manifest and the card, and used again."""

from __future__ import annotations

import numpy as np
import pytest
import toy_datasets

import hrtem_bench as hb
from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import generate, load_recipe, open_dataset, open_exit_waves, parse_recipe, verify
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.rendered import rendered_track
from hrtem_bench.imaging import Detector, GaussianCurve, LorentzianCurve, PixelCurve, TableCurve, camera
from hrtem_bench.recipes.detectors import Readout, recording_of
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.plan import dataset_plan, expected_rows
from hrtem_bench.recipes.tables import recipe_to_dict
from hrtem_bench.recipes.tracks import TrackCondition, track_axis, track_conditions

OWN = """
[detector]
mtf = { gaussian = 0.5 }
ntf = { gaussian = 0.5 }
dqe0 = 0.8
gain = 20.0
read_noise = 6.0
offset = 100
"""


def recipe(detector=""):
    return parse_recipe(toy_datasets.TOML + detector)


def test_without_a_detector_recipes_are_what_they_were():
    assert recording_of(recipe()) == Readout()
    assert "detector" not in recipe_to_dict(recipe())  # nor in its hash
    assert recording_of(load_recipe("published")) == Readout()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('camera = "k3-300kV"', camera("k3-300kV")),
        ("mtf = { pixel = true }", Detector(mtf=PixelCurve())),
        ("mtf = { lorentzian = 0.4 }\ngain = 3.0", Detector(mtf=LorentzianCurve(0.4), gain=3.0)),
        ("dqe = { frequency = [0, 1, 2], value = [0.7, 0.3, 0.2] }",
         Detector(dqe=TableCurve((0.0, 1.0, 2.0), (0.7, 0.3, 0.2)))),
        (OWN.replace("[detector]", ""),
         Detector(mtf=GaussianCurve(0.5), ntf=GaussianCurve(0.5), dqe0=0.8, gain=20.0, read_noise=6.0)),
    ],
)  # fmt: skip
def test_detectors_are_read(table, expected):
    read = recipe(f"[detector]\n{table}\n")
    assert recording_of(read).detector == expected
    assert recipe_from_dict(recipe_to_dict(read)) == read


def test_a_curve_in_a_file_becomes_part_of_the_recipe(tmp_path):
    (tmp_path / "mtf.txt").write_text("0 1\n0.5 0.8\n1 0.4\n")
    path = tmp_path / "own.toml"
    path.write_text(toy_datasets.TOML + '[detector]\nmtf = { file = "mtf.txt" }\n', encoding="utf-8")
    read = load_recipe(path)
    (tmp_path / "mtf.txt").unlink()
    again = recipe_from_dict(recipe_to_dict(read))
    assert recording_of(again).detector == Detector(mtf=TableCurve((0.0, 0.5, 1.0), (1.0, 0.8, 0.4)))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('camera = "k9"', ["detector.camera", "k9", "k3-300kV"]),
        ('camera = "k3-300kV"\ngain = 2.0', ["detector.camera", "its own gain"]),
        ("mtf = { gaussian = 0.5, lorentzian = 1.0 }", ["detector.mtf", "give one of"]),
        ("mtf = { frequency = [0, 1] }", ["detector.mtf", "frequency and value together"]),
        ("mtf = { frequency = [0, 0.5], value = [1, 0.5] }", ["detector.mtf", "must reach 0.9"]),
        ("mtf = { gaussian = -1.0 }", ["detector.mtf", "above 0"]),
        ("blur = 1.0", ["detector.blur", "not known", "read_noise"]),
        ("dqe0 = 1.5", ["detector", "dqe0", "1.5"]),
        ("dqe = { pixel = true }\ndqe0 = 0.5", ["detector", "not both"]),
        ("offset = -3", ["detector.offset", "-3"]),
        ("gain = 1e4", ["counts per pixel", "16-bit"]),
        ('mtf = { file = "none.txt" }', ["none.txt cannot be read"]),
        ("spread = { gain = [3, 2] }", ["detector.spread", "low and high"]),
        ("spread = { dqe0 = [0.5, 1.5] }", ["detector.spread", "above 1"]),
        ("spread = { mtf = [1, 2] }", ["detector.spread.mtf is not known", "width, dqe0, gain"]),
        ("ntf = { lorentzian = 0.3 }", ["detector.gain", "rounding", "% is allowed", "give a gain of"]),
        ('camera = "k3-300kV"\nspread = { gain = [0.5, 0.9] }', ["detector.gain", "give a gain of"]),
    ],
)
def test_what_is_wrong_with_a_detector_is_one_line(table, words):
    with pytest.raises(InputError) as caught:
        recipe(f"[detector]\n{table}\n")
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A toy dataset through a detector, and the same without."""
    folder = tmp_path_factory.mktemp("detector")
    for name, table in (("own", OWN), ("ideal", "")):
        generate(recipe(table), folder / name, simulate=toy_datasets.simulate)
    return folder


def test_a_dataset_through_a_detector_is_sound_and_says_so(made):
    assert not verify(made / "own").problems
    card = (made / "own" / "README.md").read_text(encoding="utf-8")
    assert "20 counts per incident electron" in card
    assert "MTF, NTF" in card
    assert "ideal counting" in (made / "ideal" / "README.md").read_text(encoding="utf-8")


def test_its_images_are_those_of_the_detector_and_labels_stay(made):
    own, ideal = (list(open_dataset(made / name, "dose").rows("test")) for name in ("own", "ideal"))
    for ours, plain in zip(own, ideal, strict=True):
        np.testing.assert_array_equal(ours.mask, plain.mask)
        recording = recording_of(recipe(OWN))
        assert (recording.offset, recording.gain) == (100, 20.0)
        ratio = (ours.image.mean() - 100) / 20 / plain.image.mean()
        counted = plain.image.sum()  # both are Poisson: five standard errors of the ratio
        assert ratio == pytest.approx(1, abs=float(5 * np.sqrt((1 + 1 / 0.8) / counted)))


def test_counts_are_rounded_once_and_never_below_zero(made):
    for sample in open_dataset(made / "own", "defocus").rows("test"):
        np.testing.assert_array_equal(sample.image, np.rint(sample.image))
        assert sample.image.min() >= 0


def test_conditions_rendered_from_its_exit_waves_pass_the_same_detector(made):
    condition = Condition(C10=70.0, dose=200.0)

    def first_image(one):
        mine = TrackCondition(condition_id="mine", value=0.0, condition=one, train=False)
        return next(rendered_track(made / "own", [mine], "defocus", "Å").rows("test")).image

    assert first_image(condition).mean() == pytest.approx(100 + 20 * 200 * 0.25, rel=0.2)
    wave = next(open_exit_waves(made / "own").rows())
    expected = hb.render(
        wave.waves, condition.replace(dose=None), pixel_size=wave.pixel_size, output_pixel_size=0.5,
        zero_focus=wave.zero_focus, coherence="envelope",
    )  # fmt: skip
    np.testing.assert_array_equal(first_image(condition.replace(dose=None)), expected)


VARIED = OWN + "spread = { width = [0.8, 1.25], dqe0 = [0.5, 0.8], gain = [15, 25] }\n"
CAMERAS = """
[tracks.camera]
kind = "cameras"
train = ["ideal", "poor"]
[tracks.camera.cameras]
ideal = { camera = "ideal" }
k3 = { camera = "k3-300kV" }
poor = { camera = "scintillator-poor", offset = 50, spread = { width = [0.9, 1.1] } }
own = { mtf = { pixel = true } }
"""


def test_a_detector_varies_from_image_to_image_and_the_replay_knows_it(tmp_path):
    read = recipe(VARIED)
    assert recipe_from_dict(recipe_to_dict(read)) == read
    generate(read, tmp_path / "varied", simulate=toy_datasets.simulate)
    assert not verify(tmp_path / "varied").problems
    assert "From image to image it varies" in (tmp_path / "varied" / "README.md").read_text(encoding="utf-8")
    plan = dataset_plan(read)
    rows = [row for job in plan.jobs for row in expected_rows(plan, "dose", job)]
    gains = np.array([row.recording.detector.gain for row in rows])
    assert len(set(gains)) == len(gains)
    assert ((gains >= 15) & (gains <= 25)).all()
    again = [row for job in plan.jobs for row in expected_rows(plan, "dose", job)]
    assert again == rows
    for sample in open_dataset(tmp_path / "varied", "dose").rows("test"):
        mine = next(
            row for row in rows if (row.structure_id, row.condition_id) == (sample.structure_id, sample.condition_id)
        )
        expected = 100 + mine.recording.detector.gain * sample.condition.dose * 0.25
        assert sample.image.mean() == pytest.approx(expected, rel=0.1)


def test_a_track_of_cameras_shows_each_structure_through_each(tmp_path):
    read = recipe(CAMERAS)
    assert recipe_from_dict(recipe_to_dict(read)) == read
    assert track_axis(read, "camera") == ("camera", "")
    generate(read, tmp_path / "cameras", simulate=toy_datasets.simulate)
    assert not verify(tmp_path / "cameras").problems
    track = open_dataset(tmp_path / "cameras", "camera")
    names = [c.condition_id for c in track.conditions]
    assert names == ["camera=ideal", "camera=k3", "camera=poor", "camera=own"]
    assert [c.train for c in track.conditions] == [True, False, True, False]
    images = {}
    for sample in track.rows("test"):
        images.setdefault(sample.structure_id, {})[sample.condition_id] = sample.image
    electrons = 400 * 0.25
    for shown in images.values():
        assert list(shown) == names
        means = [shown[name].mean() / electrons for name in names]
        np.testing.assert_allclose(means, [1.0, 0.95, 8.0 + 50 / electrons, 1.0], rtol=0.1)
    trained = {sample.condition_id for sample in track.rows("train")}
    assert trained == {"camera=ideal", "camera=poor"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"k3-300kV"', '"k9"', ["tracks.camera.cameras.k3.camera", "k9"]),
        ('train = ["ideal", "poor"]', 'train = ["none"]', ["tracks.camera.train", "ideal, k3, poor, own"]),
        ("pixel = true", "pixel = true, gaussian = 1.0", ["tracks.camera.cameras.own.mtf", "give one of"]),
        ("{ pixel = true }", '{ file = "none.txt" }', ["none.txt cannot be read"]),
        ("mtf = { pixel = true }", "ntf = { lorentzian = 0.3 }", ["tracks.camera.cameras.own.gain", "rounding"]),
        ("offset = 50", "ofset = 50", ["tracks.camera.cameras", "ofset is not known", "read_noise, offset"]),
    ],
)
def test_what_is_wrong_with_a_track_of_cameras_is_one_line(old, new, words):
    with pytest.raises(InputError) as caught:
        recipe(CAMERAS.replace(old, new))
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_dose_is_given_in_either_spelling_of_its_unit():
    plain = recipe()
    ascii_only = parse_recipe(toy_datasets.TOML.replace("e/Å²", "e/A2"))
    assert track_conditions(ascii_only, "dose") == track_conditions(plain, "dose")
    assert track_axis(ascii_only, "dose") == track_axis(plain, "dose") == ("dose", "e/Å²")
