"""Images from exit waves: `render`, `render_each` and `expected_intensity`, with the checks of what they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.coherence import checked_count
from hrtem_bench.imaging.cross_coefficient import tcc_image
from hrtem_bench.imaging.detector import Detector, detect
from hrtem_bench.imaging.formation import image_of, memory_of, spectra_of
from hrtem_bench.imaging.fourier import pixel_sizes, resampled_shape
from hrtem_bench.imaging.lens import passed_band
from hrtem_bench.machine import cpus, on_gpu
from hrtem_bench.multislice.waves import Waves, check_agreement

COHERENCE = ("envelope", "quadrature", "tcc")
"""Models of partial coherence; docs/explanation/coherence.md compares them."""

Sizes = float | tuple[float, float]
Extent = tuple[float, float]


def render(
    waves: Any,
    condition: Condition,
    *,
    pixel_size: Sizes | None = None,
    output_pixel_size: Sizes | None = None,
    seed: int | np.random.Generator | None = None,
    zero_focus: float = 0.0,
    coherence: str = "quadrature",
    nodes: int | None = None,
    detector: Detector | None = None,
    device: str = "cpu",
) -> Any:
    """One image of a specimen, (ny, nx) float32: noise-free, or with the noise of a dose.

    Parameters
    ----------
    waves
        Exit waves (phonons, ny, nx) or (ny, nx), complex: `Waves`, which know their energy and pixel size, or an array.
    condition
        The microscope's setting. Its C10 counts from `zero_focus`.
    pixel_size
        Of the waves, Å, a number or (dy, dx). Needed for an array; `Waves` bring theirs.
    output_pixel_size
        Å, as `pixel_size` by default. The field must be a whole number of such pixels.
    seed
        Of the noise: an int or a Generator; needed with a dose.
    zero_focus
        The C10, Å, that brings the specimen's zero plane to focus.
    coherence
        "quadrature" adds up `nodes` coherent images over the focal spread, which keeps all electrons. "envelope"
        multiplies the wave by the envelopes of focal and angular spread: one image, right for weak objects. "tcc" is
        the exact reference, for small fields.
    nodes
        Number of values of focus in "quadrature"; by default what `focus_nodes` gives for the waves' band.
    detector
        A `Detector`; by default one that counts every electron where it falls. It needs a dose.
    device
        "cpu", or "cuda" for a GPU (CuPy), which agrees to 1e-5. The noise is drawn on the CPU in any case.

    Returns
    -------
    numpy.ndarray
        With a dose, the detector's counts (electrons per output pixel by default). Without, dose=None, the intensity
        that is expected, of mean about 1.

    Raises
    ------
    InputError
        If the waves are not finite, contradict the condition or `pixel_size`, or are too coarse for the image, or an
        argument is out of range.
    """
    options: dict[str, Any] = {
        "pixel_size": pixel_size, "output_pixel_size": output_pixel_size, "zero_focus": zero_focus,
        "coherence": coherence, "nodes": nodes, "detector": detector, "device": device,
    }  # fmt: skip
    return next(render_each(waves, [(condition, seed)], **options))


def render_each(
    waves: Any,
    settings: Iterable[tuple[Condition, int | np.random.Generator | None]],
    *,
    pixel_size: Sizes | None = None,
    output_pixel_size: Sizes | None = None,
    zero_focus: float = 0.0,
    coherence: str = "quadrature",
    nodes: int | None = None,
    detector: Detector | Sequence[Detector | None] | None = None,
    device: str = "cpu",
) -> Iterator[Any]:
    """The image that `render` makes of the same waves at each (condition, seed), one after the other.

    The waves are transformed once for all. Errors are those of `render`.

    Parameters
    ----------
    waves, pixel_size, output_pixel_size, zero_focus, coherence, nodes, device
        As in `render`.
    settings
        (condition, seed) of each image.
    detector
        One for all images, or a sequence with one for each.
    """
    settings = list(settings)
    detectors = list(detector) if isinstance(detector, Sequence) else [detector] * len(settings)
    if len(detectors) != len(settings):
        raise InputError(f"{len(detectors)} detectors were given for {len(settings)} images: give one, or one for each")
    for one, (condition, _) in zip(detectors, settings, strict=True):
        if one is not None and condition.dose is None:
            raise InputError("a detector counts electrons: give the condition a dose, in electrons per Å²")
    size = _size_of(waves, pixel_size)
    out = size if output_pixel_size is None else pixel_sizes(output_pixel_size)
    forming = _Forming(size, out, zero_focus, coherence, nodes, device)
    images = _images(waves, [condition for condition, _ in settings], forming)
    return (
        intensity
        if condition.dose is None
        else detect(intensity, condition.dose, pixel_size=out, seed=seed, detector=one)
        for (condition, seed), one, intensity in zip(settings, detectors, images, strict=True)
    )


def expected_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: Sizes | None = None,
    output_pixel_size: Sizes | None = None,
    zero_focus: float = 0.0,
    coherence: str = "quadrature",
    nodes: int | None = None,
    angle_nodes: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> Any:
    """Intensities averaged over phonon configurations, (conditions, ny, nx) float32, mean about 1, never negative.

    Each wave is multiplied by the lens's transfer and by the defocus phase of `zero_focus`, and squared on a grid on
    which nothing folds back into the output's band. The waves are transformed once for all conditions, and an image is
    the same whatever others are made beside it.

    Parameters
    ----------
    waves, pixel_size, output_pixel_size, zero_focus, coherence, nodes, device
        As in `render`.
    conditions
        Of which an image each is made.
    angle_nodes
        Number of illumination angles along each of two axes over which "quadrature" and "tcc" sum. By default
        "quadrature" takes the envelope of the angular spread in place of the sum, and puts the electrons that this
        takes out back as a background; "tcc" takes as many angles as make the sum right to 1e-4.
    threads
        CPU threads, each with a condition of its own; all CPUs by default. The images do not depend on it.
    """
    conditions = list(conditions)
    if not conditions:
        raise InputError("no condition is given to make an image at")
    size = _size_of(waves, pixel_size)
    out = size if output_pixel_size is None else pixel_sizes(output_pixel_size)
    forming = _Forming(size, out, zero_focus, coherence, nodes, device, angle_nodes, threads or cpus())
    return np.stack(list(_images(waves, conditions, forming)))


@dataclass(frozen=True)
class _Forming:
    """How the images of one call are formed, checked; as the arguments of `expected_intensity`, sizes as (dy, dx)."""

    size: Extent
    out: Extent
    zero_focus: float
    coherence: str
    nodes: int | None
    device: str
    angle_nodes: int | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        if self.coherence not in COHERENCE:
            raise InputError(f"unknown coherence {self.coherence!r}: known are {', '.join(COHERENCE)}")
        if self.nodes is not None and self.coherence != "quadrature":
            raise InputError(f"nodes belong to coherence='quadrature', not to {self.coherence!r}")
        for count in (self.nodes, self.angle_nodes):
            if count is not None:
                checked_count(count)
        if on_gpu(self.device) and self.coherence == "tcc":
            raise InputError("coherence 'tcc' is worked out on the CPU: use device='cpu'")


def _images(waves: Any, conditions: Sequence[Condition], f: _Forming) -> Iterator[Any]:
    """The expected image at each condition, (ny, nx) float32; checked at once, made one after the other."""
    for c in conditions:
        check_agreement(waves, energy=c.energy)
        _check_band(f.size, f.out, c)
    array = checked_waves(waves)
    shape = resampled_shape(array.shape[1:], f.size, f.out)

    def made() -> Iterator[Any]:
        if f.coherence == "tcc":
            yield from (tcc_image(array, f.size, shape, c, f.zero_focus, f.angle_nodes) for c in conditions)
            return
        with memory_of(f.device):
            options: dict[str, Any] = {"coherence": f.coherence, "nodes": f.nodes, "angle_nodes": f.angle_nodes}
            make = partial(image_of, spectra_of(array, f.size, shape, f.device), zero_focus=f.zero_focus, **options)
            if f.threads == 1 or on_gpu(f.device):
                yield from map(make, conditions)
                return
            with ThreadPoolExecutor(f.threads) as pool:
                yield from pool.map(make, conditions)

    return made()


def checked_waves(waves: Any) -> Any:
    """Waves as a complex64 array (n, ny, nx); InputError for anything else."""
    waves = np.asarray(waves)
    if waves.ndim == 2:
        waves = waves[None]
    if waves.ndim != 3 or not np.iscomplexobj(waves) or not waves.size:
        raise InputError(
            f"exit waves are a complex array (phonons, ny, nx) or (ny, nx), not {waves.dtype} {waves.shape}"
        )
    return waves.astype(np.complex64, copy=False)


def _size_of(waves: Any, pixel_size: Sizes | None) -> Extent:
    """(dy, dx) of the waves, Å: their own where they know it; InputError for another, and for none."""
    if pixel_size is not None:
        given = pixel_sizes(pixel_size)
        check_agreement(waves, pixel_size=given)
        return given
    if not isinstance(waves, Waves):
        raise InputError("an array of waves does not know its pixels: give pixel_size, in Å")
    return pixel_sizes(waves.pixel_size)


def _check_band(size: Extent, out_size: Extent, c: Condition) -> None:
    """Refuse waves that lack frequencies which the lens passes and the image shows."""
    for d, d_out in zip(size, out_size, strict=True):
        shown = min(0.5 / d_out, passed_band(c))
        if shown > 0.5 / d * (1 + 1e-6):
            raise InputError(
                f"waves with pixels of {d:.4g} Å hold frequencies up to {0.5 / d:.3g} 1/Å, and this image has those up "
                f"to {shown:.3g} 1/Å: ask for pixels of {d:.4g} Å or more, or make waves with pixels of "
                f"{0.5 / shown:.3g} Å"
            )
