"""Recipes: what is read, and what is refused with key, value and what is allowed."""

import os
import textwrap
from pathlib import Path

import msgspec
import numpy as np
import pytest
import toy_datasets
from scipy.ndimage import gaussian_filter

import hrtem_bench.recipes
from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import generation_cost, load_recipe, parse_recipe, read_manifest, shipped_recipes
from hrtem_bench.errors import InputError
from hrtem_bench.generation.estimate import _bytes_per_pixel
from hrtem_bench.generation.png import encode_counts
from hrtem_bench.imaging import detect
from hrtem_bench.recipes.detectors import digitised, recording_of
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.tables import recipe_hash, recipe_to_dict
from hrtem_bench.recipes.tracks import TrackCondition, track_conditions


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_are_valid(name):
    assert load_recipe(name).name == name


def test_mini_is_the_published_defocus_track():
    conditions = track_conditions(load_recipe("mini"), "defocus")
    assert [c.value for c in conditions] == list(range(-25, 26, 5))
    assert [c.value for c in conditions if c.train] == [-10, -5, 0, 5, 10]
    for c in conditions:
        assert c.condition.defocus == 10 * c.value  # nm to Å, positive is underfocus
        assert (c.condition.dose, c.condition.focal_spread, c.spread) == (400.0, 10.0, {"C10": 15.0})


def test_recipe_survives_plain_tables():
    recipe = toy_datasets.recipe()
    assert recipe_from_dict(recipe_to_dict(recipe)) == recipe


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed = 7", "seed = 8"), ("pixels = 32", "pixels = 64"), ('lattices = ["Si"]', 'lattices = ["Cu"]')],
)
def test_hash_follows_the_content(old, new):
    changed = toy_datasets.recipe(toy_datasets.TOML.replace(old, new))
    assert recipe_hash(changed) != recipe_hash(toy_datasets.recipe())
    assert recipe_hash(toy_datasets.recipe("# a comment\n" + toy_datasets.TOML)) == recipe_hash(toy_datasets.recipe())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 7", "seed = -7", ["seed = -7", "whole number from 0"]),
        ("seed = 7", 'seed = "x"', ["seed = 'x'", "whole number"]),
        ("pixels = 32", "pixles = 32", ["sampling.pixles", "allowed", "pixels, pixel_size"]),
        ("pixels = 32\n", "", ["sampling.pixels is missing"]),
        ("pixel_size = 0.5\n", "pixel_size = 0\n", ["sampling.pixel_size = 0", "above 0"]),
        ("simulation_pixel_size = 0.25", "simulation_pixel_size = 0.3", ["simulation_pixel_size = 0.3", "0.301887"]),
        ("simulation_pixel_size = 0.25", "simulation_pixel_size = 0.5", ["at most 2/3 of pixel_size"]),
        ("whole = false", "whole = false\nlatices = []", ["scene.latices", "allowed", "lattices"]),
        ("whole = false", 'whole = false\nlattices = ["Unobtainium"]', ["scene", "Unobtainium", "CdSe"]),
        ("dose = 400", "doze = 400", ["imaging", "doze", "did you mean dose"]),
        ("dose = 400\n", "", ["imaging.dose is missing"]),
        ('axis = "defocus"', 'axis = "fog"', ["tracks.defocus.axis = 'fog'", "spherical_aberration"]),
        ('unit = "nm"\nvalues', 'unit = "ft"\nvalues', ["tracks.defocus.unit = 'ft'", "nm"]),
        ("train = [-10, 0]", "train = [-15]", ["tracks.defocus.train = [-15.0]", "-10.0, 0.0, 10.0"]),
        (
            "values = [75, 300]\ntrain = [300]",
            "values = [75, -300]\ntrain = [75]",
            ["tracks.dose", "dose must be above 0"],
        ),
        ("values = [-10, 0, 10]", 'values = [-10, 0, "a"]', ["tracks.defocus.values[2] = 'a'", "give a number"]),
        ("spread = { C10 = 15.0 }", "spread = { C10 = { stdd = 3.0 } }", ["stdd is not known", "std, distribution"]),
        ("spread = { C10 = 15.0 }", "spread = { C21 = 15.0 }", ["spread.C21", "C10, C30"]),
        ("spread = { C10 = 15.0 }", "spread = { dose = 200.0 }", ["spread.dose", "below 100"]),
        ('kind = "joint"', 'kind = "mixed"', ["tracks.joint.kind", "mixed", "'scan', 'scenes', 'cameras', 'joint'"]),
        ('kind = "joint"', "", ["tracks.joint.kind is missing"]),
        ("test = 2 }\ndraws", "test = 9 }\ndraws", ["tracks.dose.structures.test = 9", "at most"]),
        ('default_track = "defocus"', 'default_track = "x"', ["default_track = 'x'", "defocus, dose"]),
        ("silicon = {", "silicon = { diametre = 3,", ["tracks.structure.silicon.diametre", "diameter"]),
        ("train_low = -5", "train_low = -50", ["tracks.joint.ranges.defocus", "must not decrease"]),
        ("[tracks.dose]", "[tracks.exit_waves]", ["exit_waves"]),
        ("pixels = 32", "pixels = ", ["not TOML"]),
        ("values = [-10, 0, 10]", "values = []", ["tracks.defocus.values = []", "a list of numbers with at least 1"]),
        ("train = [-10, 0]", "train = []", ["tracks.defocus.train = []", "at least 1"]),
        ("pixels = 32", "pixels = 8", ["sampling.pixels = 8: give a whole number from 16 to 8192"]),
        ("pixels = 32", "pixels = 100_000", ["sampling.pixels = 100000", "8192"]),
        ("phonons = 2", "phonons = 1_000_000", ["multislice.phonons", "from 1 to 1000"]),
        ("pixel_size = 0.5\n", "pixel_size = 1e6\n", ["simulation_pixel_size", "32768"]),
        ("[structures]\n", "[structures]\nxval = 1\n", ["structures.xval", "train, validation, test"]),
        ("seed = 7", "seed = 1e400", ["seed = inf", "whole number"]),
        ("whole = false", "whole = false\ncount = [100000, 100000]", ["scene.count = [100000, 100000]", "1000"]),
        ("whole = false", "whole = false\nfilm_thickness = [20, 1e9]", ["scene", "film_thickness", "the most"]),
        ("silicon = {", "silicon = { count = 100000,", ["tracks.structure.silicon.count", "at most 1000"]),
        ("draws = 2", "draws = 1_000_000_000", ["draws = 1000000000", "from 1 to 1000"]),
        ("test_conditions = 3", "test_conditions = 10_000_000", ["test_conditions", "from 1 to 1000"]),
        ('name = "toy"', f'name = "{"a" * 300}"', ["name = 'aaa", "96 of them"]),
        ('version = "1.2.3"', 'version = "1.2"', ["version = '1.2'", "like 1.0.2"]),
    ],
)
def test_what_is_wrong_is_named_in_one_line(old, new, words):
    assert old in toy_datasets.TOML
    with pytest.raises(InputError) as caught:
        parse_recipe(toy_datasets.TOML.replace(old, new, 1))
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_numpy_numbers_in_a_recipe_are_numbers():
    plain = toy_datasets.recipe()
    tables = recipe_to_dict(plain)
    tables["seed"] = np.int64(tables["seed"])
    tables["sampling"]["pixels"] = np.uint16(tables["sampling"]["pixels"])
    tables["imaging"]["dose"] = np.float32(tables["imaging"]["dose"])
    tables["tracks"]["defocus"]["values"] = np.array(tables["tracks"]["defocus"]["values"])
    tables["tracks"]["defocus"]["train"] = tuple(np.array(tables["tracks"]["defocus"]["train"]))
    tables["scene"]["diameter"] = np.array([20.0, 24.0])
    found = recipe_from_dict(tables)
    plain.imaging["dose"] = 400.0
    plain.scene["diameter"] = [20.0, 24.0]
    assert recipe_hash(found) == recipe_hash(plain)
    assert scene_spec(found).diameter == (20.0, 24.0)


@pytest.mark.parametrize("inner", [[], {}])
def test_a_recipe_nested_deep_is_refused(inner):
    deep = inner
    for _ in range(100_000):
        deep = [deep] if isinstance(inner, list) else {"a": deep}
    with pytest.raises(InputError, match="the recipe is nested too deep"):
        recipe_from_dict({**recipe_to_dict(toy_datasets.recipe()), "scene": {"crystals": deep}})
    with pytest.raises(InputError, match="nested too deep"):
        parse_recipe(toy_datasets.TOML + "x = " + "[" * 100_000 + "]" * 100_000)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
@pytest.mark.parametrize(
    "table",
    [
        '[detector]\nmtf = { file = "NAME" }\n',
        '[scene]\nlattices = ["x"]\ncrystals = [{ name = "x", cif = "NAME" }]\n',
    ],
)
def test_files_that_a_recipe_names_are_bounded(tmp_path, table):
    text = toy_datasets.TOML
    if table.startswith("[scene]"):
        start = text.index("[scene]")
        text = text[:start] + text[text.index("\n[", start) + 1 :]
    (tmp_path / "large").write_bytes(b"#" * 40_000_000)
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("/dev/zero", "no (regular|CIF) file"),
        ("pipe", "no (regular|CIF) file"),
        ("large", "larger than"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            parse_recipe(text + table.replace("NAME", name), tmp_path)
        assert "\n" not in str(caught.value)


def test_recipes_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match=r"shipped are .*mini"):
        load_recipe("maxi")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text(toy_datasets.TOML, encoding="utf-8")
    assert load_recipe(tmp_path / "own.toml") == toy_datasets.recipe()


def test_a_recipe_cannot_be_changed():
    with pytest.raises(AttributeError):
        toy_datasets.recipe().seed = 3
    assert msgspec.structs.replace(toy_datasets.recipe(), seed=3).seed == 3


CIF = """data_rocksalt
_cell_length_a 4.2
_cell_length_b 4.2
_cell_length_c 4.2
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Ni1 Ni 0 0 0
O1 O 0.5 0.5 0.5
"""


def test_a_cif_becomes_part_of_the_recipe(tmp_path):
    (tmp_path / "salt.cif").write_text(CIF)
    crystals = 'whole = false\nlattices = ["salt"]\ncrystals = [{ name = "salt", cif = "salt.cif" }]\n'
    (tmp_path / "own.toml").write_text(toy_datasets.TOML.replace("whole = false\n", crystals), encoding="utf-8")
    recipe = load_recipe(tmp_path / "own.toml")
    (tmp_path / "salt.cif").unlink()
    crystal = scene_spec(recipe_from_dict(recipe_to_dict(recipe))).lattice("salt")
    assert crystal.cell == (4.2, 4.2, 4.2, 90, 90, 90)
    assert crystal.sites == (("Ni", (0, 0, 0)), ("O", (0.5, 0.5, 0.5)))
    with pytest.raises(InputError, match="no CIF file at"):
        load_recipe(tmp_path / "own.toml")


def test_shared_sites_of_a_cif_are_drawn_where_the_recipe_says_so(tmp_path):
    shared = CIF.replace("_atom_site_fract_z\n", "_atom_site_fract_z\n_atom_site_occupancy\n")
    shared = shared.replace("Ni1 Ni 0 0 0\n", "Ni1 Ni 0 0 0 0.25\nCo1 Co 0 0 0 0.75\n").replace(
        "0.5 0.5 0.5", "0.5 0.5 0.5 1"
    )
    (tmp_path / "mixed.cif").write_text(shared)
    crystals = (
        'whole = false\nlattices = ["mixed"]\ncrystals = [{ name = "mixed", cif = "mixed.cif", occupancy = "draw" }]\n'
    )
    (tmp_path / "own.toml").write_text(toy_datasets.TOML.replace("whole = false\n", crystals), encoding="utf-8")
    recipe = load_recipe(tmp_path / "own.toml")
    (tmp_path / "mixed.cif").unlink()
    crystal = scene_spec(recipe_from_dict(recipe_to_dict(recipe))).lattice("mixed")
    assert dict(crystal.occupants[0]) == {"Ni": 0.25, "Co": 0.75}


def test_estimate_counts_what_generate_makes():
    found = generation_cost(toy_datasets.recipe(), workers=4, clock=lambda points: 1.0)
    assert (found.structures, found.simulations, found.images, found.shards) == (7, 9, 56, 13)
    # With a second for each transform: 3 waves through some 50 Å of film and 40 Å of particle in slices of 2 Å.
    assert found.seconds * 4 > 9 * 3 * (50 + 40) / 2 * 2
    alone, twice = (generation_cost(toy_datasets.recipe(), n, clock=lambda points: 1.0).seconds for n in (1, 2))
    assert alone - twice == pytest.approx(2 * (twice - found.seconds))  # a part that is shared, and one that is not


def test_estimate_counts_films_and_coatings():
    def seconds(scene: str) -> float:
        recipe = toy_datasets.recipe(toy_datasets.TOML.replace("whole = false\n", "whole = false\n" + scene))
        return generation_cost(recipe, clock=lambda points: 0.0).seconds

    one, both, bare = (seconds(f'film_side = "{side}"\n') for side in ("below", "both", "none"))
    assert bare > 0  # what is done once
    assert both - bare == pytest.approx(2 * (one - bare), rel=1e-3)
    assert seconds("contamination_thickness = [5, 5]\n") > one
    assert seconds("ligand_thickness = [5, 5]\n") > one


def test_estimate_of_a_dataset_that_was_made():
    made = read_manifest(Path(__file__).parents[2] / "docs" / "mini")
    found = generation_cost(load_recipe("mini"), clock=lambda points: 1e-3)
    assert found.bytes == pytest.approx(sum(s.bytes for s in made.shards), rel=0.2)
    assert found.images == sum(s.rows for s in made.shards if "exit_waves" not in s.path)


def at_dose(dose):
    return TrackCondition(condition_id="mine", value=0.0, condition=Condition(dose=dose), train=False)


@pytest.mark.parametrize(("counts", "within"), [(1.2, 0.35), (4.8, 0.15), (16.0, 0.1), (64.0, 0.1), (86.0, 0.1)])
def test_estimate_of_a_picture_follows_its_noise(counts, within):
    generator = np.random.default_rng(3)
    contrast = gaussian_filter(generator.standard_normal((256, 256)), 2)
    drawn = generator.poisson(counts * np.clip(1 + 0.15 * contrast / contrast.std(), 0, None))
    dose = counts / toy_datasets.recipe().sampling.pixel_size ** 2
    written = len(encode_counts(drawn)) / 256**2
    assert _bytes_per_pixel(toy_datasets.recipe(), at_dose(dose)) == pytest.approx(written, rel=within)


def test_estimate_of_a_picture_follows_the_noise_of_its_detector():
    detector = "[detector]\nmtf = { pixel = true }\ndqe0 = 0.6\ngain = 30.0\nread_noise = 15.0\noffset = 100\n"
    read = parse_recipe(toy_datasets.TOML + detector)
    flat = detect(np.ones((256, 256)), 400.0, pixel_size=0.5, seed=1, detector=recording_of(read).detector)
    written = len(encode_counts(digitised(flat, recording_of(read)))) / 256**2
    assert _bytes_per_pixel(read, at_dose(400.0)) == pytest.approx(written, rel=0.15)


def test_bytes_of_exit_waves_are_those_of_their_band_and_said():
    every = toy_datasets.recipe(toy_datasets.TOML.replace("structures = 2\n\n[im", KEPT + "\n\n[im"))
    found = generation_cost(every, clock=lambda _: 0.0)
    # Two configurations, two numbers of two bytes for each point of a circle of 4/3 1/Å on a grid of 1/16 1/Å.
    assert found.wave_bytes == pytest.approx(2 * 2 * 2 * np.pi * (16 * 4 / 3) ** 2, rel=1e-3)
    assert found.wave_structures == 3 + 1 + 2
    few = generation_cost(toy_datasets.recipe(), clock=lambda _: 0.0)
    assert found.bytes - few.bytes == pytest.approx(4 * found.wave_bytes, abs=4)


KEPT = "structures = { train = 3, validation = 1, test = 2 }"


@pytest.mark.parametrize(
    ("structures", "words"),
    [
        ("{ train = 4, validation = 0, test = 0 }", "exit_waves.structures = 4: allowed in train is at most .* 3"),
        ("{ train = 0, validation = 0, test = 0 }", "keep those of one structure at least"),
        ("{ train = 1 }", "exit_waves.structures.validation is missing: give a whole number"),
        ("0", "exit_waves.structures = 0: give a whole number from 1 to .* or a table of train, validation, test"),
        ('"all"', "exit_waves.structures = .all.: give a whole number"),
    ],
)
def test_structures_whose_waves_cannot_be_kept(structures, words):
    text = toy_datasets.TOML.replace("structures = 2\n\n[im", f"structures = {structures}\n\n[im")
    with pytest.raises(InputError, match=words):
        toy_datasets.recipe(text)


def test_larger_waves_and_thicker_films_take_more_memory():
    toy, mini, full = (
        generation_cost(r, clock=lambda points: 0.0).memory
        for r in (toy_datasets.recipe(), *map(load_recipe, ("mini", "full")))
    )
    waves = 4 * 1024**2 * 8  # configurations, pixels, bytes of complex64
    assert toy < mini < full - waves


def test_an_experiment_can_be_imitated():
    """Gold of 2 to 6 nm on 10 nm of silicon nitride, 30 nm at 0.585 Å, 200 nm under focus at 300 kV."""
    recipe = load_recipe(Path(__file__).parents[2] / "examples" / "gold_on_nitride.toml")
    spec = scene_spec(recipe)
    assert (spec.lattices, spec.film, spec.diameter, spec.film_thickness) == (("Au",), "a-Si3N4", (20, 60), (100, 100))
    assert recipe.sampling.field == pytest.approx(300, abs=1)
    nominal = {c.value: c.condition for c in track_conditions(recipe, "defocus")}
    assert nominal[200.0].C10 == -2000.0


SUMMED = toy_datasets.TOML.replace("focal_spread = 10", 'focal_spread = 10\ncoherence = "quadrature"\nnodes = 3')


def test_recipes_state_how_images_are_formed():
    plain, summed = toy_datasets.recipe(), parse_recipe(SUMMED)
    assert (plain.coherence, plain.nodes) == ("envelope", None)
    assert (summed.coherence, summed.nodes) == ("quadrature", 3)
    assert recipe_from_dict(recipe_to_dict(summed)) == summed
    assert track_conditions(summed, "defocus") == track_conditions(plain, "defocus")
    assert recipe_hash(summed) != recipe_hash(plain)
    clock = {"clock": lambda points: 1e-3}
    assert generation_cost(summed, **clock).seconds > generation_cost(plain, **clock).seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SUMMED.replace("quadrature", "tcc"), ["imaging.coherence", "envelope and quadrature"]),
        (SUMMED.replace("quadrature", "envelope"), ["imaging.nodes", "quadrature"]),
        (SUMMED.replace("nodes = 3", "nodes = 0"), ["imaging.nodes", "from 1 to 200"]),
        (SUMMED.replace("nodes = 3", "nodes = 500"), ["imaging.nodes", "from 1 to 200"]),
        (SUMMED.replace("nodes = 3", "nodes = 2.5"), ["imaging.nodes", "whole number"]),
        (SUMMED.replace("nodes = 3", "node = 3"), ["imaging", "node"]),
    ],
)
def test_what_is_wrong_with_the_coherence_is_one_line(text, words):
    with pytest.raises(InputError) as caught:
        parse_recipe(text)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_tracks_of_cameras_and_films_in_the_documentation_are_recipes():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "recipes.md").read_text(encoding="utf-8")
    block = page[page.index("  [tracks.camera]") : page.index("  ```\n\nSeeds are derived")]
    other = (Path(hrtem_bench.recipes.__file__).parent / "shipped" / "published.toml").read_text(encoding="utf-8")
    recipe = parse_recipe(f"{other}\n{textwrap.dedent(block)}")
    assert [c.condition_id for c in track_conditions(recipe, "film")][:2] == ["film=none", "film=thin"]
    assert [c.condition_id for c in track_conditions(recipe, "camera")][:2] == ["camera=ideal", "camera=k3"]
