"""`render`: from exit waves to one image, by the model of coherence and the detector asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.imaging.formation import expected_intensity, expose


def render(
    waves: Any,
    condition: Condition,
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float] | None = None,
    seed: int | np.random.Generator | None = None,
    zero_focus: float = 0.0,
) -> Any:
    """One image of a specimen: (ny, nx) float32.

    waves: exit waves (phonons, ny, nx) or (ny, nx), complex, at `pixel_size` Å (a number or (dy, dx)). condition: the
    microscope's setting; its C10 counts from `zero_focus`, the C10 (Å) that brings the specimen's zero plane to
    focus. output_pixel_size: Å, as `pixel_size` by default; the field must be a whole number of such pixels.
    With a dose, Poisson counts in electrons per output pixel, drawn from `seed` (which is then required); without,
    the expected intensity, of mean about 1. Raises InputError.
    """
    out = pixel_size if output_pixel_size is None else output_pixel_size
    intensity = expected_intensity(
        waves, [condition], pixel_size=pixel_size, output_pixel_size=out, zero_focus=zero_focus
    )[0]
    if condition.dose is None:
        return intensity
    return expose(intensity, condition.dose, pixel_size=out, seed=seed)
