"""`describe`: what can be read off micrographs, and a sentence on what cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.micrographs.description import Description, RadialSpectrum, Reading
from hrtem_bench.micrographs.image_files import ImageFile
from hrtem_bench.micrographs.lattice_spots import named_crystal, pixel_ratio
from hrtem_bench.micrographs.measuring import Lens, Measured, measured, without_frames
from hrtem_bench.micrographs.noise import ring_means
from hrtem_bench.micrographs.noise_readings import PooledNoise, noise_readings, pooled_noise
from hrtem_bench.micrographs.particles import Found, particles
from hrtem_bench.micrographs.recordings import Micrograph, Recording, find_micrographs, open_recording
from hrtem_bench.micrographs.ring_readings import image_description, reading, ring_readings, spread_reading
from hrtem_bench.models.submission import Submission
from hrtem_bench.physics import wavelength

Images = str | Path | np.ndarray[Any, Any] | Sequence[str | Path | np.ndarray[Any, Any]]


def describe(
    images: Images,
    *,
    pixel_size: float | None = None,
    energy: float | None = None,
    spherical_aberration: float | None = None,
    crystal: str | None = None,
    model: Submission | str | None = None,
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
        A model, or its name, that finds the particles.
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
    recordings = _recordings(images, pixel_size)
    lens = _lens(energy, spherical_aberration)
    lattice = None if crystal is None else named_crystal(crystal)
    submission = _submission(model)
    found: list[Measured] = []
    seen: list[Found] = []
    for index, recording in enumerate(recordings):
        one = measured(recording, lens)
        if submission is not None:
            own = [Micrograph(one.name, frame, one.pixel_size) for frame in one.frames]
            seen += particles(submission, own)
        found.append(without_frames(one) if len(recordings) > 1 else one)
        if each is not None:
            each(index + 1, len(recordings))
    noise = pooled_noise(found)
    readings: dict[str, Any] = ring_readings(found, lens) | noise_readings(noise) | _particle_readings(seen, submission)
    return Description(
        images=[image_description(one) for one in found],
        energy=energy,
        spherical_aberration=spherical_aberration,
        crystal=crystal,
        model=None if submission is None else submission.name,
        pixel_size=_pixel_size(found, pixel_size is not None),
        pixel_size_of_crystal=_of_crystal(found, lattice),
        **readings,
        spectrum=_radial(found, noise),
        warnings=_warnings(found),
    )


def _recordings(images: Images, pixel_size: float | None) -> list[Recording]:
    many = [images] if isinstance(images, (str, Path, np.ndarray)) else list(images)
    if not many:
        raise InputError("no images are given: name files, or folders of them")
    found = []
    for index, one in enumerate(many):
        if isinstance(one, np.ndarray):
            found.append(_of_array(one, f"image_{index + 1}", pixel_size))
    paths = [Path(one) for one in many if not isinstance(one, np.ndarray)]
    return found + [open_recording(path, pixel_size) for path in (find_micrographs(paths) if paths else [])]


def _lens(energy: float | None, spherical: float | None) -> Lens:
    if energy is not None:
        wavelength(energy)  # which refuses what is no energy
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


def _particle_readings(seen: Sequence[Found], submission: Submission | None) -> dict[str, Reading]:
    units = {"contrast": "", "particle_diameter": "Å", "particle_diameter_spread": "Å", "particle_area": "Å²",
             "particle_count": "", "particle_cover": ""}  # fmt: skip
    if submission is None:
        return {name: Reading(unit=unit, how="no model is given to find particles") for name, unit in units.items()}
    how = f"as {submission.name} finds them in {len(seen)} images"
    count, cover = (np.array([getattr(one, name) for one in seen], dtype=float) for name in ("count", "cover"))
    readings = {
        "particle_count": _mean(count, "", f"mean over images, {how}"),
        "particle_cover": _mean(cover, "", f"share of the area, {how}"),
    }
    areas = np.concatenate([one.areas for one in seen])
    contrasts = np.array([one.contrast for one in seen])
    contrasts = contrasts[np.isfinite(contrasts)]
    if len(contrasts):
        readings["contrast"] = _mean(contrasts, "", f"mean grey on particles over that beside them, less 1, {how}")
    if len(areas):
        whole = f"{len(areas)} particles that do not touch the border, {how}"
        diameters = 2 * np.sqrt(areas / np.pi)
        readings["particle_diameter"] = _mean(diameters, "Å", f"circle of the same area, {whole}")
        readings["particle_area"] = _mean(areas, "Å²", whole)
        readings["particle_diameter_spread"] = spread_reading(diameters, "Å", whole)
    none = f"{submission.name} finds no whole particle"
    return {name: readings.get(name, Reading(unit=unit, how=none)) for name, unit in units.items()}


def _mean(values: np.ndarray[Any, Any], unit: str, how: str) -> Reading:
    std = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return reading(float(values.mean()), std, unit, how)


def _radial(found: Sequence[Measured], noise: PooledNoise) -> RadialSpectrum | None:
    """Of the image with the clearest rings; without rings, of the first that has a spectrum."""
    best = max(
        (one for one in found if one.spectrum is not None),
        key=lambda one: one.rings.drop if one.rings.found else 0.0,
        default=None,
    )
    if best is None or best.spectrum is None:
        return None
    spectrum = best.spectrum
    rings = ring_means(spectrum, max(50, min(400, int(spectrum.nyquist / spectrum.step / 2))))
    own = next((scale for one, scale in zip(noise.images, noise.scales, strict=True) if one is best), None)
    floor = None if noise.fit is None or own is None else (own * noise.fit.power(rings.u)).tolist()
    return RadialSpectrum(
        image=best.name,
        q=(rings.u * spectrum.nyquist).tolist(),
        power=rings.power.tolist(),
        noise=floor,
    )


def _warnings(found: Sequence[Measured]) -> list[str]:
    said = [one for own in found for one in own.warnings]
    shapes = sorted({one.frames.shape[1:] for one in found})
    sizes = sorted({one.pixel_size for one in found})
    if len(shapes) > 1:
        listed = ", ".join(f"{ny} x {nx}" for ny, nx in shapes)
        said.append(f"images of mixed sizes, {listed} pixels: noise is measured on the commonest alone")
    if len(sizes) > 1:
        said.append(f"images of mixed pixel sizes, {sizes[0]:g} to {sizes[-1]:g} Å: describe them apart")
    for one in found:
        if one.dead or one.hot:
            said.append(
                f"{one.name}: {one.dead} dead and {one.hot} hot pixels: replace them by the median of their neighbours"
            )
    return said


__all__ = ["Images", "describe"]
