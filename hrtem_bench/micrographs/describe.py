"""`describe`: what can be read off micrographs, and a sentence on what cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hrtem_bench.conditions.units import beam_energy
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.resume import check_writable
from hrtem_bench.image_files.opening import ImageFile
from hrtem_bench.image_files.recordings import Micrograph, Recording, find_micrographs, open_recording
from hrtem_bench.measurement.lattice_spots import named_crystal, pixel_ratio
from hrtem_bench.measurement.measured_file import Lens, Measured, Spectrum, measure_file, read_frames
from hrtem_bench.measurement.noise_readings import PooledNoise, noise_readings, pooled_noise
from hrtem_bench.measurement.readings import Reading, missing, reading
from hrtem_bench.measurement.ring_readings import amplitude_phase_reading, ring_readings
from hrtem_bench.micrographs.description import (
    DESCRIPTION,
    Description,
    ImageDescription,
    RadialSpectrum,
    read_description,
)
from hrtem_bench.micrographs.expected_here import expected_here
from hrtem_bench.micrographs.particles import Found, particle_readings, particles
from hrtem_bench.models.submission import Submission

ImageSources = str | Path | np.ndarray[Any, Any] | Sequence[str | Path | np.ndarray[Any, Any]]


def describe(
    images: ImageSources,
    *,
    pixel_size: float | None = None,
    energy: float | None = None,
    spherical_aberration: float | None = None,
    crystal: str | None = None,
    model: Submission | str | None = None,
    results: str | Path | None = None,
    each: Callable[[int, int], None] | None = None,
) -> Description:
    """What can be read off micrographs, each number with its interval and how it was found.

    Parameters
    ----------
    images
        Files, folders of them, or arrays (ny, nx) or (frames, ny, nx) in any grey unit; one or several.
    pixel_size
        Å, in place of what files say; needed for arrays.
    energy
        eV. Without it there is no defocus.
    spherical_aberration
        C30, Å; taken as 0 if not given.
    crystal
        The particles' crystal, whose lattice spots check the pixel size: an element ("Au"), the name of a lattice, or a
        CIF file.
    model
        A model, or its name, that finds the particles; its Dice on such images is then foretold.
    results
        Folder of the model's own results, which foretell it better than the model observer.
    each
        Called with (files done, files in all).

    Returns
    -------
    Description
        What cannot be had is None there, with the reason.

    Raises
    ------
    InputError
        One line, for files that cannot be read, a pixel size that is not known, and settings that are not physical.
    """
    settings = DescribeSettings(pixel_size, energy, spherical_aberration, crystal, model, results)
    return described(images, settings, each).description


@dataclass(frozen=True)
class DescribeSettings:
    """What is known of the images, and what is looked for: the arguments of `describe`."""

    pixel_size: float | None = None
    energy: float | None = None
    spherical_aberration: float | None = None
    crystal: str | None = None
    model: Submission | str | None = None
    results: str | Path | None = None


@dataclass(frozen=True)
class Described:
    """A description, with what a page shows beside it: the images, and the spectrum of the image with clearest rings.

    place: of that image among `images`; spectrum: None where no image has one.
    """

    description: Description
    images: list[Measured]
    place: int
    spectrum: Spectrum | None


def described(
    images: ImageSources, settings: DescribeSettings, each: Callable[[int, int], None] | None = None
) -> Described:
    """As `describe`, with pictures and spectrum."""
    recordings = _recordings(images, settings.pixel_size)
    lens = _lens(settings.energy, settings.spherical_aberration)
    lattice = None if settings.crystal is None else named_crystal(settings.crystal)
    submission = _submission(settings.model)
    if settings.results is not None and submission is None:
        raise InputError("results are a model's: name the model too, or leave them out")
    found: list[Measured] = []
    seen: list[Found] = []
    place, spectrum = 0, None
    for index, recording in enumerate(recordings):
        raw = read_frames(recording)
        one, own = measure_file(recording, raw, lens)
        if spectrum is None or _clearness(one) > _clearness(found[place]):
            place, spectrum = index, own
        found.append(one)
        if submission is not None:
            seen += particles(submission, [Micrograph(one.name, f.astype(np.float32), one.pixel_size) for f in raw])
        if each is not None:
            each(index + 1, len(recordings))
    noise = pooled_noise(found)
    readings: dict[str, Any] = ring_readings(found) | noise_readings(noise) | particle_readings(seen, submission)
    by_lattice = _of_crystal(found, lattice)
    told = Description(
        images=[_image_description(one) for one in found],
        energy=settings.energy,
        spherical_aberration=settings.spherical_aberration,
        crystal=settings.crystal,
        model=None if submission is None else submission.name,
        pixel_size=_pixel_size(found, settings.pixel_size is not None),
        pixel_size_of_crystal=by_lattice,
        amplitude_phase=amplitude_phase_reading(found[place], spectrum, lens),
        **readings,
        spectrum=_radial(found[place], noise),
        warnings=_warnings(found) + _wrong_pixels(found[0].pixel_size, by_lattice),
    )
    expected, why = expected_here(told, submission, None if settings.results is None else Path(settings.results))
    told = msgspec.structs.replace(told, expected=expected, expected_how=why)
    return Described(told, found, place, spectrum)


def check_free(out: Path, places: Sequence[Path]) -> None:
    """Raise InputError for a folder that cannot be written to, or holds the description of other images."""
    check_writable(out)
    if (out / DESCRIPTION).is_file():
        held = {one.name for one in read_description(out).images}
        own = {path.stem for path in find_micrographs(list(places))}
        if held != own:
            raise InputError(f"{out} holds the description of other images: choose another folder, or remove it")


def _image_description(one: Measured) -> ImageDescription:
    """The description of one file."""
    rings = one.rings
    readings = missing(("defocus", "astigmatism", "astigmatism_angle", "rings_resolution"), rings.reason)
    if rings.found:
        how = "fit of Thon rings" + ("" if rings.sign_known else ", taken as underfocus: the other sign fits as well")
        angle_std = 0.5 * rings.astigmatism_std / rings.astigmatism if rings.astigmatism > 0 else math.nan
        last = "last band in which power follows the rings"
        readings = {
            "defocus": reading(rings.defocus, rings.defocus_std, "Å", how),
            "astigmatism": reading(rings.astigmatism, rings.astigmatism_std, "Å", how),
            "astigmatism_angle": reading(rings.astigmatism_angle, angle_std, "rad", how),
            "rings_resolution": reading(rings.resolution, math.nan, "Å", last),
        }
    return ImageDescription(
        name=one.name,
        frames=one.count,
        shape=one.shape,
        pixel_size=one.pixel_size,
        grey_mean=one.mean,
        grey_std=one.std,
        sign_known=rings.sign_known if rings.found else None,
        dead=one.dead,
        hot=one.hot,
        **readings,
    )


def _clearness(one: Measured) -> float:
    return one.rings.drop if one.rings.found else 0.0


def _recordings(images: ImageSources, pixel_size: float | None) -> list[Recording]:
    many = [images] if isinstance(images, (str, Path, np.ndarray)) else list(images)
    if not many:
        raise InputError("no images are given: name files, or folders of them")
    arrays = {f"image_{place}": one for place, one in enumerate(many, start=1) if isinstance(one, np.ndarray)}
    paths = [Path(one) for one in many if not isinstance(one, np.ndarray)]
    found = [_of_array(one, name, pixel_size) for name, one in arrays.items()]
    return found + [open_recording(path, pixel_size) for path in (find_micrographs(paths) if paths else [])]


def _lens(energy: float | None, spherical: float | None) -> Lens:
    if energy is not None:
        beam_energy(energy)
    if spherical is not None and not math.isfinite(spherical):
        raise InputError(f"spherical_aberration must be a finite number of Å, not {spherical}")
    return Lens(energy, spherical or 0.0)


def _of_array(image: np.ndarray[Any, Any], name: str, pixel_size: float | None) -> Recording:
    if pixel_size is None or not 0 < pixel_size < math.inf:
        raise InputError("an array does not say its pixel size: give pixel_size, in Å, above 0")
    if image.ndim not in (2, 3) or image.dtype.kind not in "buif" or min(image.shape) < 1:
        raise InputError(f"an array {image.shape} of {image.dtype} is no grey image (ny, nx), nor a stack of such")
    frames = image if image.ndim == 3 else image[None]
    return Recording(ImageFile(Path(name), frames, image.ndim == 3, None), float(pixel_size))


def _submission(model: Submission | str | None) -> Submission | None:
    from hrtem_bench.models.submission import load_submission

    return load_submission(model) if isinstance(model, str) else model


def _pixel_size(found: Sequence[Measured], given: bool) -> Reading:
    sizes = sorted({one.pixel_size for one in found})
    if len(sizes) > 1:
        return Reading(unit="Å", how=f"differs from file to file, {sizes[0]:g} to {sizes[-1]:g} Å")
    return Reading(sizes[0], unit="Å", how="as given" if given else "as the files say")


def _of_crystal(found: Sequence[Measured], lattice: Any) -> Reading:
    if lattice is None:
        return Reading(unit="Å", how="no crystal is given to check it with")
    if len({one.pixel_size for one in found}) > 1:
        return Reading(unit="Å", how="pixel sizes differ from file to file")
    spots = np.concatenate([one.spots for one in found])
    fit = pixel_ratio(spots, lattice)
    if not math.isfinite(fit.ratio):
        return Reading(unit="Å", how=fit.reason)
    size = found[0].pixel_size
    how = f"{fit.matched} of {fit.spots} lattice spots on {fit.reflections} reflections of {lattice.name}"
    return reading(size * fit.ratio, size * fit.std, "Å", how)


def _radial(one: Measured, noise: PooledNoise) -> RadialSpectrum | None:
    if one.fine is None:
        return None
    own = next((scale for image, scale in zip(noise.images, noise.scales, strict=True) if image is one), None)
    floor = None if noise.fit is None or own is None else (own * noise.fit.power(one.fine.u)).tolist()
    return RadialSpectrum(
        image=one.name, q=(one.fine.u * one.nyquist).tolist(), power=one.fine.power.tolist(), noise=floor
    )


def _wrong_pixels(size: float, by_lattice: Reading) -> list[str]:
    low, high = by_lattice.low, by_lattice.high
    if by_lattice.value is None or low is None or high is None or low <= size <= high:
        return []
    return [
        f"the lattice has pixels of {by_lattice.value:.4g} Å, not {size:.4g} Å: give that size, all lengths follow it"
    ]


def _warnings(found: Sequence[Measured]) -> list[str]:
    said = [one for own in found for one in own.warnings]
    shapes = sorted({one.shape for one in found})
    sizes = sorted({one.pixel_size for one in found})
    if len(shapes) > 1:
        listed = ", ".join(f"{ny} x {nx}" for ny, nx in shapes)
        said.append(f"images of mixed sizes, {listed} pixels: noise is measured on the commonest alone")
    if len(sizes) > 1:
        said.append(f"images of mixed pixel sizes, {sizes[0]:g} to {sizes[-1]:g} Å: describe them apart")
    for one in found:
        if one.dead or one.hot:
            said.append(f"{one.name}: {one.dead} dead and {one.hot} hot pixels: measured with their neighbours' median")
    return said
