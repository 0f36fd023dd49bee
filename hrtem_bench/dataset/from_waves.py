"""A dataset from the exit waves that another keeps: other imaging, tracks, detectors and doses, without multislice."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np

import hrtem_bench
from hrtem_bench.conditions import Condition, condition_from_dict
from hrtem_bench.dataset.reader import StoredWaves, open_exit_waves
from hrtem_bench.dataset.unaltered import check_unaltered
from hrtem_bench.errors import InputError
from hrtem_bench.generation.estimate import GenerationCost, generation_cost
from hrtem_bench.generation.generate import default_workers, generate
from hrtem_bench.generation.manifest import Manifest, dataset_checksum, shards_of
from hrtem_bench.generation.simulation import Structure
from hrtem_bench.generation.waves import SCATTERED_BAND
from hrtem_bench.physics import wavelength
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.plan import Job, dataset_plan
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.schema import EXIT_WAVES
from hrtem_bench.recipes.tables import SPLITS, Recipe
from hrtem_bench.support.progress import CountProgress
from hrtem_bench.support.toml_tables import key_error

MATCHING = ("sampling", "multislice")
"""Tables of a recipe that shape exit waves and labels, and must be those of the dataset that keeps them."""


def render_dataset(
    source: str | Path,
    recipe: Recipe,
    out: str | Path,
    *,
    revision: str | None = None,
    workers: int | None = None,
    device: str = "cpu",
    progress: CountProgress | None = None,
) -> Manifest:
    """Make the dataset of a recipe in the folder `out` from kept exit waves in place of multislice.

    Labels and specimens are those of the waves; imaging, detector, tracks and doses are the recipe's. With the recipe
    of `source` the half precision of the waves moves expected counts by less than a hundredth of their noise, and the
    noise is another draw, since few counts are drawn alike after the first that differs. The files have the same
    schema, and `verify` checks them, as those of `generate`.

    Parameters
    ----------
    source
        Folder of a dataset that keeps exit waves, or its Hub id, "organisation/name".
    recipe
        Of the new dataset. Its seed, energy, [scene], [sampling] and [multislice] must be those of `source`.
    out
        Folder of the new dataset. As with `generate`, a run that was interrupted goes on where it was.
    revision
        Of a dataset on the Hub.
    workers, device, progress
        As `generate` has them; device: where images are formed.

    Returns
    -------
    Manifest
        Its `waves_sha256` is the checksum of the exit waves' files.

    Raises
    ------
    InputError
        Where recipe and waves do not agree, where waves are not kept or altered, and as `generate` has it.
    """
    stored = open_exit_waves(source, revision)
    check_rendering(stored, recipe)
    for split in sorted({job.split for job in dataset_plan(recipe).jobs}):
        check_unaltered(stored.folder, stored.manifest, EXIT_WAVES, split)
    return generate(
        recipe,
        out,
        workers=workers,
        device=device,
        progress=progress,
        simulate=partial(kept_structure, stored.folder.resolve()),
        waves_sha256=dataset_checksum(shards_of(stored.manifest, EXIT_WAVES)),
    )


def estimate_rendering(
    source: str | Path, recipe: Recipe, *, revision: str | None = None, workers: int | None = None
) -> GenerationCost:
    """The estimate for `render_dataset`; arguments and errors as there. Nothing is made."""
    check_rendering(open_exit_waves(source, revision), recipe)
    return generation_cost(recipe, workers or default_workers("cpu"), simulated=False)


def kept_structure(folder: Path, recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """A job's structure from the dataset in `folder`, in place of simulating it."""
    kept = open_exit_waves(folder).structure(job.split, job.index)
    return Structure(
        waves=kept.waves,
        pixel_size=kept.pixel_size,
        zero_focus=kept.zero_focus,
        mask=kept.mask,
        instances=kept.instances if kept.instances.max() > 255 else kept.instances.astype(np.uint8),
        lattice=kept.lattice,
        particle_count=kept.particle_count,
        thickness=kept.thickness,
    )


def check_rendering(stored: StoredWaves, recipe: Recipe) -> None:
    """Raise InputError, one line, unless every row of the recipe can be rendered from the stored waves."""
    _check_version(stored)
    kept = recipe_from_dict(stored.manifest.recipe)
    if recipe.seed != kept.seed:
        raise _differs(stored, "seed", recipe.seed, kept.seed)
    for name in MATCHING:
        mine, theirs = getattr(recipe, name), getattr(kept, name)
        for key in mine.__struct_fields__:
            if getattr(mine, key) != getattr(theirs, key):
                raise _differs(stored, f"{name}.{key}", getattr(mine, key), getattr(theirs, key))
    _check_scene(stored, recipe, kept)
    energies = [condition_from_dict(one.settings).energy for one in (recipe, kept)]
    if energies[0] != energies[1]:
        raise _differs(stored, "imaging.energy", *energies)
    _check_kept(stored, recipe)
    _check_band(recipe, kept.wave_band)


def _check_version(stored: StoredWaves) -> None:
    made, here = stored.manifest.code_version, hrtem_bench.__version__
    if made != here:
        raise InputError(
            f"the exit waves of {stored.folder} were made by hrtem-bench {made}, this is {here}: generate them "
            "again, or install that version"
        )


def _check_scene(stored: StoredWaves, recipe: Recipe, kept: Recipe) -> None:
    mine, theirs = scene_spec(recipe), scene_spec(kept)
    for field in dataclasses.fields(mine):
        if getattr(mine, field.name) != getattr(theirs, field.name):
            raise _differs(stored, f"scene.{field.name}", getattr(mine, field.name), getattr(theirs, field.name))


def _check_kept(stored: StoredWaves, recipe: Recipe) -> None:
    """Check that the waves of every structure are kept."""
    jobs = dataset_plan(recipe).jobs
    if variants := [job.scene for job in jobs if job.scene]:
        raise InputError(
            f"tracks.{variants[0]}: exit waves are kept of the recipe's own specimen, not of its variants: leave that "
            "out, or use `hrtem-bench generate`"
        )
    for split in SPLITS:
        asked = max((job.index + 1 for job in jobs if job.split == split), default=0)
        if asked > (most := stored.count(split)):
            raise key_error(
                f"structures.{split}", asked, f"the exit waves of {most} {split} structures are kept in {stored.folder}"
            )


def _check_band(recipe: Recipe, stored_band: float) -> None:
    """Check that the waves reach the frequencies that the pixels show and the conditions transfer."""
    most = stored_band * (1 + 1e-9)
    if recipe.exit_waves and recipe.wave_band > most:
        raise key_error(
            "exit_waves.band",
            float(f"{recipe.wave_band:.4g}"),
            f"the waves to render from end at {stored_band:.4g} 1/Å",
        )
    for name, conditions in dataset_plan(recipe).conditions.items():
        for one in conditions:
            check_reach(recipe, one.condition, stored_band, f"tracks.{name}: {one.condition_id}")


def check_reach(recipe: Recipe, condition: Condition, stored_band: float, label: str) -> None:
    """Raise InputError, one line that begins with `label`, where a condition's images take waves beyond those kept."""
    needed = needed_band(recipe, condition)
    if needed > stored_band * (1 + 1e-9):
        raise InputError(
            f"{label} needs exit waves up to {needed:.4g} 1/Å, and those kept end at {stored_band:.4g}: set an "
            f"aperture of at most {1e3 * stored_band * wavelength(condition.energy):.3g} mrad, or keep a wider band"
        )


def needed_band(recipe: Recipe, condition: Condition) -> float:
    """The frequency, 1/Å, up to which a condition's images need waves.

    That is what was simulated, as far as particles scatter there or pixels show it, and the aperture lets it through.
    """
    seen = max(SCATTERED_BAND, 0.5 / recipe.sampling.pixel_size)
    aperture = condition.aperture
    passed = np.inf if aperture is None else aperture * 1e-3 / wavelength(condition.energy)
    return float(min(recipe.simulated_band, seen, passed))


def _differs(stored: StoredWaves, key: str, mine: object, theirs: object) -> InputError:
    return key_error(key, mine, f"the exit waves of {stored.folder} were made with {theirs!r}")
