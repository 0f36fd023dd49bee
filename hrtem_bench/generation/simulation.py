"""One specimen simulated, and the rows of images made from it: the unit of work of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.generation.png import encode_counts, encode_png, preview
from hrtem_bench.generation.waves import pack
from hrtem_bench.imaging import find_zero_focus, instances, mask, render_each
from hrtem_bench.imaging.fourier import resize_spectrum
from hrtem_bench.multislice import exit_waves
from hrtem_bench.recipes.detectors import digitised
from hrtem_bench.recipes.plan import Expected, Job, dataset_plan, expected_rows, settings_columns
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.schema import EXIT_WAVES, WAVE_COLUMNS
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.specimens import scene, vacuum
from hrtem_bench.support.child_seeds import child_seed

ANTIALIAS = 2 / 3
"""Exit waves are kept up to this part of their grid's band: beyond it the multislice method is not to be trusted."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Structure:
    """A simulated specimen.

    waves: (phonons, ny, nx) complex64 exit waves at `pixel_size` Å. zero_focus: Å, see `imaging.find_zero_focus`.
    mask, instances: (ny, nx) at the output pixel size. thickness: Å along the beam.
    """

    waves: Any
    pixel_size: float
    zero_focus: float
    mask: Any
    instances: Any
    lattice: str
    particle_count: int
    thickness: float


Simulate = Callable[[Recipe, Job, str], Structure]


def simulate(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """A job's specimen, simulated up to the exit waves, with its labels."""
    specimen = scene(scene_spec(recipe, job.scene), child_seed(recipe.seed, "scene", job.split, job.index))
    waves = crop_band(_exit_waves(recipe, specimen.atoms, job, recipe.multislice.phonons, device), ANTIALIAS)
    labels = _labels(recipe, specimen, job, device)
    return Structure(
        waves=waves,
        pixel_size=recipe.sampling.field / waves.shape[-1],
        **labels._asdict(),
        lattice="+".join(sorted({p.lattice for p in specimen.particles})),
        particle_count=len(specimen.particles),
        thickness=float(specimen.thickness),
    )


def make_structure(
    recipe: Recipe, job: Job, simulate: Simulate = simulate, device: str = "cpu"
) -> dict[str, list[Row]]:
    """The rows of every config that shows a job's structure: a pure function of (recipe, job).

    simulate: (recipe, job, device) -> Structure. Returns config -> rows, in the order of the finished files.
    """
    plan = dataset_plan(recipe)
    wanted = {track: list(expected_rows(plan, track, job)) for track in recipe.tracks}
    structure = simulate(recipe, job, device)
    fixed = _fixed_columns(recipe, job, structure)
    images = _image_columns(recipe, structure, [row for rows in wanted.values() for row in rows], device)
    made = {track: [fixed | next(images) for _ in rows] for track, rows in wanted.items() if rows}
    return made | ({EXIT_WAVES: [_wave_columns(recipe, structure, fixed)]} if plan.keeps_waves(job) else {})


def crop_band(waves: Any, part: float) -> Any:
    """Waves (..., ny, nx) on the smallest grid that holds the inner `part` of their band."""
    from scipy import fft

    ny, nx = waves.shape[-2:]
    shape = tuple(min(n, fft.next_fast_len(int(np.ceil(n * part)) + 1)) for n in (ny, nx))
    if shape == (ny, nx):
        return waves
    spectrum = resize_spectrum(fft.fft2(waves, norm="forward"), shape)
    return fft.ifft2(spectrum, norm="forward").astype(np.complex64)


class _Labels(NamedTuple):
    """As in `Structure`."""

    zero_focus: float
    mask: Any
    instances: Any


def _labels(recipe: Recipe, specimen: Any, job: Job, device: str) -> _Labels:
    """From the particles alone, without displacements of atoms."""
    output, energy = recipe.sampling.pixel_size, _energy(recipe)
    alone = vacuum(specimen)
    height = float(specimen.atoms.cell[2, 2])
    if not len(alone):  # a bare film: focus is counted from its exit face, and nothing is marked
        empty = np.zeros((recipe.sampling.pixels,) * 2, np.uint8)
        return _Labels(float(specimen.atoms.positions[:, 2].max(initial=height)) - height, empty, empty)
    wave = _exit_waves(recipe, alone, job, None, device)[0]
    pixel_size = recipe.sampling.field / wave.shape[0]
    lowest = float(alone.positions[:, 2].min()) - height
    zero_focus = find_zero_focus(wave, pixel_size=pixel_size, lowest=lowest, energy=energy)
    where = mask(wave, pixel_size=pixel_size, output_pixel_size=output, zero_focus=zero_focus, energy=energy)
    numbers = np.asarray(specimen.particle)
    which = instances(where, alone.positions, numbers[numbers > 0], pixel_size=output)
    return _Labels(zero_focus, where, which)


def _exit_waves(recipe: Recipe, atoms: Any, job: Job, phonons: int | None, device: str) -> Any:
    m = recipe.multislice
    return exit_waves(
        atoms,
        energy=_energy(recipe),
        pixel_size=recipe.sampling.simulation_pixel_size,
        slice_thickness=m.slice_thickness,
        phonons=phonons,
        displacement=m.displacement,
        seed=child_seed(recipe.seed, "phonons", job.split, job.index, job.scene),
        device=device,
        method=m.method,
        threads=1,
    )


def _energy(recipe: Recipe) -> float:
    return float(recipe.imaging.get("energy", Condition().energy))


def _fixed_columns(recipe: Recipe, job: Job, structure: Structure) -> Row:
    return {
        "mask": _picture(encode_png(np.asarray(structure.mask, np.uint8))),
        "instances": _picture(encode_png(structure.instances)),
        "structure_id": job.structure_id,
        "pixel_size": recipe.sampling.pixel_size,
        "lattice": structure.lattice,
        "particle_count": structure.particle_count,
        "thickness": structure.thickness,
        "zero_focus": structure.zero_focus,
    }


def _image_columns(recipe: Recipe, structure: Structure, rows: Sequence[Expected], device: str) -> Iterator[Row]:
    """The columns of each row that are its own."""
    images = render_each(
        structure.waves,
        [(row.condition, row.image_seed) for row in rows],
        pixel_size=structure.pixel_size,
        output_pixel_size=recipe.sampling.pixel_size,
        zero_focus=structure.zero_focus,
        coherence=recipe.coherence,
        nodes=recipe.nodes,
        detector=[row.recording.detector for row in rows],
        device=device,
    )
    for row, recorded in zip(rows, images, strict=True):
        counts = digitised(recorded, row.recording)
        yield settings_columns(row.condition) | {
            "image": _picture(encode_counts(counts)),
            "preview": _picture(encode_png(preview(counts, structure.mask))),
            "condition_id": row.condition_id,
            "image_seed": row.image_seed,
        }


def _wave_columns(recipe: Recipe, structure: Structure, fixed: Row) -> Row:
    field = recipe.sampling.field
    own = {
        "waves": pack(structure.waves, field, recipe.wave_band),
        "phonons": len(structure.waves),
        "points": structure.waves.shape[-1],
        "pixel_size": structure.pixel_size,
        "field": field,
        "band": recipe.wave_band,
        "energy": _energy(recipe),
    }
    return {name: (fixed | own)[name] for name in WAVE_COLUMNS}


def _picture(data: bytes) -> dict[str, Any]:
    return {"bytes": data, "path": None}
