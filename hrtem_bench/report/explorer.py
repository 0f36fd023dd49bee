"""The explorer: one page in which two conditions are set by hand, and their transfer, images and loss are seen.

What the page needs of the package (specimens' exit waves, cameras, the observer's settings and law) is worked out here
and written into it. The formulas are those of the package, once more in JavaScript; a test holds the two together.
"""

from __future__ import annotations

import base64
from string import Template
from typing import Any

import msgspec
import numpy as np

import hrtem_bench
from hrtem_bench.imaging import Detector, camera, camera_names, noise_power
from hrtem_bench.observer import SINGLE_PARTICLES, ObserverSettings, loaded, specimens_of
from hrtem_bench.observer.noise import ring_noise
from hrtem_bench.observer.regions import regions_of
from hrtem_bench.observer.specimens import DIFFUSE_BAND, SpecimenWave
from hrtem_bench.physics import wavelength
from hrtem_bench.report.html_elements import asset

_PIXELS = 256
_Q_MAX = 2.5
_CURVE_POINTS = 257
_SHOWN = 3
"""Which specimen is seen first: its lattice shows."""
_SCALE = 1000.0
"""Coefficients of waves of mean amplitude 1 are written times this, above the underflow of half precision."""
_SCRIPTS = ("optics.js", "imaging.js", "observer.js", "copies.js", "plots.js", "page.js")


def explorer_page() -> str:
    """The explorer as one HTML page that needs nothing beside it and fetches nothing.

    Its specimens are the shipped kind `hrtem_bench.observer.SINGLE_PARTICLES`, its law the package's.
    """
    data = f"const DATA = {msgspec.json.encode(_data()).decode()};"
    return Template(asset("explorer/explorer.html")).substitute(
        css=asset("page.css") + asset("explorer/explorer.css"),
        script="\n".join([data, *(asset(f"explorer/{name}") for name in _SCRIPTS)]),
        version=hrtem_bench.__version__,
        law=f"law of {loaded().date}, {loaded().fitted_on}",
    )


def _data() -> dict[str, Any]:
    """What the scripts know as DATA."""
    specimens, settings = specimens_of(SINGLE_PARTICLES), loaded().settings
    each = list(specimens.read())
    return {
        "kind": SINGLE_PARTICLES,
        "wavelength": wavelength(float(specimens.lens["energy"])),
        "q_max": _Q_MAX,
        "field": each[0].field,
        "pixels": _PIXELS,
        "scale": _SCALE,
        "shown": _SHOWN,
        "specimens": [_specimen(one, specimens.band, settings) for one in each],
        "observer": _observer(settings, len(each[0].mask)),
        "cameras": {name: _camera(camera(name), specimens.pixel_size, settings) for name in camera_names()},
    }


def _specimen(one: SpecimenWave, band: float, settings: ObserverSettings) -> dict[str, Any]:
    from scipy import fft

    from hrtem_bench.imaging.formation import spectra_of

    pixel_size = one.field / len(one.wave)
    regions = regions_of(one.mask, one.pixel_size, settings)
    return {
        "zero_focus": one.zero_focus,
        "band": spectra_of(one.wave[None], (pixel_size, pixel_size), one.mask.shape).band,
        "wave": _block(fft.fft2(one.wave, norm="forward"), one.field, band),
        "diffuse": _block(fft.fft2(one.diffuse, norm="forward"), one.field, DIFFUSE_BAND),
        "particle": _base64(np.packbits(regions.particle)),
        "film": _base64(np.packbits(regions.film)),
        "cover": regions.cover,
    }


def _block(spectrum: Any, field: float, band: float) -> dict[str, Any]:
    """Coefficients (y, x) from -reach to reach, half precision, real and imaginary part, 0 beyond the band, 1/Å."""
    n = len(spectrum)
    steps = np.fft.fftshift(np.fft.fftfreq(n, 1 / n))
    held = np.where(np.hypot(steps[:, None], steps) <= band * field * (1 + 1e-9), np.fft.fftshift(spectrum), 0)
    reach = int(np.abs(steps[np.abs(held).max(axis=0) > 0]).max())
    middle = slice(n // 2 - reach, n // 2 + reach + 1)
    pairs = np.stack([held.real, held.imag], axis=-1)[middle, middle] * _SCALE
    return {"reach": reach, "values": _base64(pairs.astype("<f2"))}


def _observer(settings: ObserverSettings, points: int) -> dict[str, Any]:
    """points: pixels along a side of the images that the observer sees."""
    from scipy.special import polygamma

    return {
        "edges": settings.edges,
        "low_pass": settings.low_pass,
        "floor": settings.floor,
        "standardised": settings.standardised,
        "edge_loss": settings.edge_loss,
        "texture_ring": settings.texture_ring,
        "trigamma": polygamma(1, np.array(settings.modes) * settings.area).tolist(),
        "points": points,
        "coefficients": loaded().coefficients,
    }


def _camera(detector: Detector, pixel_size: float, settings: ObserverSettings) -> dict[str, Any]:
    """A camera's curves over 0 to √2 of Nyquist, and what it does in the observer's rings.

    Noise is given as [a, b], its variance a / dose + b / dose²: shot noise and read noise.
    """
    u = np.linspace(0, np.sqrt(2), _CURVE_POINTS)
    shot = noise_power(detector, 1.0, u, 0.0) - detector.read_noise**2
    at_1, at_2 = (ring_noise(dose, detector, pixel_size, settings) for dose in (1.0, 2.0))
    mtf = 1.0 if detector.mtf is None else detector.mtf(u, 0.0)
    return {
        "mtf": (mtf * np.ones_like(u)).tolist(),
        "ntf": (np.sqrt(shot * detector.counted_share) / detector.gain * np.ones_like(u)).tolist(),
        "gain": detector.gain,
        "counted": detector.counted_share,
        "read_noise": detector.read_noise,
        "transfer": at_1.transfer.tolist(),
        "low_transfer": at_1.low_transfer,
        "noise": [_powers_of_dose(*pair) for pair in zip(at_1.variance, at_2.variance, strict=True)],
        "low_noise": _powers_of_dose(at_1.low_variance, at_2.low_variance),
        "whole_noise": _powers_of_dose(at_1.whole, at_2.whole),
    }


def _powers_of_dose(at_1: float, at_2: float) -> tuple[float, float]:
    """(a, b) of a / dose + b / dose² from its values at the doses 1 and 2."""
    return float(4 * at_2 - at_1), float(2 * at_1 - 4 * at_2)


def _base64(values: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
