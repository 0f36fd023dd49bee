"""Readings from the rings of images: focus, astigmatism, amplitude phase, drift."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hrtem_bench.measurement.measured_file import Lens, Measured, Spectrum
from hrtem_bench.measurement.readings import SIGMAS, Reading, missing, reading, spread_reading
from hrtem_bench.measurement.thon_rings import fit_amplitude_phase

RINGS = (
    "defocus", "defocus_spread", "astigmatism", "rings_resolution", "drift", "astigmatism_angle", "drift_angle",
)  # fmt: skip
"""Names of the readings that rings tell."""
PHASE_ERROR = 0.1
"""rad, standard deviation of what a film's thickness and the focal spread do to the amplitude phase."""
LARGEST_DRIFT = 1.3
"""Å: a drift that damps rings more than this is too long for the form that is fitted."""


def ring_readings(found: Sequence[Measured]) -> dict[str, Reading]:
    """Defocus, astigmatism, resolution and drift, over the images with rings."""
    with_rings = [one for one in found if one.rings.found]
    if not with_rings:
        first = found[0].rings.reason
        return missing(RINGS, first if len(found) == 1 else f"no image has rings; of {found[0].name}: {first}")
    rings = [one.rings for one in with_rings]
    how = f"fit of Thon rings, {len(rings)} of {len(found)} files"
    focus = np.array([one.defocus for one in rings])
    focus_std = math.sqrt(sum(one.defocus_std**2 for one in rings)) / len(rings)
    unsigned = sum(not one.sign_known for one in rings)
    signs = f"; {unsigned} taken as underfocus, the other sign fits as well" if unsigned else ""
    resolution = float(np.median([one.resolution for one in rings]))
    return {
        "defocus": reading(float(focus.mean()), focus_std, "Å", how + signs),
        "defocus_spread": spread_reading(focus, "Å", "images", how),
        **_astigmatism(with_rings, how),
        "rings_resolution": reading(resolution, math.nan, "Å", f"median, {how}"),
        **_drift(with_rings),
    }


def _astigmatism(found: Sequence[Measured], how: str) -> dict[str, Reading]:
    """The mean of C12 exp(2i phi12)."""
    vectors = np.array([one.rings.astigmatism * np.exp(2j * one.rings.astigmatism_angle) for one in found])
    std = math.sqrt(sum(one.rings.astigmatism_std**2 for one in found)) / len(found)
    mean = complex(vectors.mean())
    size = abs(mean)
    high = size + SIGMAS * std
    told = {"astigmatism": Reading(size, max(size - SIGMAS * std, 0.0), high, "Å", how)}
    if size <= SIGMAS * std:
        return told | missing(["astigmatism_angle"], "the astigmatism is no larger than its uncertainty")
    angle_std = 0.5 * std / size if size > 2 * std else math.nan
    return told | {"astigmatism_angle": reading(float(np.angle(mean)) / 2, angle_std, "rad", how)}


def amplitude_phase_reading(one: Measured, spectrum: Spectrum | None, lens: Lens) -> Reading:
    """The amplitude phase, of the image with the clearest rings."""
    if spectrum is None or lens.energy is None or not one.rings.found:
        return Reading(unit="rad", how=one.rings.reason)
    phase, std = fit_amplitude_phase(spectrum.power, lens.energy, lens.spherical_aberration, one.rings)
    if not math.isfinite(phase):
        return Reading(unit="rad", how=f"no phase from -0.4 to 0.6 fits the rings of {one.name} best")
    how = f"rings of {one.name} with focus fitted anew; 0 in all other fits"
    return reading(phase, math.hypot(std, PHASE_ERROR), "rad", how)


def _drift(found: Sequence[Measured]) -> dict[str, Reading]:
    """The drift of the image whose rings tell it best."""
    drifts = [(one, one.drift) for one in found if one.drift is not None]
    if not drifts:
        return missing(["drift"], "rings too weak to tell") | missing(["drift_angle"], "as drift")
    one, drift = min(drifts, key=lambda item: item[1].squared_std)
    lowest, highest = (math.sqrt(max(drift.squared + k * drift.squared_std, 0.0)) for k in (-SIGMAS, SIGMAS))
    if drift.squared < 3 * drift.squared_std:
        how = f"rings of {one.name} are damped alike in all directions, to within noise"
        return {"drift": Reading(0.0, 0.0, highest, "Å", how), **missing(["drift_angle"], "no drift is seen")}
    how = f"rings of {one.name} are damped along one direction"
    angle_std = 0.5 * drift.squared_std / drift.squared
    if drift.length > LARGEST_DRIFT:
        how += "; a drift so long is underestimated, and focus and astigmatism suffer"
        return {
            "drift": Reading(drift.length, lowest, None, "Å", how),
            "drift_angle": reading(drift.angle, math.nan, "rad", how),
        }
    return {
        "drift": Reading(drift.length, lowest, highest, "Å", how),
        "drift_angle": reading(drift.angle, angle_std, "rad", how),
    }
