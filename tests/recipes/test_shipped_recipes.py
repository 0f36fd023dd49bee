"""The recipes of version 2: how they form and record images, and what their tracks of cameras and films move."""

import numpy as np
import pytest

from hrtem_bench.dataset import generation_cost, load_recipe
from hrtem_bench.imaging import camera, rounding_share
from hrtem_bench.recipes.detectors import drawn_recording, recording_of, spread_of
from hrtem_bench.recipes.plan import dataset_plan
from hrtem_bench.recipes.scenes import scene_spec

NAMES = ("mini", "small", "full")
TRACKS = {
    *("defocus", "dose", "spherical_aberration", "focal_spread", "astigmatism", "structure", "joint"),
    *("camera", "film"),
}


@pytest.fixture(scope="module", params=NAMES)
def recipe(request):
    return load_recipe(request.param)


def test_images_are_those_of_a_microscope_with_a_camera(recipe):
    assert recipe.version == "2.0.0"
    assert "do not compare" in " ".join(recipe.changes.split())
    assert (recipe.coherence, recipe.nodes) == ("quadrature", None)
    assert recording_of(recipe).detector == camera("scintillator-good")
    assert spread_of(recipe).width is not None


def test_every_track_is_there_and_says_why(recipe):
    assert set(recipe.tracks) == TRACKS
    assert all(track.why.strip() for track in recipe.tracks.values())


def test_rounding_adds_less_than_a_hundredth_of_the_variance_at_every_condition(recipe):
    for conditions in dataset_plan(recipe).conditions.values():
        for c in conditions:
            detector = recording_of(recipe, c.camera).detector
            electrons = c.condition.dose * recipe.sampling.pixel_size**2
            assert rounding_share(detector, electrons) < 0.01, c.condition_id


def test_read_noise_does_not_fall_below_zero(recipe):
    recording = recording_of(recipe)
    # Of an empty image: five standard deviations of the read noise.
    assert recording.offset > 5 * recording.detector.read_noise


def test_the_cameras_blur_more_and_more(recipe):
    named = {c.condition_id.partition("=")[2]: c for c in dataset_plan(recipe).conditions["camera"]}
    assert [name for name, c in named.items() if c.train] == ["scintillator_good"]
    kept = {}
    for name, c in named.items():
        curve = recording_of(recipe, c.camera).detector.mtf
        kept[name] = 1.0 if curve is None else float(curve(0.5, 0.0))
    assert kept["ideal"] == 1.0 > kept["k3"] > kept["scintillator_good"] > kept["scintillator_poor"]
    assert kept["falcon4i"] == pytest.approx(0.9, abs=0.03) == kept["k3"]


def test_the_camera_of_training_varies_as_the_detector_of_the_other_tracks(recipe):
    trained = next(c for c in dataset_plan(recipe).conditions["camera"] if c.train)
    one, other = (drawn_recording(recipe, name, np.random.default_rng(1)) for name in (trained.camera, ""))
    assert one == other != recording_of(recipe)


def test_films_from_none_to_100_angstrom_on_every_side(recipe):
    conditions = dataset_plan(recipe).conditions["film"]
    specs = {c.condition_id.partition("=")[2]: scene_spec(recipe, c.scene) for c in conditions}
    assert {spec.film_side for spec in specs.values()} == {"none", "below", "above", "both"}
    assert not specs["none"].has_film
    assert specs["thick"].film_thickness[1] == 100.0
    assert specs["thin"].film_thickness[1] <= specs["usual"].film_thickness[0]
    assert specs["rough"].film_roughness == max(spec.film_roughness for spec in specs.values())
    # Networks train on the recipe's own specimens, which are simulated anyway.
    assert [c.scene for c in conditions if c.train] == [""]


def test_specimens_are_of_mixed_shapes_on_uneven_films(recipe):
    spec = scene_spec(recipe)
    assert {"cap", "lens", "wulff"} == set(spec.shapes)
    assert min(spec.particle_roughness, spec.film_roughness, spec.film_density_variation) > 0
    assert spec.contamination_thickness[1] > 0


def test_exit_waves_of_every_split_are_kept_and_bounded(recipe):
    kept = recipe.exit_waves
    assert all(kept.count(split) for split in ("train", "validation", "test"))
    found = generation_cost(recipe, clock=lambda points: 0.0)
    assert found.wave_structures * found.wave_bytes < 1e9
    if recipe.name == "mini":
        assert found.wave_structures == found.structures
