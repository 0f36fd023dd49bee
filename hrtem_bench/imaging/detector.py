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

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.imaging.fourier import pixel_sizes

Curve = Callable[[Any, Any], Any]
"""A transfer as a function of (ux, uy), shares of the Nyquist frequency along x and y; arrays that broadcast."""


@dataclass(frozen=True)
class PixelCurve:
    """Transfer of an ideal square pixel, sinc(ux/2) sinc(uy/2): 2/π at Nyquist. It integrates over its area."""

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.sinc(ux / 2) * np.sinc(uy / 2)


@dataclass(frozen=True)
class GaussianCurve:
    """Transfer exp(-½ (π w u)²): a point spreads as a normal distribution of standard deviation w = `width`, pixels."""

    width: float

    def __post_init__(self) -> None:
        _positive("width of a Gaussian curve, in pixels,", self.width)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.exp(-0.5 * (np.pi * self.width) ** 2 * (ux**2 + uy**2))


@dataclass(frozen=True)
class LorentzianCurve:
    """Transfer 1 / (1 + (u/h)²), ½ at h = `half`, a share of Nyquist: a line spreads as exp(-π h |x|), x in pixels.

    The form that Grob et al., Ultramicroscopy 133 (2013) 1, fit to the amplitude spectrum of cameras' shot noise.
    """

    half: float

    def __post_init__(self) -> None:
        _positive("half-width of a Lorentzian curve, as a share of Nyquist,", self.half)

    def __call__(self, ux: Any, uy: Any) -> Any:
        return 1 / (1 + (ux**2 + uy**2) / self.half**2)


@dataclass(frozen=True)
class TableCurve:
    """A measured transfer, interpolated linearly in |u|; beyond its last frequency the last value holds.

    frequency: shares of Nyquist, ascending, from 0 to at least 1. value: as many numbers, not negative.
    """

    frequency: tuple[float, ...]
    value: tuple[float, ...]

    def __post_init__(self) -> None:
        frequency, value = np.asarray(self.frequency, float), np.asarray(self.value, float)
        if frequency.ndim != 1 or frequency.shape != value.shape or len(frequency) < 2:
            raise InputError("a transfer curve needs two or more frequencies and as many values")
        if not (np.isfinite(frequency).all() and np.isfinite(value).all() and value.min() >= 0):
            raise InputError("the frequencies and values of a transfer curve must be finite, and no value negative")
        if frequency[0] != 0 or (np.diff(frequency) <= 0).any():
            raise InputError(
                f"the frequencies of a transfer curve must rise from 0, not start at {frequency[0]:g} or fall"
            )
        if frequency[-1] < 0.999:
            raise InputError(
                f"the transfer curve ends at {frequency[-1]:g} of the Nyquist frequency and must reach 1: frequencies "
                "are shares of Nyquist, twice what they are in cycles per pixel"
            )

    def __call__(self, ux: Any, uy: Any) -> Any:
        return np.interp(np.hypot(ux, uy), self.frequency, self.value)


def read_curve(path: str | os.PathLike[str]) -> TableCurve:
    """A transfer curve from a text file of two columns: frequency as a share of Nyquist, and value.

    Columns are separated by blanks, commas, semicolons or tabs; empty lines and what follows a # are skipped, and so is
    one line of headings at the top. A STAR file, as camera makers give them for RELION, is known by its `loop_` and
    its frequencies are taken to be in cycles per pixel. Raises InputError, with the line's number, for anything else.
    """
    lines = _lines(path)
    star = any(line.strip() == "loop_" for line in lines)
    rows: list[tuple[float, float]] = []
    heading = False
    for number, line in enumerate(lines, start=1):
        cells = line.partition("#")[0].replace(",", " ").replace(";", " ").split()
        if not cells or (star and cells[0].startswith(("data_", "loop_", "_rln"))):
            continue
        try:
            first, second = map(float, cells)
        except ValueError:
            if rows or heading:
                raise InputError(
                    f"{path}, line {number}: expected two numbers, frequency (share of Nyquist) and value, not "
                    f"{line.strip()[:60]!r}"
                ) from None
            heading = True
            continue
        rows.append((2 * first if star else first, second))
    if not rows:
        raise InputError(f"{path} holds no line of two numbers: frequency (share of Nyquist) and value")
    try:
        return TableCurve(*zip(*rows, strict=True))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


@dataclass(frozen=True)
class Detector:
    """What a detector does to signal and noise; without arguments it counts every electron where it falls.

    mtf: transfer of the signal, 1 at frequency 0; None for 1 everywhere. ntf: transfer of the noise, likewise; None for
    1 everywhere, which is white noise, as of counting. dqe0: DQE(0), above 0 to 1. dqe: detective quantum efficiency
    DQE(q), in place of ntf and dqe0, which follow from it. gain: counts per incident electron. read_noise:
    standard deviation of Gaussian noise added to each pixel, in counts.

    Curves take (ux, uy), shares of Nyquist, as `TableCurve` (see `read_curve`), `PixelCurve`, `GaussianCurve` and
    `LorentzianCurve` do. Images are periodic, and so is their blur. Raises InputError for what no detector does.
    """

    mtf: Curve | None = None
    ntf: Curve | None = None
    dqe: Curve | None = None
    dqe0: float = 1.0
    gain: float = 1.0
    read_noise: float = 0.0

    def __post_init__(self) -> None:
        _positive("gain, in counts per electron,", self.gain)
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


def detect(
    intensity: Any,
    dose: float,
    *,
    pixel_size: float | tuple[float, float],
    seed: int | np.random.Generator | None,
    detector: Detector | None = None,
) -> Any:
    """Counts of a detector, (ny, nx) float32: the steps at the head of this module, from `seed`.

    intensity: (ny, nx), 1 for no specimen. dose: electrons per Å². pixel_size: Å. Where the detector is ideal, whole
    electrons, the bytes of `expose`; otherwise counts that need not be whole, nor positive. Raises InputError.
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
    """Electron counts, float32, of an ideal counting detector: Poisson deviates of intensity · dose · pixel area.

    intensity: any shape, 1 for no specimen. dose: electrons per Å². pixel_size: Å. seed: an int or a Generator.
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
    if detector.dqe is not None:
        signal = np.sqrt(np.asarray(detector.dqe(ux, uy), float) / detector.counted_share)
        if not (np.isfinite(signal) & (signal > 0)).all():
            raise InputError("dqe must be above 0 at every frequency of the image, to the corner at 1.41 Nyquist")
        return signal, mtf / signal
    if detector.ntf is None:
        return mtf, None
    ntf = np.asarray(detector.ntf(ux, uy), float)
    if not (ntf > 0).all():
        raise InputError("ntf must be above 0 at every frequency of the image, to the corner at 1.41 Nyquist")
    return mtf / ntf, ntf


def _filtered(image: Any, factor: Any) -> Any:
    from scipy import fft

    return fft.irfft2(fft.rfft2(image) * factor, s=image.shape)


def _positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"the {name} must be above 0, not {value:g}")


def _lines(path: str | os.PathLike[str]) -> list[str]:
    try:
        return Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise InputError(f"cannot read the transfer curve {path}: {reason}") from None
