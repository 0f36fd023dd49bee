"""Images of kept exit waves at settings given as text."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from hrtem_bench.dataset import open_exit_waves
from hrtem_bench.dataset.rendered_samples import rendered_sample, samples_at
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import render
from hrtem_bench.recipes.detectors import Readout
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tracks import TrackCondition


def test_an_image_of_each_structure_as_render_makes_it(kept_folder: Path) -> None:
    waves = open_exit_waves(kept_folder)
    found = list(samples_at(waves, "defocus=-7nm,dose=none", "train"))
    kept = list(waves.rows("train"))
    assert [one.structure_id for one in found] == [one.structure_id for one in kept]
    assert {one.condition.C10 for one in found} == {70.0} and {one.condition.dose for one in found} == {None}
    expected = render(
        kept[0].waves,
        found[0].condition,
        pixel_size=kept[0].pixel_size,
        output_pixel_size=kept[0].output_pixel_size,
        zero_focus=kept[0].zero_focus,
        coherence=recipe_from_dict(waves.manifest.recipe).coherence,
    )
    np.testing.assert_allclose(found[0].image, expected, rtol=1e-6)


def test_the_camera_named_records_the_image(kept_folder: Path) -> None:
    waves = open_exit_waves(kept_folder)
    ideal, poor = (
        next(samples_at(waves, f"dose=400,camera={name}", "test")).image for name in ("ideal", "scintillator-poor")
    )
    # Counting is white; the noise of this scintillator falls steeply, so that neighbouring pixels are alike.
    alike = [np.corrcoef(image[:, 1:].ravel(), image[:, :-1].ravel())[0, 1] for image in (ideal, poor)]
    assert alike[1] > alike[0] + 0.2


def test_focus_varies_from_image_to_image_as_asked(kept_folder: Path) -> None:
    found = [one.condition.C10 for one in samples_at(open_exit_waves(kept_folder), "defocus=0nm", "train", spread=15.0)]
    assert len(set(found)) == 3 and max(map(abs, found)) <= 60
    assert found == [
        one.condition.C10 for one in samples_at(open_exit_waves(kept_folder), "defocus=0nm", "train", spread=15.0)
    ]


def test_waves_that_are_not_kept_are_named(toy_folder: Path) -> None:
    with pytest.raises(InputError, match="keeps no exit waves of train structures: give its recipe"):
        next(samples_at(open_exit_waves(toy_folder), "defocus=0nm", "train"))


def test_another_energy_is_refused(kept_folder: Path) -> None:
    with pytest.raises(InputError, match="at 200000 eV, and the exit waves at 300000 eV"):
        next(samples_at(open_exit_waves(kept_folder), "energy=200kV", "test"))


def test_what_the_band_of_the_waves_does_not_carry_is_refused(kept_folder: Path) -> None:
    waves = open_exit_waves(kept_folder)
    recipe = recipe_from_dict(waves.manifest.recipe)
    narrow = msgspec.structs.replace(recipe, exit_waves=msgspec.structs.replace(recipe.exit_waves, band=0.5))
    kept = next(waves.rows("test"))
    found = next(samples_at(waves, "defocus=0nm", "test"))
    one = TrackCondition(condition_id="open", value=0.0, condition=found.condition, train=True)
    with pytest.raises(InputError, match=r"open needs exit waves up to .* and those kept end at 0.5"):
        rendered_sample(narrow, kept, one, Readout(), 1)
    inside = msgspec.structs.replace(one, condition=found.condition.replace(aperture=9.0))  # 0.46 1/Å at 300 kV
    assert rendered_sample(narrow, kept, inside, Readout(), 1).image.shape == kept.mask.shape
