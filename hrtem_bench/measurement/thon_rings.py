"""Defocus and twofold astigmatism by a fit of Thon rings to a power spectrum, or that there are none.

The spectrum is taken for N(q) + F(q) sin²(χ(q, φ) - a), N (noise, and what does not oscillate) and F (rings) piecewise
linear in q and never negative, a the amplitude phase. For given aberrations N and F follow by linear least squares; the
aberrations are those that leave least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.measurement.power_spectrum import HANN_CORRELATION, PowerSpectrum
from hrtem_bench.physics import wavelength

Floats = NDArray[np.float64]

LARGEST_DEFOCUS, LARGEST_ASTIGMATISM = 4000.0, 400.0
"""Å. What is looked for."""
THRESHOLD = 80.0
"""Drop of χ² from which there are rings, several times what the best of all aberrations reaches on noise alone."""
SIGN_THRESHOLD = 16.0
"""Drop of χ² beyond that of the best fit with the other sign of focus from which the sign counts as known."""
BAND_THRESHOLD = 9.0
"""Drop of χ² in a band of frequencies from which rings are seen in it."""
_PHASES = (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6)
_KNOTS_NOISE, _KNOTS_RINGS, _BANDS, _SECTORS = 9, 7, 16, 6
_CLIP = 8.0  # of the mean of a ring: lattice spots are no Thon rings; of a ring of noise, one pixel in 3000 is beyond


@dataclass(frozen=True)
class ThonRings:
    """A fit of Thon rings. Lengths in Å, angles in rad, uncertainties are standard deviations of the fit.

    found: whether there are rings; where not, the other numbers are nan, and `reason` says why. defocus: -C10, positive
    is underfocus. astigmatism, astigmatism_angle: C12 >= 0 and phi12 in (-π/2, π/2]. sign_known: whether the other sign
    of focus fits worse; if not, underfocus is reported, and the other solution is -defocus with an angle π/2 away.
    resolution: 1/q of the last band with rings. drop: of χ², by the rings.
    """

    found: bool
    reason: str
    defocus: float = math.nan
    defocus_std: float = math.nan
    astigmatism: float = math.nan
    astigmatism_std: float = math.nan
    astigmatism_angle: float = math.nan
    sign_known: bool = False
    resolution: float = math.nan
    drop: float = math.nan


@dataclass(frozen=True)
class _Rings:
    """The pixels of a spectrum that are fitted. power: over the mean of their ring. ring: index of q's ring.

    phase2, phase4: χ = phase2 (C10 + C12a cos 2φ + C12b sin 2φ) + phase4. noise, rings: values of the hat functions at
    the rings, over the rings' mean power. independent: pixels that count as one, over repeats.
    """

    power: Floats
    ring: NDArray[np.intp]
    cos: Floats
    sin: Floats
    phase2: Floats
    phase4: Floats
    q: Floats
    noise: Floats
    rings: Floats
    independent: float

    def part(self, chosen: NDArray[np.bool_]) -> _Rings:
        """Those of its pixels that are chosen."""
        names = ("power", "ring", "cos", "sin", "phase2", "phase4")
        return _Rings(
            **{name: getattr(self, name)[chosen] for name in names},
            q=self.q, noise=self.noise, rings=self.rings, independent=self.independent,
        )  # fmt: skip


def fit_thon_rings(
    spectrum: PowerSpectrum,
    energy: float,
    spherical_aberration: float = 0.0,
    amplitude_phase: float = 0.0,
    q_min: float | None = None,
    q_max: float | None = None,
) -> ThonRings:
    """Fit defocus and twofold astigmatism to a power spectrum.

    Parameters
    ----------
    spectrum
        See `power_spectrum`.
    energy
        eV.
    spherical_aberration
        C30, Å, which is not fitted.
    amplitude_phase
        a, rad, which is not fitted: the image's contrast goes with sin(χ - a), a = arcsin of the amplitude contrast.
        0 for a weak phase object.
    q_min, q_max
        Band that is fitted, 1/Å; if not given, 0.08 or six pixels of the spectrum, whichever is more, to 0.9 of the
        Nyquist frequency, 1.2 at the most.

    Returns
    -------
    ThonRings
        Rings with a defocus to 400 nm and an astigmatism to 40 nm, or the reason why there are none. The standard
        deviations are the noise's alone: errors of pixel size, energy, C30 and amplitude phase come on top.

    Raises
    ------
    InputError
        For an energy that is not positive, or a band without frequencies.

    References
    ----------
    Rohou, Grigorieff, J. Struct. Biol. 192 (2015) 216, for the search in two steps and the resolution to which rings
    fit; Thon, Z. Naturforsch. 21a (1966) 476.
    """
    low, high = spectrum.ring_band
    low, high = low if q_min is None else q_min, high if q_max is None else q_max
    if not math.isfinite(spherical_aberration) or not math.isfinite(amplitude_phase):
        raise InputError("spherical_aberration and amplitude_phase must be finite, in Å and rad")
    if not 0 < low < high - 40 * spectrum.step:
        raise InputError(f"no band of 40 rings of the spectrum between {low:.3g} and {high:.3g} 1/Å to fit in")
    data = _prepared(spectrum, wavelength(energy), spherical_aberration, amplitude_phase, low, high)
    null = _residual(data, None)
    best = sorted((_refined(data, null, start) for start in _starts(data)), key=lambda fit: -fit[1])
    values, drop = best[0]
    if drop < THRESHOLD:
        return ThonRings(False, f"no Thon rings: χ² falls by {drop:.0f}, and {THRESHOLD:.0f} would be due", drop=drop)
    other = max((fit[1] for fit in best if fit[0][0] * values[0] < 0), default=0.0)
    known = drop - other > SIGN_THRESHOLD
    if not known and values[0] > 0:
        values, drop = next((fit for fit in best if fit[0][0] < 0), (values, drop))
    return _fitted(data, null, values, drop, known)


def fit_amplitude_phase(
    spectrum: PowerSpectrum, energy: float, spherical_aberration: float, rings: ThonRings
) -> tuple[float, float]:
    """The amplitude phase with which rings, found with 0, fit best, and its standard deviation; rad.

    Focus and astigmatism are fitted anew for each of six phases, -0.4 to 0.6; a parabola through the best and its
    neighbours has its top at the answer. nan where the best lies at an end.
    """
    data = _prepared(spectrum, wavelength(energy), spherical_aberration, 0.0, *spectrum.ring_band)
    null = _residual(data, None)
    twice = 2 * rings.astigmatism_angle
    values = np.array([-rings.defocus, rings.astigmatism * np.cos(twice), rings.astigmatism * np.sin(twice)])
    step = _PHASES[1] - _PHASES[0]
    drops = [_refined(replace(data, phase4=data.phase4 - phase), null, values)[1] for phase in _PHASES]
    top = int(np.argmax(drops))
    if top in (0, len(drops) - 1):
        return math.nan, math.nan
    before, middle, after = drops[top - 1 : top + 2]
    curvature = 2 * middle - before - after
    return _PHASES[top] + 0.5 * step * (after - before) / curvature, step * math.sqrt(2 / curvature)


def _prepared(
    spectrum: PowerSpectrum, wave: float, spherical: float, amplitude_phase: float, low: float, high: float
) -> _Rings:
    """The pixels between low and high, over the mean of their ring in a smooth spectrum."""
    chosen = (spectrum.q >= low) & (spectrum.q < high)
    q, phi, power = spectrum.q[chosen], spectrum.phi[chosen], spectrum.power[chosen]
    ring = ((q - low) / spectrum.step).astype(np.intp)
    count = np.maximum(np.bincount(ring), 1)
    centres = np.asarray(low + (np.arange(count.size) + 0.5) * spectrum.step, dtype=np.float64)
    logarithm = np.log(np.maximum(power, 1e-12 * power.mean()))
    mean = np.exp(np.bincount(ring, logarithm) / count + np.euler_gamma)  # of exponential noise, and deaf to spots
    power = np.minimum(power, _CLIP * mean[ring])
    mean = np.maximum(np.bincount(ring, power) / count, np.finfo(float).tiny)
    width = max(3, count.size // 12)
    kernel = np.hanning(2 * width + 3)[1:-1]
    padded = np.pad(np.log(mean), width, mode="reflect", reflect_type="odd")
    smooth = np.exp(np.convolve(padded, kernel / kernel.sum(), mode="valid"))
    return _Rings(
        power=power / smooth[ring],
        ring=ring,
        cos=np.cos(2 * phi),
        sin=np.sin(2 * phi),
        phase2=np.pi * wave * q**2,
        phase4=0.5 * np.pi * wave**3 * spherical * q**4 - amplitude_phase,
        q=centres,
        noise=hats(centres, np.linspace(centres[0], centres[-1], _KNOTS_NOISE)),
        rings=hats(centres, np.linspace(centres[0], centres[-1], _KNOTS_RINGS)),
        independent=HANN_CORRELATION / spectrum.repeats,
    )


def hats(q: Floats, knots: Floats) -> Floats:
    """Values (len(q), knots) of the piecewise linear functions that are 1 at one knot and 0 at the others."""
    return np.stack([np.interp(q, knots, row) for row in np.eye(len(knots))], axis=1)


def _oscillation(data: _Rings, values: Floats) -> Floats:
    """sin²(χ - a) at the pixels; values: C10, C12 cos 2φ12, C12 sin 2φ12, Å."""
    focus = values[0] + values[1] * data.cos + values[2] * data.sin
    return np.sin(data.phase2 * focus + data.phase4) ** 2


def _residual(data: _Rings, wave: Floats | None) -> float:
    """Sum over pixels of (power - N - F wave)², N and F fitted; without `wave`, N alone; less the sum of power²."""
    from scipy.optimize import nnls

    rings = data.q.size
    count, power = np.bincount(data.ring, minlength=rings), np.bincount(data.ring, data.power, rings)
    matrix = data.noise.T @ (count[:, None] * data.noise)
    right = data.noise.T @ power
    if wave is not None:
        first, second = np.bincount(data.ring, wave, rings), np.bincount(data.ring, wave**2, rings)
        mixed = data.noise.T @ (first[:, None] * data.rings)
        matrix = np.block([[matrix, mixed], [mixed.T, data.rings.T @ (second[:, None] * data.rings)]])
        right = np.concatenate([right, data.rings.T @ np.bincount(data.ring, data.power * wave, rings)])
    matrix = matrix + 1e-9 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    factor = np.linalg.cholesky(matrix)
    target = np.linalg.solve(factor, right)
    return float(nnls(factor.T, target)[1] ** 2 - target @ target)


def _drop(data: _Rings, null: float, values: Floats) -> float:
    """Drop of χ² by rings of these aberrations; the variance of a pixel is its mean squared, here about 1."""
    return (null - _residual(data, _oscillation(data, values))) / data.independent


def _starts(data: _Rings) -> list[Floats]:
    """Aberrations to refine: the best of a search by sectors, three for each sign of C10, apart from each other."""
    grid = np.linspace(-LARGEST_DEFOCUS, LARGEST_DEFOCUS, 801)
    angles = (np.arange(_SECTORS) + 0.5) * np.pi / _SECTORS
    angle = np.arctan2(data.sin, data.cos) % (2 * np.pi) / 2
    sector = np.minimum((angle / np.pi * _SECTORS).astype(int), _SECTORS - 1)
    curves = [_sector_curve(data.part(sector == k), angles[k], grid) for k in range(_SECTORS)]
    found: list[tuple[float, Floats]] = []
    for size in np.arange(0.0, LARGEST_ASTIGMATISM + 1, 20.0):
        for twice in np.arange(0, 2 * np.pi, np.pi / 8) if size else [0.0]:
            total = sum(
                np.interp(grid + size * np.cos(2 * a - twice), grid, curve)
                for a, curve in zip(angles, curves, strict=True)
            )
            for negative in (True, False):
                side = np.where((grid < 0) == negative, total, -np.inf)
                top = int(np.argmax(side))
                found.append((float(side[top]), np.array([grid[top], size * np.cos(twice), size * np.sin(twice)])))
    return [start for negative in (True, False) for start in _apart(found, negative)]


def _apart(found: list[tuple[float, Floats]], negative: bool) -> list[Floats]:
    chosen: list[Floats] = []
    for _, values in sorted(found, key=lambda item: -item[0]):
        if (values[0] < 0) == negative and all(np.linalg.norm(values - held) > 60 for held in chosen):
            chosen.append(values)
        if len(chosen) == 2:
            break
    return chosen


def _sector_curve(data: _Rings, angle: float, grid: Floats) -> Floats:
    """Drop of χ² (n,) in one sector at each focus, the pixels of a ring taken at its middle."""
    rings = data.q.size
    count = np.bincount(data.ring, minlength=rings)
    full = count > 0
    size = np.maximum(count, 1)
    middle = _Rings(
        power=(np.bincount(data.ring, data.power, rings) / size)[full],
        ring=np.flatnonzero(full),
        cos=np.full(full.sum(), np.cos(2 * angle)),
        sin=np.full(full.sum(), np.sin(2 * angle)),
        phase2=(np.bincount(data.ring, data.phase2, rings) / size)[full],
        phase4=(np.bincount(data.ring, data.phase4, rings) / size)[full],
        q=data.q, noise=data.noise, rings=data.rings, independent=data.independent / float(count[full].mean()),
    )  # fmt: skip
    null = _residual(middle, None)
    return np.array([_drop(middle, null, np.array([focus, 0.0, 0.0])) for focus in grid])


def _refined(data: _Rings, null: float, start: Floats) -> tuple[Floats, float]:
    """The aberrations of the largest drop near a start, and it."""
    from scipy.optimize import minimize

    simplex = start + np.array([[0, 0, 0], [12, 0, 0], [0, 15, 0], [0, 0, 15]], dtype=float)
    options = {"initial_simplex": simplex, "xatol": 0.5, "fatol": 0.05, "maxfev": 120}
    found = minimize(lambda v: -_drop(data, null, v), start, method="Nelder-Mead", options=options)
    return np.asarray(found.x), float(-found.fun)


def _fitted(data: _Rings, null: float, values: Floats, drop: float, known: bool) -> ThonRings:
    size = float(np.hypot(values[1], values[2]))
    covariance = _covariance(data, null, values)
    along = np.array([values[1], values[2]]) / size if size else np.array([1.0, 0.0])
    last = _last_band(data, values)
    return ThonRings(
        found=True,
        reason="" if known else "the sign of focus cannot be told: the other one fits as well",
        defocus=float(-values[0]),
        defocus_std=float(np.sqrt(max(covariance[0, 0], 0.0))),
        astigmatism=size,
        astigmatism_std=float(np.sqrt(max(float(along @ covariance[1:, 1:] @ along), 0.0))),
        astigmatism_angle=float(np.arctan2(values[2], values[1]) / 2),
        sign_known=known,
        resolution=1 / last,
        drop=drop,
    )


def _covariance(data: _Rings, null: float, values: Floats) -> Floats:
    """Inverse of half the curvature of χ² at the fit, Å²."""
    steps, unit = 4.0, np.eye(3)
    middle = _drop(data, null, values)
    single = [[_drop(data, null, values + sign * steps * unit[k]) for sign in (-1, 1)] for k in range(3)]
    curvature = np.zeros((3, 3))
    for k in range(3):
        curvature[k, k] = 2 * middle - sum(single[k])
        for m in range(k):
            both = _drop(data, null, values + steps * (unit[k] + unit[m]))
            curvature[k, m] = curvature[m, k] = single[k][1] + single[m][1] - both - middle
    return np.asarray(np.linalg.pinv(curvature / (2 * steps**2), hermitian=True))


def _last_band(data: _Rings, values: Floats) -> float:
    """q of the upper end of the last band, of 16 of equal width, in which power follows the rings."""
    wave = _oscillation(data, values)
    band = data.ring * _BANDS // data.q.size
    last = -1
    for k in range(_BANDS):
        power, model = data.power[band == k], wave[band == k]
        power, model = power - power.mean(), model - model.mean()
        slope = float(power @ model)
        seen = slope > 0 and slope**2 / max(float(model @ model), 1e-9) / data.independent > BAND_THRESHOLD
        if seen:
            last = k
        elif last >= 0 and k - last > 2:  # below the first ring hardly anything oscillates
            break
    return float(data.q[min((last + 1) * data.q.size // _BANDS, data.q.size - 1)])
