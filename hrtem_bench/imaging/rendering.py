"""`render`: from exit waves to one image, by the model of coherence and the detector asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.coherence import quadrature_intensity, tcc_intensity
from hrtem_bench.imaging.detector import Detector, detect
from hrtem_bench.imaging.formation import checked_field, expected_intensity, mean_image, spectra_of
from hrtem_bench.machine import on_gpu

Sizes = float | tuple[float, float]
COHERENCE: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "envelope": partial(expected_intensity, method="scipy", threads=1),
    "quadrature": quadrature_intensity,
    "tcc": tcc_intensity,
})  # fmt: skip
"""Models of partial coherence by name; docs/coherence.md compares them."""


def render(
    waves: Any,
    condition: Condition,
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float] | None = None,
    seed: int | np.random.Generator | None = None,
    zero_focus: float = 0.0,
    coherence: str = "envelope",
    detector: Detector | None = None,
    device: str = "cpu",
) -> Any:
    """One image of a specimen: (ny, nx) float32.

    waves: exit waves (phonons, ny, nx) or (ny, nx), complex, at `pixel_size` Å (a number or (dy, dx)). condition: the
    microscope's setting; its C10 counts from `zero_focus`, the C10 (Å) that brings the specimen's zero plane to
    focus. output_pixel_size: Å, as `pixel_size` by default; the field must be a whole number of such pixels.
    With a dose, Poisson counts in electrons per output pixel, drawn from `seed` (which is then required); without,
    the expected intensity, of mean about 1. coherence: "envelope" (quasi-coherent, fast), "quadrature" (explicit sums
    over focus and source angle, slow) or "tcc" (the exact reference, small fields only). detector: a `Detector`, by
    default one that counts every electron where it falls; it needs a dose. device: "cpu", or "cuda" for the envelope's
    image on a GPU (CuPy), the same to 1e-5; the noise is drawn on the CPU in any case. Raises InputError.
    """
    if coherence not in COHERENCE:
        raise InputError(f"unknown coherence {coherence!r}: known are {', '.join(COHERENCE)}")
    if detector is not None and condition.dose is None:
        raise InputError("a detector counts electrons: give the condition a dose, in electrons per Å²")
    if on_gpu(device) and coherence != "envelope":
        raise InputError(f"coherence {coherence!r} is worked out on the CPU: use device='cpu'")
    out = pixel_size if output_pixel_size is None else output_pixel_size
    where = {"device": device} if coherence == "envelope" else {}
    intensity = COHERENCE[coherence](
        waves, [condition], pixel_size=pixel_size, output_pixel_size=out, zero_focus=zero_focus, **where
    )[0]
    if condition.dose is None:
        return intensity
    return detect(intensity, condition.dose, pixel_size=out, seed=seed, detector=detector)


def render_each(
    waves: Any,
    settings: Iterable[tuple[Condition, int | np.random.Generator | None]],
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float] | None = None,
    zero_focus: float = 0.0,
    detector: Detector | None = None,
    device: str = "cpu",
) -> Iterator[Any]:
    """The image that `render` makes of the same waves at each (condition, seed), one after the other.

    The waves are transformed once for all. Arguments and errors as of `render`; where there is no dose there is no
    detector either.
    """
    out = pixel_size if output_pixel_size is None else output_pixel_size
    settings = list(settings)
    conditions = [condition for condition, _ in settings]
    for (condition, seed), intensity in zip(
        settings, _intensities(waves, conditions, pixel_size, out, zero_focus, device), strict=True
    ):
        if condition.dose is None:
            yield intensity
        else:
            yield detect(intensity, condition.dose, pixel_size=out, seed=seed, detector=detector)


def _intensities(
    waves: Any, conditions: Sequence[Condition], size: Sizes, out_size: Sizes, zero_focus: float, device: str
) -> Iterator[Any]:
    if on_gpu(device):
        from hrtem_bench.imaging.on_gpu import images_on_gpu

        return images_on_gpu(*checked_field(waves, size, out_size), conditions, zero_focus, 0.0)
    spectra = spectra_of(waves, pixel_size=size, output_pixel_size=out_size)
    return (mean_image(spectra, condition, zero_focus) for condition in conditions)
