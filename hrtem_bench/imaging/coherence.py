"""Partial coherence without envelopes: sums over focus and source angle, and the transmission cross-coefficient.

Both take the illumination's tilt in the usual thin approximation: a wave incident at an angle θ leaves the specimen as
the untilted exit wave times exp(2πi θ·r/λ), so its Fourier transform meets the lens shifted by θ/λ. The tilt is
applied in the specimen's zero plane. What that leaves out is the shift t·θ across a specimen of thickness t, 0.04 Å
for 200 Å and 0.2 mrad.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.formation import checked_field
from hrtem_bench.imaging.fourier import resize_spectrum
from hrtem_bench.imaging.lens import specimen_transfer, working_shape
from hrtem_bench.physics import chi_gradient, wave_transfer, wavelength

TCC_LIMIT = 2048
"""Most Fourier coefficients of a wave that `tcc_intensity` takes; it works on the square of their number."""
MOST_NODES = 200
TOLERANCE = 1e-4
"""Error that a chosen number of nodes leaves in the average of any phase factor that occurs."""
NEGLIGIBLE_POWER = 1e-6
"""Frequencies beyond which a wave holds less than this share of what it scatters do not decide the number of nodes."""

Sizes = float | tuple[float, float]


def quadrature_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: Sizes,
    output_pixel_size: Sizes,
    zero_focus: float = 0.0,
    focus_nodes: int | None = None,
    angle_nodes: int | None = None,
) -> Any:
    """Intensities by Gauss-Hermite quadrature over focal spread and source angle, (conditions, ny, nx) float32.

    The incoherent sum, over normally distributed focus offsets (standard deviation `focal_spread`) and tilts
    (`angular_spread` along x and along y), of the intensities of fully coherent images. Waves, pixel sizes and
    zero_focus as in `render`. focus_nodes, angle_nodes: numbers of nodes, the latter along each of two axes; by default
    the least with which the rule averages every phase factor exp(-iχ) that the wave's band meets to within 1e-4. The
    cost is one image per node: for waves at 0.1 Å pixels about 20 with a focal spread of 10 Å, and some 700 with a
    source of 0.5 mrad besides, at a defocus of 100 Å.
    The mean intensity is that of the waves; an objective aperture moves with the tilt. Raises InputError.
    """
    from scipy import fft

    waves, size, out_shape = checked_field(waves, pixel_size, output_pixel_size)
    shape = working_shape(waves.shape[1:], size, out_shape, np.inf)
    spectra = resize_spectrum(fft.fft2(waves, norm="forward"), shape)
    ky, kx = _frequencies(shape, waves.shape[1:], size)
    used = _frequencies_used(spectra, ky, kx)
    images = np.empty((len(conditions), *out_shape), np.float32)
    for image, c in zip(images, conditions, strict=True):
        total = np.zeros(shape)
        for weight, lens, tilt in _source(c, used, focus_nodes, angle_nodes):
            transfer = specimen_transfer(ky, kx, lens, zero_focus, tilt)
            for spectrum in spectra:
                wave = fft.ifft2(spectrum * transfer, norm="forward", overwrite_x=True)
                total += (weight / len(spectra)) * (wave.real**2 + wave.imag**2)
        cropped = resize_spectrum(fft.fft2(total, norm="forward"), out_shape)
        image[:] = np.maximum(fft.ifft2(cropped, norm="forward").real, 0)
    return images


def tcc_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: Sizes,
    output_pixel_size: Sizes,
    zero_focus: float = 0.0,
    angle_nodes: int | None = None,
) -> Any:
    """Intensities by the transmission cross-coefficient, (conditions, ny, nx) float32: the reference for small fields.

    I(Q) = Σ over q1 - q2 = Q of T(q1, q2) ψ(q1) ψ*(q2), in float64, with T of `cross_coefficient`. Arguments as in
    `quadrature_intensity`. Work and memory grow with the square of the number of the waves' Fourier coefficients
    (those above 1e-7 of the largest); more than `TCC_LIMIT` of them raise InputError, and 64 x 64 pixels of a wave
    band-limited to 2/3 of Nyquist have 1,430.
    """
    waves, size, out_shape = checked_field(waves, pixel_size, output_pixel_size)
    shape = waves.shape[1:]
    spectra = np.fft.fft2(waves.astype(complex), norm="forward")
    strength = np.abs(spectra).max(axis=0)
    iy, ix = np.nonzero(strength > 1e-7 * strength.max())
    if len(iy) > TCC_LIMIT:
        raise InputError(
            f"the transmission cross-coefficient takes at most {TCC_LIMIT} Fourier coefficients and the waves have "
            f"{len(iy)}: use a smaller field or coherence='quadrature'"
        )
    ky, kx = _frequencies(shape, shape, size)
    q = np.stack([kx[ix], ky[iy]])
    held, used = spectra[:, iy, ix], _frequencies_used(spectra, ky, kx)
    steps = [np.fft.fftfreq(n, 1 / n)[i].astype(int) for n, i in zip(shape, (iy, ix), strict=True)]
    into = _places([s[:, None] - s[None] for s in steps], out_shape)
    images = np.empty((len(conditions), *out_shape), np.float32)
    for image, c in zip(images, conditions, strict=True):
        focused = held * np.exp(-1j * np.pi * wavelength(c.energy) * zero_focus * (q[0] ** 2 + q[1] ** 2))
        pairs = _cross_coefficient(q, q, c, used, angle_nodes) * (focused.T @ focused.conj()) / len(held)
        count = out_shape[0] * out_shape[1]
        real, imaginary = (np.bincount(into, part.ravel(), count + 1)[:count] for part in (pairs.real, pairs.imag))
        image[:] = np.maximum(np.fft.ifft2((real + 1j * imaginary).reshape(out_shape), norm="forward").real, 0)
    return images


def cross_coefficient(first: Any, second: Any, condition: Condition, *, angle_nodes: int | None = None) -> Any:
    """Transmission cross-coefficient T(q1, q2), the mean of t(q1) t*(q2) over focus and source; (n, m) complex.

    t(q) = A exp(-iχ). first, second: (2, n) and (2, m), the x and y components of q1 and q2, 1/Å. The average over
    focus is in closed form; that over the source angle is a sum over angle_nodes x angle_nodes tilts, by default
    as many as `quadrature_intensity` takes for these frequencies. T(q, q) = 1 without an aperture: what one
    beam alone puts into the image is not damped. Source: Ishizuka, Ultramicroscopy 5 (1980) 55.
    """
    first, second = (np.asarray(q, float) for q in (first, second))
    return _cross_coefficient(first, second, condition, np.concatenate([first, second], axis=1), angle_nodes)


def _cross_coefficient(first: Any, second: Any, condition: Condition, used: Any, angle_nodes: int | None) -> Any:
    total: Any = 0.0
    for weight, lens, (tx, ty) in _source(condition.replace(focal_spread=0.0), used, 1, angle_nodes):
        (left, a), (right, b) = (
            (wave_transfer(qx, qy, lens), qx * qx + qy * qy)
            for qx, qy in ((q[0] + tx, q[1] + ty) for q in (first, second))
        )
        phase = np.pi * wavelength(condition.energy) * condition.focal_spread * (a[:, None] - b[None])
        total = total + weight * np.exp(-0.5 * phase**2) * np.outer(left, right.conj())
    return total


def normal_nodes(phase: float, count: int | None = None) -> tuple[Any, Any]:
    """Gauss-Hermite nodes and weights, each (n,), that average a function of a standard normal deviate.

    phase: the largest a, rad, for which the mean of exp(iax) matters. count: n; None takes the least for which the
    rule gives exp(-a²/2) to within `TOLERANCE` for every a up to it. Nodes too light to count are left out.
    Raises InputError where more than 200 are needed.
    """
    from scipy.special import roots_hermitenorm

    if count is not None and not 1 <= count <= MOST_NODES:
        raise InputError(f"the number of nodes is from 1 to {MOST_NODES}, not {count}")
    a = np.linspace(0.0, phase, 257)
    for n in range(1, MOST_NODES + 1) if count is None else [count]:
        x, weight = roots_hermitenorm(n)
        weight = weight / weight.sum()
        if count is not None or np.abs(np.cos(np.outer(a, x)) @ weight - np.exp(-0.5 * a * a)).max() < TOLERANCE:
            kept = weight > 1e-3 * TOLERANCE / n
            return x[kept], weight[kept] / weight[kept].sum()
    raise InputError(
        f"phases up to {phase:.0f} rad over the source take more than {MOST_NODES} nodes: set an aperture, give waves "
        "of a narrower band, or give focus_nodes and angle_nodes"
    )


def _source(
    c: Condition, used: Any, focus_nodes: int | None, angle_nodes: int | None
) -> Iterator[tuple[float, Condition, tuple[float, float]]]:
    """(weight, coherent condition, tilt in 1/Å) of every point of the source; the weights add up to 1.

    used: (2, n), the x and y components of the frequencies whose phases decide the numbers of nodes.
    """
    width = 1e-3 * c.angular_spread / wavelength(c.energy)
    if c.aperture is not None:
        passed = np.hypot(*used) <= 1e-3 * c.aperture / wavelength(c.energy) + 3 * width
        used = np.where(passed, used, 0.0)
    coherent = c.replace(focal_spread=0.0, angular_spread=0.0)
    defocusing = np.pi * wavelength(c.energy) * c.focal_spread * (used**2).sum(axis=0).max()
    ends = [coherent.replace(C10=c.C10 + sign * 2 * c.focal_spread) for sign in (-1, 1)]
    tilting = width and width * max(float(np.hypot(*chi_gradient(used[0], used[1], end)).max()) for end in ends)
    x, focus_weights = normal_nodes(float(defocusing), focus_nodes if c.focal_spread else 1)
    u, angle_weights = normal_nodes(tilting, angle_nodes if c.angular_spread else 1)
    for offset, focus_weight in zip(c.focal_spread * x, focus_weights, strict=True):
        lens = coherent.replace(C10=c.C10 + offset)
        for ty, weight_y in zip(width * u, angle_weights, strict=True):
            for tx, weight_x in zip(width * u, angle_weights, strict=True):
                yield float(focus_weight * weight_y * weight_x), lens, (float(tx), float(ty))


def _frequencies(shape: tuple[int, int], waves: tuple[int, int], size: tuple[float, float]) -> tuple[Any, Any]:
    """(ky, kx), 1/Å, of `shape` points over the field of the waves."""
    ky, kx = (np.fft.fftfreq(m, n * d / m) for m, n, d in zip(shape, waves, size, strict=True))
    return ky, kx


def _frequencies_used(spectra: Any, ky: Any, kx: Any) -> Any:
    """(2, n): x and y of the frequencies in the circle that holds all but a negligible part of the scattered power."""
    power = (np.abs(spectra) ** 2).mean(axis=0, dtype=float).ravel()
    power[0] = 0  # the beam that is not scattered: it would hide what a thin specimen scatters
    qx, qy = (part.ravel() for part in np.meshgrid(kx, ky))
    outwards = np.argsort(np.hypot(qx, qy), kind="stable")
    beyond = power.sum() - np.cumsum(power[outwards])
    inside = outwards[: np.searchsorted(-beyond, -NEGLIGIBLE_POWER * power.sum()) + 1]
    return np.stack([qx[inside], qy[inside]])


def _places(steps: list[Any], shape: tuple[int, int]) -> Any:
    """Flat index into an FFT of `shape` of each pair's (y, x) frequency step; one past its end outside the band."""
    inside = np.logical_and(*(np.abs(s) <= (n - 1) // 2 for s, n in zip(steps, shape, strict=True)))
    return np.where(inside, (steps[0] % shape[0]) * shape[1] + steps[1] % shape[1], shape[0] * shape[1]).ravel()
