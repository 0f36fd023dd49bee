"""Recipes from descriptions: what was measured is in them, what was not is said to be assumed, and all of them load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from hrtem_bench.dataset import load_recipe
from hrtem_bench.errors import InputError
from hrtem_bench.measurement import Reading
from hrtem_bench.micrographs import Description, ImageDescription, Wishes, imitate

CIF = """data_rocksalt
_cell_length_a 4.212
_cell_length_b 4.212
_cell_length_c 4.212
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mg1 Mg 0 0 0
O1 O 0.5 0.5 0.5
"""


def image(defocus: float | None = None, **more: Any) -> ImageDescription:
    found = Reading(how="no rings") if defocus is None else Reading(defocus, defocus - 10, defocus + 10, "Å", "rings")
    return ImageDescription(
        name="one", shape=(512, 512), pixel_size=0.4, grey_mean=100, grey_std=9, defocus=found, **more
    )


MEASURED = Description(
    images=[image(500.0, sign_known=True), image(560.0, sign_known=True)],
    energy=200e3,
    spherical_aberration=1.2e7,
    pixel_size=Reading(0.4, 0.398, 0.402, "Å", "as the files say"),
    defocus=Reading(530, 500, 560, "Å", "the mean"),
    astigmatism=Reading(40, 30, 50, "Å", "rings"),
    astigmatism_angle=Reading(0.5, 0.4, 0.6, "rad", "rings"),
    dose=Reading(300, 280, 320, "e/Å²", "noise"),
    camera="scintillator-good",
    camera_width=Reading(0.9, 0.88, 0.92, "", "noise"),
    particle_diameter=Reading(40, 38, 42, "Å", "a model"),
    particle_diameter_spread=Reading(5, 4, 6, "Å", "a model"),
    particle_count=Reading(8, 7, 9, "", "a model"),
)
NOTHING = Description(images=[image()], pixel_size=Reading(0.4, unit="Å", how="given"))
SIMPLE = Wishes("Au", film_thickness=(20.0, 40.0))


def test_a_recipe_holds_what_was_measured(tmp_path: Path) -> None:
    text, recipe = imitate(MEASURED, SIMPLE)
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    assert load_recipe(tmp_path / "recipe.toml") == recipe
    assert recipe.sampling.pixel_size == 0.4
    assert recipe.sampling.field >= 100
    assert recipe.settings["energy"] == 200e3
    assert recipe.settings["C30"] == 1.2e7
    assert recipe.settings["dose"] == pytest.approx(300 / 0.6)  # what the scintillator's DQE(0) of 0.6 counts
    assert recipe.detector.camera == "scintillator-good"
    assert recipe.detector.spread.width == pytest.approx((0.95 * 0.88, 1.05 * 0.92), rel=1e-2)
    assert recipe.scene["lattices"] == ["Au"]
    assert recipe.scene["diameter"] == [30, 50]  # two standard deviations to either side
    area = (recipe.sampling.field / (512 * 0.4)) ** 2
    low, high = recipe.scene["count"]
    assert low <= 8 * area <= high


def test_defocus_reaches_as_far_as_it_was_found_and_the_film_is_thick() -> None:
    """Rings are those of the film; particles lie half its 30 Å and half their own 40 Å above or below its middle."""
    _, recipe = imitate(MEASURED, SIMPLE)
    track = recipe.tracks["defocus"]
    assert (track.train[0], track.train[-1]) == pytest.approx((49 - 3.5, 57 + 3.5), abs=0.06)
    assert set(track.values) - set(track.train) == {track.values[0], track.values[-1]}
    step = 10 * (track.train[1] - track.train[0])
    assert track.spread["C10"] == pytest.approx(step / 2, abs=1)
    assert track.base == {"C12": 40.0, "phi12": 0.5}
    assert track.spread["phi12"].std < 0.5


def test_a_fit_far_from_all_others_is_left_out() -> None:
    images = [image(one) for one in (500.0, 510.0, 520.0, 530.0, 560.0, 200.0)]
    text, recipe = imitate(replace(MEASURED, images=images), SIMPLE)
    assert recipe.tracks["defocus"].train[0] == pytest.approx(49 - 3.5, abs=0.06)
    assert "1 far from the others left out" in " ".join(text.replace("\n#", "").split())


def test_both_signs_of_an_unknown_focus() -> None:
    images = [image(500.0, sign_known=False)]
    _, recipe = imitate(replace(MEASURED, images=images), SIMPLE)
    track = recipe.tracks["defocus"]
    assert track.train == [-one for one in reversed(track.train)]
    assert min(map(abs, track.train)) == pytest.approx(49 - 3.5, abs=0.06)  # nothing between, where no image was
    assert track.spread["phi12"].distribution == "uniform"  # which is 90 degrees off where the sign is


def test_every_key_says_where_it_comes_from() -> None:
    text, _ = imitate(MEASURED, SIMPLE)
    said = {key: words for words, key in re.findall(r"((?:^#.*\n)+)^(\w+) = ", text, re.MULTILINE)}
    for key in ("pixel_size", "dose", "diameter", "count", "train", "base"):
        assert "measured" in said[key], key
    assert "given" in said["energy"]
    for key in ("film_thickness", "focal_spread", "shapes"):
        assert "assumed" in said[key], key
    text, _ = imitate(NOTHING, SIMPLE)
    for key in ("energy", "C30", "dose", "diameter", "camera", "base"):
        assert re.search(rf"# .*assumed.*\n(# .*\n)*{key} = ", text), key


def test_lattice_spots_that_say_otherwise_are_told() -> None:
    for size, said in ((0.392, True), (0.402, False)):
        text, recipe = imitate(replace(MEASURED, pixel_size_of_crystal=Reading(size, unit="Å", how="spots")), SIMPLE)
        assert ("The lattice spots say otherwise" in " ".join(text.replace("\n#", "").split())) is said
        assert recipe.sampling.pixel_size == 0.4


def test_what_was_not_measured_is_assumed() -> None:
    _, recipe = imitate(NOTHING, SIMPLE)
    assert recipe.settings["energy"] == 300e3
    train = recipe.tracks["defocus"].train
    assert (train[0], train[-1]) == (-30, 30)
    assert recipe.tracks["defocus"].base == {"C12": 15, "phi12": 0}
    assert recipe.tracks["defocus"].spread["phi12"].distribution == "uniform"


def test_white_noise_is_ideal_counting() -> None:
    _, recipe = imitate(replace(NOTHING, noise_white=True, dose=Reading(200)), SIMPLE)
    assert not recipe.detector
    assert recipe.settings["dose"] == 200


def test_fine_pixels_are_made_one_and_so_are_their_curves() -> None:
    """0.12 Å: two make one. Half of the old Nyquist is the new one, and a triangle two pixels wide passes sinc²."""
    fine = replace(MEASURED, pixel_size=Reading(0.12, unit="Å"), camera_width=Reading())
    _, recipe = imitate(fine, SIMPLE)
    assert recipe.sampling.pixel_size == 0.24
    ntf, mtf = recipe.detector.ntf, recipe.detector.mtf
    for curve, half in ((ntf, 0.36), (mtf, 0.30)):
        assert curve.frequency[-1] == 1
        assert curve.value[-1] == pytest.approx(np.sinc(0.5) ** 2 / (1 + (0.5 / half) ** 2), abs=1e-3)
    white = replace(fine, camera=None, noise_white=True)
    _, recipe = imitate(white, SIMPLE)
    assert recipe.detector.ntf.value[-1] == pytest.approx(np.sinc(0.5) ** 2, abs=1e-3)


def test_a_bright_image_gets_a_lower_gain() -> None:
    _, recipe = imitate(replace(MEASURED, dose=Reading(9000)), SIMPLE)
    assert recipe.detector.spread.gain[1] * 9000 / 0.6 * 0.4**2 < 8192


def test_slow_electrons_and_fine_pixels_go_by_fourier_transforms() -> None:
    _, recipe = imitate(replace(MEASURED, energy=60e3, pixel_size=Reading(0.16, unit="Å")), SIMPLE)
    assert recipe.multislice.method == "fourier"
    _, recipe = imitate(MEASURED, SIMPLE)
    assert recipe.multislice.method == "real-space"


def test_a_crystal_from_a_cif_file_is_part_of_the_recipe(tmp_path: Path) -> None:
    pytest.importorskip("gemmi")
    path = tmp_path / "rock-salt.cif"
    path.write_text(CIF)
    text, _ = imitate(MEASURED, Wishes(str(path)))
    path.unlink()
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    recipe = load_recipe(tmp_path / "recipe.toml")
    assert recipe.scene["lattices"] == ["rock_salt"]
    (crystal,) = recipe.scene["crystals"]
    assert sorted(site[0] for site in crystal["sites"]) == ["Mg"] * 4 + ["O"] * 4
    assert crystal["cell"] == [4.212] * 3 + [90] * 3


@pytest.mark.parametrize(
    ("description", "wishes", "said"),
    [
        (replace(MEASURED, pixel_size=Reading(how="differs")), SIMPLE, "is not one .differs.: give it"),
        (MEASURED, Wishes("Unobtainium"), "unknown lattice"),
        (MEASURED, Wishes("nowhere.cif"), "nowhere.cif"),
        (MEASURED, Wishes("Au", film="butter"), "film"),
        (MEASURED, Wishes("Au", diameter=(50.0, 20.0)), "diameter"),
    ],
)
def test_what_no_recipe_can_be_made_of(description: Description, wishes: Wishes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        imitate(description, wishes)
