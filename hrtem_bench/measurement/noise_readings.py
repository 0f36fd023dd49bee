"""Readings from the noise of images: dose, camera, texture of the film, and how far the images reach."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hrtem_bench.imaging.cameras import camera
from hrtem_bench.measurement.greys import Slope, shot_share
from hrtem_bench.measurement.measured_file import Measured
from hrtem_bench.measurement.noise import SPECIMEN_ENDS, NoiseFit, RingMeans, fit_noise, half_width, mtf_of, ntf_squared
from hrtem_bench.measurement.readings import SIGMAS, Reading, missing, reading
from hrtem_bench.measurement.texture import Texture, texture_of

SLOPE_KNOWN = 0.3
"""Standard deviation of the slope of noise with grey up to which it tells where grey 0 lies."""
LEAST_SLOPE = 0.3
"""Slope below which it is the specimen that shows among the noise, brighter parts of an image having less."""
SLOPE_ERROR = 0.05
"""Standard deviation of the slope that comes on top: what a specimen adds to the noise."""
COUNTS_AGREE = 0.05
"""Relative difference of noise and mean grey up to which whole numbers are counts of electrons."""
UNKNOWN_NOISE = (
    "the noise at high frequencies is neither white nor that of a known camera: the images were processed, or show the "
    "specimen up to Nyquist's frequency"
)
WIDTH_KNOWN = 0.4
"""Relative width of the interval of a camera's width from which it is not stated."""

_DOSE = ("gain", "dose")
_CAMERA = ("ntf_half", "mtf_half", "camera_width", "dqe_fall")
_TEXTURE = ("film_contrast", "film_correlation", "information_limit")


@dataclass(frozen=True)
class PooledNoise:
    """The noise of the images of the commonest size. scales: of each, the grey² that the fit's power is multiplied by.

    fit: None where no model fits, or no image has a spectrum; `reason` then says why.
    """

    images: list[Measured]
    scales: list[float]
    fit: NoiseFit | None
    reason: str


@dataclass(frozen=True)
class Greys:
    """kind: as `Description.greys` has it. zero: the grey of no dose over the mean grey. zero_std: its deviation."""

    kind: str
    zero: float
    zero_std: float
    how: str


def pooled_noise(found: Sequence[Measured]) -> PooledNoise:
    """The noise of images: their spectra, each over its own power at the end, are averaged and fitted together."""
    sizes = Counter((one.shape, one.pixel_size) for one in found if one.coarse is not None)
    if not sizes:
        return PooledNoise([], [], None, found[0].rings.reason)
    chosen = sizes.most_common(1)[0][0]
    images = [one for one in found if one.coarse is not None and (one.shape, one.pixel_size) == chosen]
    rings = [one.coarse for one in images if one.coarse is not None]
    high = rings[0].u >= 0.85
    scales = [float(np.average(one.power[high], weights=one.weight[high])) for one in rings]
    if min(scales) <= 0:
        return PooledNoise(images, scales, None, "there is no noise at high frequencies: the images were smoothed")
    power = np.mean([one.power / scale for one, scale in zip(rings, scales, strict=True)], axis=0)
    weight = np.sum([one.weight for one in rings], axis=0)
    fit = fit_noise(RingMeans(rings[0].u, power, weight), images[0].nyquist)
    return PooledNoise(images, scales, fit, "" if fit is not None else UNKNOWN_NOISE)


def noise_readings(noise: PooledNoise) -> dict[str, Any]:
    """Fields of `Description` that noise tells: greys, gain, dose, noise_white, camera, its widths, texture, limit."""
    fit = noise.fit
    if fit is None:
        return missing((*_DOSE, *_CAMERA, *_TEXTURE), noise.reason)
    greys = _greys(noise, fit)
    told = {"greys": greys.kind, "noise_white": fit.white, **_camera(fit)}
    if width_known(fit):
        return told | _dose(noise, fit, greys) | _texture(noise, fit, greys)
    return told | missing((*_DOSE, *_TEXTURE), _no_width(fit))


def _greys(noise: PooledNoise, fit: NoiseFit) -> Greys:
    alone = fit.start * noise.images[0].nyquist > 0.99 * SPECIMEN_ENDS and width_known(fit)
    slope = _mean_slope([slope for one in noise.images for slope in one.slopes if alone], shot_share(fit))
    means = np.array([one.mean for one in noise.images])
    gains = fit.at_zero * np.array(noise.scales) / np.where(means > 0, means, np.nan)
    whole = all(one.whole and not one.rescaled for one in noise.images)
    if whole and fit.white and np.all(abs(gains - 1) < COUNTS_AGREE):
        return Greys("counts", 0.0, 0.0, "whole numbers whose noise power is their mean")
    if any(one.rescaled for one in noise.images) and (slope is None or slope.std > SLOPE_KNOWN):
        return Greys("rescaled", math.nan, math.nan, "8 bits from 0 to 255, or greys below 0")
    if slope is None or slope.std > SLOPE_KNOWN or slope.value < LEAST_SLOPE:
        return Greys("unknown", 0.0, 0.0, "where no dose lies cannot be seen, and is taken as grey 0")
    told = f"slope of noise power with grey {slope.value:.2f} ± {SIGMAS * slope.std:.2f}"
    if abs(slope.value - 1) < 3 * slope.std:
        return Greys("proportional", 0.0, 0.0, f"grey 0 taken as no dose, which has a slope of 1: {told}")
    std = slope.std / slope.value**2
    return Greys("rescaled", 1 - 1 / slope.value, std, f"no dose has a grey other than 0: {told}")


def width_known(fit: NoiseFit) -> bool:
    """The fit tells the noise at frequency 0: it is white, or the width of its camera has a narrow interval."""
    return fit.white or fit.width_high - fit.width_low <= WIDTH_KNOWN * fit.width


def _no_width(fit: NoiseFit) -> str:
    return f"the noise falls, but from {fit.start:.2f} of Nyquist up that does not tell how wide: finer pixels would"


def _mean_slope(slopes: Sequence[Slope], share: float) -> Slope | None:
    if not slopes:
        return None
    weights = np.array([1 / max(one.std, 1e-6) ** 2 for one in slopes])
    mean = float(np.average([one.value for one in slopes], weights=weights))
    return Slope(mean / share, math.hypot(1 / math.sqrt(float(weights.sum())) / share, SLOPE_ERROR))


def _dose(noise: PooledNoise, fit: NoiseFit, greys: Greys) -> dict[str, Reading]:
    """Electrons counted: mean² over the power of shot noise at frequency 0, grey 0 being where no dose is."""
    if not math.isfinite(greys.zero):
        return missing(_DOSE, f"{greys.how}: greys are no doses")
    means = np.array([one.mean for one in noise.images]) * (1 - greys.zero)
    power = fit.at_zero * np.array(noise.scales)
    area = noise.images[0].pixel_size ** 2
    if not (means > 0).all():
        return missing(_DOSE, "the mean grey is not above 0")
    dose, gain = float((means**2 / power / area).mean()), float((power / means).mean())
    zero = greys.zero_std / abs(1 - greys.zero)
    how = f"mean² over noise power at frequency 0; {greys.how}"
    if not fit.white:
        how += f"; noise extrapolated by the camera {fit.camera}"
    return {
        "dose": reading(dose, dose * math.hypot(fit.power_std, 2 * zero), "e/Å²", how),
        "gain": reading(gain, gain * math.hypot(fit.power_std, zero), "greys", "as dose"),
    }


def _camera(fit: NoiseFit) -> dict[str, Any]:
    white = "the noise is white, which shows no MTF: that of a counting camera comes from its maker, or a knife edge"
    if fit.white:
        return missing(_CAMERA, white)
    how = f"noise from {fit.start:.2f} of Nyquist up, fitted by the camera {fit.camera} with its frequencies scaled"
    if not width_known(fit):
        return missing(_CAMERA, _no_width(fit))
    detector = camera(fit.camera)
    transfer, squared = mtf_of(detector), partial(ntf_squared, fit.camera)
    widths = (fit.width, fit.width_low, fit.width_high)
    ntf, mtf = ([half_width(curve, w) for w in widths] for curve in (lambda u: np.sqrt(squared(u)), transfer))
    half = np.array([0.5])
    falls = [float((transfer(half / w) ** 2 / squared(half / w))[0]) for w in widths]
    return {
        "camera": fit.camera,
        "camera_width": Reading(*widths, "", "factor on its frequencies"),
        "ntf_half": Reading(ntf[0], ntf[1], ntf[2], "of Nyquist", how),
        "mtf_half": Reading(mtf[0], mtf[1], mtf[2], "of Nyquist", "the MTF of that camera"),
        "dqe_fall": Reading(falls[0], min(falls), max(falls), "", "MTF² over NTF² of that camera"),
    }


def _texture(noise: PooledNoise, fit: NoiseFit, greys: Greys) -> dict[str, Reading]:
    found = [
        texture_of(one.fine, one.nyquist, fit, scale)
        for one, scale in zip(noise.images, noise.scales, strict=True)
        if one.fine is not None
    ]
    how = "spectrum less its noise from 0.02 to 1.1 1/Å, particles included"
    lengths = [one.correlation for one in found if math.isfinite(one.correlation)]
    correlation = Reading(unit="Å", how="nothing lies above the noise")
    if lengths:
        spread = float(np.std(lengths, ddof=1)) / math.sqrt(len(lengths)) if len(lengths) > 1 else math.nan
        correlation = reading(float(np.median(lengths)), spread, "Å", f"half of the correlation, {how}")
    contrast = Reading(how=f"{greys.how}: greys are no doses")
    if math.isfinite(greys.zero):
        means = [one.mean * (1 - greys.zero) for one in noise.images]
        values = [one.std / mean for one, mean in zip(found, means, strict=True)]
        spread = math.sqrt(sum((one.std_std / mean) ** 2 for one, mean in zip(found, means, strict=True))) / len(found)
        contrast = reading(float(np.mean(values)), spread, "", how)
    return {"film_contrast": contrast, "film_correlation": correlation, "information_limit": _limit(found)}


def _limit(found: Sequence[Texture]) -> Reading:
    limits = [one for one in found if math.isfinite(one.limit)]
    if not limits:
        return Reading(unit="Å", how="no band of 0.05 1/Å holds more than noise")
    best = min(limits, key=lambda one: one.limit)
    how = "last band of 0.05 1/Å that holds more than noise, in the best image"
    finer = "; perhaps finer, noise being fitted beyond" if best.at_end else ""
    return reading(best.limit, math.nan, "Å", how + finer)
