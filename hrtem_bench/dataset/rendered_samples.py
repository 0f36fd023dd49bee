"""Images of kept exit waves at settings that no track has, given as text, with a camera by name if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition, parse_settings, with_settings
from hrtem_bench.dataset.from_waves import check_reach
from hrtem_bench.dataset.reader import Sample, StoredWaves, StructureWaves
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import camera, render
from hrtem_bench.recipes.detectors import Readout, digitised, drawn_recording
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.recipes.tracks import TrackCondition, draw
from hrtem_bench.support.child_seeds import child_seed

CAMERA = "camera"
"""The one setting of a condition's text that is not of the lens: a camera's name, as `imaging.camera` takes it."""


def parse_setting(text: str, base: Mapping[str, Any]) -> tuple[Condition, str | None]:
    """The condition that a text names, and the name of the camera if it has `camera=NAME`, which is not looked up.

    text: as "defocus=-7nm,dose=200,camera=k3-300kV"; what it does not name is as in `base`, which `with_settings`
    takes. InputError for text that is no setting.
    """
    settings = parse_settings(text)
    name = settings.pop(CAMERA, None)
    return with_settings(base, settings), None if name is None else str(name)


def rendered_sample(recipe: Recipe, kept: StructureWaves, one: TrackCondition, recording: Readout, seed: int) -> Sample:
    """The image of a structure's exit waves at a condition, imaged otherwise as the recipe has it.

    recording: by which camera; without a dose the image is noise-free, of mean 1, and no camera is used. seed: of the
    noise. InputError if the waves have another energy, or do not reach as far as the condition lets through and the
    pixels show.
    """
    if kept.energy != one.condition.energy:
        raise InputError(
            f"{one.condition_id} is at {one.condition.energy:g} eV, and the exit waves at {kept.energy:g} eV: only "
            "what follows the specimen can be chosen anew"
        )
    check_reach(recipe, one.condition, recipe.wave_band, one.condition_id)
    noiseless = one.condition.dose is None
    image = render(
        kept.waves,
        one.condition,
        pixel_size=kept.pixel_size,
        output_pixel_size=kept.output_pixel_size,
        seed=seed,
        zero_focus=kept.zero_focus,
        coherence=recipe.coherence,
        nodes=recipe.nodes,
        detector=None if noiseless else recording.detector,
    )
    return Sample(
        structure_id=kept.structure_id,
        condition_id=one.condition_id,
        image=np.asarray(image if noiseless else digitised(image, recording), dtype=np.float32),
        mask=kept.mask,
        instances=kept.instances,
        condition=one.condition,
    )


def samples_at(
    waves: StoredWaves, text: str, split: str, *, limit: int | None = None, spread: float = 0.0
) -> Iterator[Sample]:
    """An image of each structure of a split, or of the first `limit`, at a setting given as text.

    waves: of a dataset that keeps those of this split. text: as of `parse_setting`, for the dataset's own imaging.
    spread: standard deviation of C10 from image to image, Å, drawn as those of a track are. InputError for text that is
    no setting, waves that are not kept, and as `rendered_sample` has it.
    """
    if not waves.count(split):
        raise InputError(
            f"{waves.folder} keeps no exit waves of {split} structures: give its recipe [exit_waves] structures = "
            "{ train = …, validation = …, test = … }"
        )
    recipe = recipe_from_dict(waves.manifest.recipe)
    nominal, name = parse_setting(text, recipe.settings)
    chosen = None if name is None else Readout(camera(name))
    for index, kept in enumerate(waves.rows(split)):
        if limit is not None and index >= limit:
            return
        seed = child_seed(waves.manifest.seed, "settings", split, kept.structure_id, text)
        generator = np.random.default_rng([seed, 1])
        condition = draw(nominal, {"C10": spread} if spread else {}, generator)
        one = TrackCondition(condition_id=text, value=0.0, condition=condition, train=True)
        yield rendered_sample(recipe, kept, one, chosen or drawn_recording(recipe, "", generator), seed)
