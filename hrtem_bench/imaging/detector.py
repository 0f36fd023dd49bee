"""A detector: expected intensity to counts, with the transfer of its signal and of its noise.

Order of operations, after Vulović et al., J. Struct. Biol. 183 (2013) 19:

1. electrons expected per pixel: intensity · dose · pixel area;
2. their Fourier transform times MTF/NTF, the rate times DQE(0), the share of electrons detected;
3. Poisson deviates, the only place where electrons are random;
4. the Fourier transform of these times NTF, which so acts on signal and noise alike;
5. times gain / DQE(0), plus Gaussian read noise.

The signal has then passed the MTF, the shot noise the NTF alone, and DQE(q) = DQE(0) MTF²/NTF². Were the MTF applied
after the Poisson deviates, its noise would be as smooth as its signal; were it applied before and nothing after, the
noise would be white whatever the detector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.imaging.curves import ScaledCurve, TransferCurve, WidenedCurve, check_positive
from hrtem_bench.imaging.fourier import pixel_sizes

ROUNDING_VARIANCE = 1 / 12
"""Variance that rounding to whole counts adds where the counts are spread over many of them."""
ROUNDING_LIMIT = 0.01
"""Share of the counts' variance that rounding may add."""
_STEPS = 64
"""Frequencies along each axis over which a noise power is averaged."""


@dataclass(frozen=True)
class Detector:
    """What a detector does to signal and noise; without arguments it counts every electron where it falls.

    Parameters
    ----------
    mtf
        Transfer of the signal, 1 at frequency 0; None for 1 everywhere.
    ntf
        Transfer of the noise, likewise; None for 1 everywhere, which is white noise, as of counting.
    dqe
        Detective quantum efficiency DQE(q), in place of `ntf` and `dqe0`, which follow from it.
    dqe0
        DQE(0), above 0 to 1.
    gain
        Counts per incident electron.
    read_noise
        Standard deviation of Gaussian noise added to each pixel, in counts.

    Curves take (ux, uy), shares of Nyquist, as `TableCurve` (see `read_curve`), `PixelCurve`, `GaussianCurve` and
    `LorentzianCurve` do. Images are periodic, and so is their blur.

    Raises
    ------
    InputError
        For what no detector does.
    """

    mtf: TransferCurve | None = None
    ntf: TransferCurve | None = None
    dqe: TransferCurve | None = None
    dqe0: float = 1.0
    gain: float = 1.0
    read_noise: float = 0.0

    def __post_init__(self) -> None:
        check_positive("gain, in counts per electron,", self.gain)
        if not (np.isfinite(self.read_noise) and self.read_noise >= 0):
            raise InputError(f"read_noise is a standard deviation in counts and cannot be {self.read_noise:g}")
        if not 0 < self.dqe0 <= 1:
            raise InputError(f"dqe0 is the share of electrons that count, above 0 to 1, not {self.dqe0:g}")
        if self.dqe is not None and (self.ntf is not None or self.dqe0 != 1):
            raise InputError("give dqe, or ntf and dqe0, not both: each follows from the other")
        for name, curve in (("mtf", self.mtf), ("ntf", self.ntf)):
            if curve is not None and abs(float(curve(0.0, 0.0)) - 1) > 1e-3:
                raise InputError(
                    f"{name} is {float(curve(0.0, 0.0)):g} at frequency 0 and must be 1: divide the curve by that"
                )
        if self.dqe is not None and not 0 < float(self.dqe(0.0, 0.0)) <= 1:
            raise InputError(f"dqe at frequency 0 must be above 0 to 1, not {float(self.dqe(0.0, 0.0)):g}")

    @property
    def counted_share(self) -> float:
        """DQE(0)."""
        return self.dqe0 if self.dqe is None else float(self.dqe(0.0, 0.0))

    @property
    def counts_are_whole(self) -> bool:
        """Whether every image is of whole counts: white noise, no read noise, whole counts per electron detected."""
        per_electron = self.gain / self.counted_share
        white = self.ntf is None and self.dqe is None and not self.read_noise
        return white and per_electron > 0.5 and abs(per_electron - round(per_electron)) < 1e-9


@dataclass(frozen=True)
class DetectorSpread:
    """The ranges over which a detector varies from image to image; drawn uniformly, each by itself.

    Parameters
    ----------
    width
        (low, high) of a factor on the frequencies of MTF, NTF and DQE: below 1 is a more blurred detector.
    dqe0
        (low, high) of DQE(0), above 0 to 1.
    gain
        (low, high) of the counts per incident electron.

    Raises
    ------
    InputError
        For a range whose ends are not above 0 or in the wrong order.
    """

    width: tuple[float, float] | None = None
    dqe0: tuple[float, float] | None = None
    gain: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("width", "dqe0", "gain"):
            ends = getattr(self, name)
            if ends is None:
                continue
            if len(ends) != 2 or not (np.isfinite(ends).all() and 0 < ends[0] <= ends[1]):
                raise InputError(f"the range of a detector's {name} is two numbers above 0, low and high, not {ends}")
        if self.dqe0 is not None and self.dqe0[1] > 1:
            raise InputError(f"the range of a detector's dqe0 cannot go above 1, and goes to {self.dqe0[1]:g}")


def varied(detector: Detector, spread: DetectorSpread, generator: np.random.Generator) -> Detector:
    """The detector with its width, DQE(0) and gain drawn from the ranges of a spread.

    A detector of whole counts stays one where its gain has no range of its own: its gain goes with its DQE(0).

    Parameters
    ----------
    detector
        The one to vary; it is not changed.
    spread
        What varies. What has no range stays.
    generator
        Always asked for three numbers, so that one range does not move what another draws.
    """
    width, dqe0, gain = (
        None if ends is None else ends[0] + (ends[1] - ends[0]) * float(share)
        for ends, share in zip((spread.width, spread.dqe0, spread.gain), generator.random(3), strict=True)
    )
    curves = {name: getattr(detector, name) for name in ("mtf", "ntf", "dqe")}
    changes: dict[str, Any] = {name: curve for name, curve in curves.items() if curve is not None}
    if width is not None:
        changes = {name: WidenedCurve(curve, width) for name, curve in changes.items()}
    if dqe0 is not None and detector.dqe is None:
        changes["dqe0"] = dqe0
    elif dqe0 is not None:
        changes["dqe"] = ScaledCurve(changes["dqe"], dqe0 / detector.counted_share)
    if gain is not None:
        changes["gain"] = gain
    elif dqe0 is not None and detector.counts_are_whole:
        changes["gain"] = round(detector.gain / detector.counted_share) * dqe0
    return replace(detector, **changes)


def noise_power(detector: Detector, electrons: float, ux: Any, uy: Any) -> Any:
    """Power spectrum of the counts' noise in an image without a specimen, counts² per pixel.

    gain² · electrons · NTF(q)² / DQE(0) + read_noise²: its mean over all frequencies is the variance of a pixel.

    Parameters
    ----------
    detector
        With its gain, NTF, DQE and read noise.
    electrons
        Incident electrons per pixel: dose · pixel area.
    ux, uy
        Frequencies along x and y, shares of Nyquist; arrays that broadcast.
    """
    return detector.gain**2 * electrons / detector.counted_share * _ntf(detector, ux, uy) ** 2 + detector.read_noise**2


def rounding_share(detector: Detector, electrons: float) -> float:
    """The share of the counts' variance that rounding to whole counts adds; 0 for whole counts.

    Rounding adds 1/12. The variance of a pixel is that of the correlated noise, the mean of `noise_power`.

    Parameters
    ----------
    detector
        With its gain, NTF, DQE and read noise.
    electrons
        Incident electrons per pixel: dose · pixel area.
    """
    if detector.counts_are_whole:
        return 0.0
    return ROUNDING_VARIANCE / float(_pixel_variance(detector, electrons))


def gain_against_rounding(detector: Detector, electrons: float) -> float:
    """The lowest gain, counts per incident electron, at which rounding adds at most 1 % of the variance.

    Parameters
    ----------
    detector
        Whose counts are rounded.
    electrons
        Per pixel, at the lowest dose.
    """
    read = detector.read_noise**2
    shot = float(_pixel_variance(detector, electrons)) - read
    return float(detector.gain * np.sqrt(max(ROUNDING_VARIANCE / ROUNDING_LIMIT - read, 0.0) / shot))


def detect(
    intensity: Any,
    dose: float,
    *,
    pixel_size: float | tuple[float, float],
    seed: int | np.random.Generator | None,
    detector: Detector | None = None,
) -> Any:
    """Counts of a detector: the steps at the head of this module, from `seed`.

    Parameters
    ----------
    intensity
        (ny, nx), 1 for no specimen.
    dose
        Electrons per Å².
    pixel_size
        Å, a number or (dy, dx).
    seed
        An int or a Generator.
    detector
        None counts every electron where it falls.

    Returns
    -------
    numpy.ndarray
        (ny, nx) float32. For the ideal detector whole electrons, the bytes of `expose`; otherwise counts that need not
        be whole, nor positive.
    """
    detector = detector or Detector()
    generator = random_generator(seed)
    signal, noise = _filters(detector, np.shape(intensity))
    arriving = intensity if signal is None else np.maximum(_filtered(np.asarray(intensity, float), signal), 0)
    counts = expose(arriving, dose * detector.counted_share, pixel_size=pixel_size, seed=generator)
    if noise is not None:
        counts = _filtered(counts.astype(float), noise)
    counts = counts * (detector.gain / detector.counted_share)
    if detector.read_noise:
        counts = counts + generator.normal(0.0, detector.read_noise, counts.shape)
    return counts.astype(np.float32)


def expose(
    intensity: Any,
    dose: float,
    *,
    pixel_size: float | tuple[float, float],
    seed: int | np.random.Generator | None,
) -> Any:
    """Electron counts of an ideal counting detector: Poisson deviates of intensity · dose · pixel area.

    Parameters
    ----------
    intensity
        Of any shape, 1 for no specimen.
    dose
        Electrons per Å².
    pixel_size
        Å, a number or (dy, dx).
    seed
        An int or a Generator.

    Returns
    -------
    numpy.ndarray
        float32, of the intensity's shape.
    """
    dy, dx = pixel_sizes(pixel_size)
    return random_generator(seed).poisson(np.asarray(intensity, float) * (dose * dy * dx)).astype(np.float32)


def random_generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """The Generator itself, or one from an int; InputError for None."""
    if seed is None:
        raise InputError("an image with a dose has noise: give seed, an int, or a dose of None for none")
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)


def _filters(detector: Detector, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Factors on the half-plane FFT before and after the Poisson deviates, MTF/NTF and NTF; None where 1 everywhere."""
    if detector.mtf is None and detector.ntf is None and detector.dqe is None:
        return None, None
    uy, ux = 2 * np.fft.fftfreq(shape[0])[:, None], 2 * np.fft.rfftfreq(shape[1])[None]
    mtf = np.ones((1, 1)) if detector.mtf is None else np.asarray(detector.mtf(ux, uy), float)
    if detector.ntf is None and detector.dqe is None:
        return mtf, None
    ntf = _ntf(detector, ux, uy)
    return mtf / ntf, ntf


def _ntf(detector: Detector, ux: Any, uy: Any) -> Any:
    """NTF, given or from DQE = DQE(0) MTF²/NTF²; InputError where the signal would vanish in noise."""
    if detector.dqe is not None:
        ratio = np.sqrt(np.asarray(detector.dqe(ux, uy), float) / detector.counted_share)
        if not (np.isfinite(ratio) & (ratio > 0)).all():
            raise InputError("dqe must be above 0 at every frequency of the image, to the corner at 1.41 Nyquist")
        return (1.0 if detector.mtf is None else np.asarray(detector.mtf(ux, uy), float)) / ratio
    if detector.ntf is None:
        return 1.0
    ntf = np.asarray(detector.ntf(ux, uy), float)
    if not (ntf > 0).all():
        raise InputError("ntf must be above 0 at every frequency of the image, to the corner at 1.41 Nyquist")
    return ntf


def _pixel_variance(detector: Detector, electrons: float) -> Any:
    """The variance of a pixel's counts in an image without a specimen: the mean of `noise_power`."""
    u = 2 * np.fft.fftfreq(_STEPS)
    return np.mean(noise_power(detector, electrons, u[None], u[:, None]))


def _filtered(image: Any, factor: Any) -> Any:
    from scipy import fft

    return fft.irfft2(fft.rfft2(image) * factor, s=image.shape)
