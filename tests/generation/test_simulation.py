"""The unit of work with the real layers: specimens, multislice, imaging."""

import cupy_on_host
import numpy as np
import pytest
import toy_datasets

import hrtem_bench as hb
from hrtem_bench.dataset import generate, parse_recipe, verify
from hrtem_bench.generation.png import decode_png
from hrtem_bench.generation.simulation import crop_band, make_structure, simulate
from hrtem_bench.generation.waves import unpack
from hrtem_bench.recipes.plan import Job, dataset_plan, expected_rows

SCENE = "diameter = [14, 16]\ncount = 2\ngap = 4\nfilm_thickness = [10, 12]\n"
REAL = (
    toy_datasets.TOML.replace("whole = false\n", SCENE)
    .replace("pixels = 32", "pixels = 80")
    .replace("[scene]", '[scene]\nlattices = ["CdSe"]')
)


@pytest.fixture(scope="module")
def structure():
    return simulate(toy_datasets.recipe(REAL), Job("test", 0))


def test_a_structure_is_a_pure_function_of_recipe_and_job(structure):
    again = simulate(toy_datasets.recipe(REAL), Job("test", 0))
    np.testing.assert_array_equal(again.waves, structure.waves)
    np.testing.assert_array_equal(again.instances, structure.instances)
    assert again.zero_focus == structure.zero_focus
    other = simulate(toy_datasets.recipe(REAL), Job("train", 0))
    assert not np.array_equal(other.mask, structure.mask)


def test_what_is_simulated_fits_together(structure):
    assert structure.waves.shape[0] == 2
    assert structure.waves.shape[1] * structure.pixel_size == pytest.approx(40.0)
    assert structure.mask.shape == (80, 80)
    assert structure.particle_count == 2
    assert set(np.unique(structure.instances)) == {0, 1, 2}
    np.testing.assert_array_equal(structure.instances > 0, structure.mask > 0)
    # Two spheres of 14 to 16 Å, of which the rims, too thin for the threshold, may be missing.
    area = structure.mask.sum() * 0.5**2
    assert 0.6 * 2 * np.pi * 7**2 < area < 1.1 * 2 * np.pi * 8**2
    # The particles' middle lies 7 Å and a margin of 2 Å from the exit plane: underfocus brings it to focus.
    assert -20 < structure.zero_focus < -2


def test_counts_follow_the_dose_and_the_seed(structure):
    recipe = toy_datasets.recipe(REAL)
    rows = make_structure(recipe, Job("test", 0), lambda *_: structure)
    for row in (r for track in rows if track != "exit_waves" for r in rows[track]):
        counts = decode_png(row["image"]["bytes"])
        mean = row["dose"] * 0.5**2
        assert 0.8 * mean < counts.mean() < 1.02 * mean
        assert row["zero_focus"] == structure.zero_focus
    seeds = [r["image_seed"] for track in rows if track != "exit_waves" for r in rows[track]]
    assert len(set(seeds)) == len(seeds)


def test_counts_are_poisson_deviates_of_what_exit_waves_give(structure):
    recipe = toy_datasets.recipe(REAL)
    rows = make_structure(recipe, Job("test", 0), lambda *_: structure)
    (kept,) = rows["exit_waves"]
    shape = (kept["phonons"], kept["points"], kept["points"])
    waves = unpack(kept["waves"], shape, kept["field"], kept["band"])
    for row in rows["defocus"]:
        c = hb.Condition(C10=row["C10"], focal_spread=10.0)
        intensity = hb.render(
            waves,
            c,
            pixel_size=kept["pixel_size"],
            output_pixel_size=0.5,
            zero_focus=kept["zero_focus"],
            coherence="envelope",
        )
        expected = intensity * 400 * 0.5**2
        chi_square = np.mean((decode_png(row["image"]["bytes"]) - expected) ** 2 / expected)
        assert chi_square == pytest.approx(1, abs=5 * np.sqrt(2 / expected.size))


def test_images_are_made_on_the_device_asked_for(structure, monkeypatch):
    """On a stand-in for a GPU: the same counts but where rounding decides."""
    recipe = toy_datasets.recipe(REAL)
    expected = make_structure(recipe, Job("test", 0), lambda *_: structure)
    moved = []
    cupy, namespace = cupy_on_host.stand_in(10**9)
    cupy.asnumpy = lambda image: moved.append(image.shape) or np.array(image)
    cupy_on_host.install(monkeypatch, cupy, namespace)
    made = make_structure(recipe, Job("test", 0), lambda *_: structure, device="cuda")
    pairs = [pair for track in recipe.tracks for pair in zip(made[track], expected[track], strict=True)]
    assert moved.count((80, 80)) == len(pairs) > 0
    for one, other in pairs:
        counts = [decode_png(row["image"]["bytes"]) for row in (one, other)]
        assert (counts[0] != counts[1]).mean() < 0.01


def test_variants_of_a_structure_share_film_and_layout():
    recipe = toy_datasets.recipe(REAL)
    cadmium, silicon = (simulate(recipe, Job("test", 0, scene)) for scene in ("", "structure.silicon"))
    assert (cadmium.lattice, silicon.lattice) == ("CdSe", "Si")
    overlap = (cadmium.mask & silicon.mask).sum() / np.minimum(cadmium.mask.sum(), silicon.mask.sum())
    assert overlap > 0.9


def test_a_bare_film_has_an_empty_mask():
    text = REAL.replace("count = 2", "count = 0")
    bare = simulate(toy_datasets.recipe(text), Job("test", 0))
    assert (bare.particle_count, bare.lattice, bare.mask.sum(), bare.instances.sum()) == (0, "", 0, 0)
    rows = make_structure(toy_datasets.recipe(text), Job("test", 0), lambda *_: bare)
    assert len(rows["defocus"]) == 3


def test_cropping_keeps_the_band():
    n, part = 96, 2 / 3
    rng = np.random.default_rng(0)
    spectrum = rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n))
    k = np.fft.fftfreq(n, 1 / n)
    spectrum[np.hypot(k[:, None], k) >= n / 2 * part] = 0
    wave = np.fft.ifft2(spectrum)
    small = crop_band(wave, part)
    assert small.shape[0] < 0.75 * n
    # The same function on fewer points: the sum of squares is kept (Parseval), and so is every coefficient.
    assert np.mean(abs(small) ** 2) == pytest.approx(np.mean(abs(wave) ** 2), rel=1e-5)
    found = np.fft.fft2(small) * n**2 / small.size
    assert found[3, -5] == pytest.approx(spectrum[3, -5], rel=1e-4)


@pytest.mark.slow
def test_workers_do_not_change_a_byte_of_real_images(tmp_path):
    text = REAL[: REAL.index("[tracks.dose]")]
    for workers in (1, 2):
        generate(toy_datasets.recipe(text), tmp_path / str(workers), workers=workers)
    assert verify(tmp_path / "1").problems == ()
    assert toy_datasets.files(tmp_path / "1") == toy_datasets.files(tmp_path / "2")


def test_images_by_the_sum_over_focus_are_those_that_render_makes():
    recipe = parse_recipe(toy_datasets.TOML.replace("focal_spread = 10", 'focal_spread = 40\ncoherence = "quadrature"'))
    job = Job("test", 0)
    made = toy_datasets.simulate(recipe, job)
    rows = make_structure(recipe, job, lambda *_: made)["dose"]
    for row, wanted in zip(rows, expected_rows(dataset_plan(recipe), "dose", job), strict=True):
        image = hb.render(
            made.waves, wanted.condition, pixel_size=made.pixel_size, output_pixel_size=0.5, seed=wanted.image_seed,
            zero_focus=made.zero_focus, coherence="quadrature",
        )  # fmt: skip
        np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), image)
