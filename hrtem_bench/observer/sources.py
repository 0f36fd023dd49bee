"""Where specimens come from: a dataset that keeps exit waves, or a kind that the package ships, by name."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.observer.specimens import DIFFUSE_BAND, SpecimenSet, SpecimenWave, compact
from hrtem_bench.support.files import write_aside_bytes

if TYPE_CHECKING:
    from hrtem_bench.recipes.tables import Recipe

DEFAULT_KIND = "CdSe on carbon"
SINGLE_PARTICLES = "single CdSe particles"
KINDS = {
    DEFAULT_KIND: "literature.npz",  # of benchmarks/ship_literature.py
    "CdSe on carbon, mini": "cdse_on_carbon.npz",
    SINGLE_PARTICLES: "single_particles.npz",
}
"""Kinds of specimens that the package ships -> their file."""
SHIPPED_BAND = 1.25
"""1/Å: how far shipped waves are kept, to the end of the last ring."""
SCALE = 1000.0
"""Shipped coefficients of waves of mean amplitude 1 are stored times this, above the underflow of half precision."""


def specimens_of(
    source: str | Path | None = None, *, structures: int | None = None, split: str = "test"
) -> SpecimenSet:
    """The specimens of a dataset or of a shipped kind.

    Parameters
    ----------
    source
        A dataset's folder or Hub id that keeps exit waves, or one of `KINDS`; the first of these if left out.
    structures
        The first so many; all by default. A dozen is enough.
    split
        Of a dataset: "train", "validation" or "test".

    Raises
    ------
    InputError
        For what is neither, and a dataset that keeps no waves.
    """
    if source is None or str(source) in KINDS:
        return _shipped(str(source or DEFAULT_KIND), structures)
    try:
        return _of_dataset(source, structures, split)
    except InputError as error:
        if not Path(source).exists() and str(source).count("/") != 1:
            raise InputError(
                f"no specimens {str(source)!r}: give a dataset's folder, or one of {', '.join(KINDS)}"
            ) from None
        raise error


def _of_dataset(source: str | Path, structures: int | None, split: str = "test") -> SpecimenSet:
    from hrtem_bench.dataset import open_exit_waves
    from hrtem_bench.recipes.loading import recipe_from_dict

    kept = open_exit_waves(source)
    recipe = recipe_from_dict(kept.manifest.recipe)
    field = recipe.sampling.field

    def read() -> Iterator[SpecimenWave]:
        for number, one in enumerate(kept.rows(split)):
            if structures is not None and number >= structures:
                return
            yield compact(one.structure_id, np.asarray(one.waves), one.mask, field, one.zero_focus)

    key = f"{kept.manifest.checksum} {structures}" + ("" if split == "test" else f" {split}")
    return _imaged_as(recipe, str(source), key, recipe.wave_band, read)


def simulated_specimens(recipe: Recipe, scene: str = "", structures: int = 4) -> SpecimenSet:
    """Test structures of a recipe that no dataset keeps the waves of: they are simulated each time they are read.

    Parameters
    ----------
    recipe
        Of a dataset.
    scene
        The specimen's variant, as `TrackCondition.scene` names it; "" for the recipe's own.
    structures
        The first so many.

    Returns
    -------
    SpecimenSet
        The very structures that the dataset shows.
    """
    from hrtem_bench.generation.simulation import simulate
    from hrtem_bench.recipes.plan import Job
    from hrtem_bench.recipes.tables import recipe_hash

    def read() -> Iterator[SpecimenWave]:
        for index in range(structures):
            job = Job("test", index, scene)
            made = simulate(recipe, job)
            yield compact(job.structure_id, made.waves, made.mask, recipe.sampling.field, made.zero_focus)

    return _imaged_as(
        recipe, scene or recipe.name, f"{recipe_hash(recipe)} {scene} {structures}", recipe.simulated_band, read
    )


def ship(specimens: SpecimenSet, recipe: Recipe, path: Path) -> None:
    """Write specimens as a file of the kind that the package ships.

    It holds the coefficients of the mean waves at |q| <= `SHIPPED_BAND` and of the diffuse intensity, in half
    precision; masks packed to bits; and the recipe, from which `generate` makes the dataset again.

    Parameters
    ----------
    specimens
        Of a dataset, or simulated.
    recipe
        Theirs.
    path
        The file.
    """
    from hrtem_bench.generation.waves import inside
    from hrtem_bench.recipes.tables import recipe_to_dict

    waves = list(specimens.read())
    points = len(waves[0].mask)
    field = waves[0].field
    coherent, diffuse = inside(len(waves[0].wave), field, SHIPPED_BAND), inside(points, field, DIFFUSE_BAND)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        recipe=np.frombuffer(msgspec.json.encode(recipe_to_dict(recipe)), np.uint8),
        field=field,
        points=[len(waves[0].wave), points],
        structure_id=[one.structure_id for one in waves],
        zero_focus=[one.zero_focus for one in waves],
        mask=np.stack([np.packbits(one.mask) for one in waves]),
        wave=np.stack([_coefficients(one.wave, coherent) for one in waves]),
        diffuse=np.stack([_coefficients(one.diffuse, diffuse) for one in waves]),
    )
    write_aside_bytes(path, buffer.getvalue())


def _shipped(name: str, structures: int | None) -> SpecimenSet:
    from hrtem_bench.generation.waves import inside
    from hrtem_bench.recipes.loading import recipe_from_dict

    content = (resources.files("hrtem_bench.observer") / "waves" / KINDS[name]).read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        kept: dict[str, Any] = {key: held[key] for key in held.files}
    recipe = recipe_from_dict(msgspec.json.decode(kept["recipe"].tobytes()))
    field, (held_points, points) = float(kept["field"]), (int(one) for one in kept["points"])
    coherent, diffuse = inside(held_points, field, SHIPPED_BAND), inside(points, field, DIFFUSE_BAND)

    def read() -> Iterator[SpecimenWave]:
        for number, structure_id in enumerate(kept["structure_id"][:structures]):
            bits = np.unpackbits(kept["mask"][number], count=points**2)
            yield SpecimenWave(
                structure_id=str(structure_id),
                wave=_field(kept["wave"][number], coherent),
                diffuse=_field(kept["diffuse"][number], diffuse).real.astype(np.float32),
                mask=bits.reshape(points, points),
                field=field,
                zero_focus=float(kept["zero_focus"][number]),
            )

    return _imaged_as(recipe, name, f"{name} {structures}", SHIPPED_BAND, read)


def _imaged_as(
    recipe: Recipe, name: str, key: str, band: float, read: Callable[[], Iterator[SpecimenWave]]
) -> SpecimenSet:
    """Specimens that are imaged as a recipe has it; other arguments as of `SpecimenSet`."""
    from hrtem_bench.recipes.detectors import recording_of

    return SpecimenSet(
        name=name,
        key=key,
        lens=recipe.settings,
        coherence=recipe.coherence,
        nodes=recipe.nodes,
        detector=recording_of(recipe).detector,
        pixel_size=recipe.sampling.pixel_size,
        band=band,
        read=read,
    )


def _coefficients(field: Any, chosen: Any) -> Any:
    from scipy import fft

    found = fft.fft2(field, norm="forward")[chosen] * SCALE
    return np.stack([found.real, found.imag], axis=-1).astype("<f2")


def _field(stored: Any, chosen: Any) -> Any:
    from scipy import fft

    spectrum = np.zeros(chosen.shape, np.complex64)
    pairs = stored.astype(np.float32) / np.float32(SCALE)
    spectrum[chosen] = pairs[..., 0] + 1j * pairs[..., 1]
    return fft.ifft2(spectrum, norm="forward")
