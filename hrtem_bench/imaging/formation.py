"""From exit waves to expected intensity: transformed once, then one sum of squares for each image, on CPU or GPU.

The operations are those that NumPy, PyTorch and CuPy have alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.coherence import SourcePoint, source_points
from hrtem_bench.imaging.diffuse import background_blur, lost_amplitude
from hrtem_bench.imaging.fourier import field_of, resize_spectrum, spectrum_of
from hrtem_bench.imaging.lens import grid_of, passed_band, transfers
from hrtem_bench.machine import on_gpu
from hrtem_bench.support.gpu import cuda_arrays, memory_for_a_batch

ARRAYS_PER_WAVE = 8
"""Complex arrays of a wave's size that are alive at once: spectra, waves on a larger grid, and the FFT's workspace."""
EMPTY = 1e-13
"""Rows and columns of a spectrum that hold less than this share of its power, beyond all that hold more, are cut."""
NEGLIGIBLE_POWER = 1e-3
"""Frequencies beyond which waves hold less than this share of what they scatter do not decide the number of nodes."""


@dataclass(frozen=True)
class WaveSpectra:
    """Exit waves transformed once, for any number of images.

    batches: arrays (waves, 2 ry + 1, 2 rx + 1) complex64: FFT over the number of points, without its empty border.
    field: (height, width), Å. out_shape: pixels of the images, over the same field. band: frequency, 1/Å, inside which
    all but `NEGLIGIBLE_POWER` of the scattered power lies. to_device, to_host: from a NumPy array to the batches' own
    kind, and back.
    """

    batches: tuple[Any, ...]
    field: tuple[float, float]
    out_shape: tuple[int, int]
    band: float
    to_device: Callable[[Any], Any]
    to_host: Callable[[Any], Any]

    @property
    def reaches(self) -> tuple[int, int]:
        """Largest frequencies held along y and x, in steps of one over the field."""
        ny, nx = self.batches[0].shape[-2:]
        return ny // 2, nx // 2


def spectra_of(waves: Any, size: tuple[float, float], out_shape: tuple[int, int], device: str = "cpu") -> WaveSpectra:
    """Transform waves (n, ny, nx) complex64 with pixels of `size` Å; InputError where they are not finite."""
    to_device, to_host, batch = _arrays_of(device, waves[0].nbytes)
    return transformed(waves, size, out_shape, batch, to_device, to_host)


def transformed(
    waves: Any,
    size: tuple[float, float],
    out_shape: tuple[int, int],
    batch: int,
    to_device: Callable[[Any], Any],
    to_host: Callable[[Any], Any],
) -> WaveSpectra:
    """`spectra_of`, in batches of so many waves, on the library that `to_device` gives."""
    ny, nx = waves.shape[1:]
    field = (ny * size[0], nx * size[1])
    batches = [spectrum_of(to_device(waves[begin : begin + batch])) for begin in range(0, len(waves), batch)]
    power = to_host(sum(_sum_of_squares(spectra) for spectra in batches)).astype(float)
    if not np.isfinite(power[0, 0]):
        raise InputError("the exit waves hold values that are not finite numbers (NaN or infinity): make them again")
    ky, kx = (_occupied(power.sum(axis=axis)) for axis in (1, 0))
    return WaveSpectra(
        batches=tuple(resize_spectrum(spectra, (2 * ky + 1, 2 * kx + 1)) for spectra in batches),
        field=field,
        out_shape=out_shape,
        band=_band_of(power, field),
        to_device=to_device,
        to_host=to_host,
    )


def image_of(
    spectra: WaveSpectra,
    c: Condition,
    *,
    zero_focus: float = 0.0,
    coherence: str = "envelope",
    nodes: int | None = None,
    angle_nodes: int | None = None,
) -> Any:
    """One expected image, (ny, nx) float32, never negative; arguments as in `rendering.expected_intensity`."""
    if coherence == "envelope":
        return spectra.to_host(_sum_of_images(spectra, c, (SourcePoint(),), zero_focus, put_back=False))
    points = source_points(c, spectra.band, nodes=nodes, angle_nodes=angle_nodes or 1)
    c = c.replace(focal_spread=0.0, angular_spread=0.0 if angle_nodes else c.angular_spread)
    return spectra.to_host(_sum_of_images(spectra, c, points, zero_focus, put_back=c.angular_spread > 0))


def _sum_of_images(
    spectra: WaveSpectra, c: Condition, points: Sequence[SourcePoint], zero_focus: float, put_back: bool
) -> Any:
    """The mean over the waves of |wave|², added up over the points of the source; float32, on the device.

    put_back: whether the electrons that the envelope of the angular spread takes out come back as a background.
    """
    from array_api_compat import array_namespace

    xp = array_namespace(spectra.batches[0])
    widest = max(float(np.hypot(*point.tilt)) for point in points)
    ry, rx = (
        int(min(k, np.ceil((passed_band(c) + widest) * length)))
        for k, length in zip(spectra.reaches, spectra.field, strict=True)
    )
    ky, kx = _frequencies(spectra, (2 * ry + 1, 2 * rx + 1))
    grid = grid_of((ry, rx), spectra.out_shape)
    held = [resize_spectrum(batch, (2 * ry + 1, 2 * rx + 1)) for batch in spectra.batches]

    def squares(transfer: Any) -> Any:
        return sum(_sum_of_squares(field_of(resize_spectrum(batch * transfer, grid))) for batch in held)

    total = sum(squares(transfer) for transfer in transfers(ky, kx, c, points, zero_focus))
    spectrum = resize_spectrum(spectrum_of(xp.astype(total, xp.complex64)), spectra.out_shape)
    if put_back:
        qy, qx = ky[:, None], kx[None, :]
        power = sum(_sum_of_squares(batch) for batch in held)
        kappa = background_blur(qx, qy, c, power, step=1 / max(spectra.field))
        (lens,) = transfers(ky, kx, c.replace(angular_spread=0.0), (SourcePoint(),), zero_focus)
        lost = squares(lens * xp.astype(lost_amplitude(qx, qy, c), xp.float32))
        y, x = (xp.exp(-0.5 * (kappa * k) ** 2) for k in _frequencies(spectra, spectra.out_shape))
        blur = xp.astype(y[:, None] * x[None, :], xp.float32)
        spectrum = spectrum + blur * resize_spectrum(spectrum_of(xp.astype(lost, xp.complex64)), spectra.out_shape)
    image = xp.astype(xp.real(field_of(spectrum)), xp.float32) / sum(batch.shape[0] for batch in held)
    return image * xp.astype(image > 0, xp.float32)


def _frequencies(spectra: WaveSpectra, shape: tuple[int, int]) -> list[Any]:
    """Frequencies along y and x, 1/Å, of an FFT of `shape` over the field; float64, on the device."""
    return [spectra.to_device(np.fft.fftfreq(n, length / n)) for n, length in zip(shape, spectra.field, strict=True)]


def _sum_of_squares(waves: Any) -> Any:
    """|wave|², added up over the first axis."""
    from array_api_compat import array_namespace

    xp = array_namespace(waves)
    squares = xp.real(waves) ** 2
    squares += xp.imag(waves) ** 2
    return squares[0, ...] if squares.shape[0] == 1 else xp.sum(squares, axis=0)


def _occupied(power: Any) -> int:
    """The largest frequency, in steps, along an axis whose rows of a spectrum (in FFT order) hold this power."""
    n = len(power)
    steps = np.abs(np.fft.fftfreq(n, 1 / n)[power > EMPTY * power.sum()])
    return int(min(steps.max(initial=0), (n - 1) // 2))


def _band_of(power: Any, field: tuple[float, float]) -> float:
    """The radius, 1/Å, that holds all but `NEGLIGIBLE_POWER` of a spectrum's power outside its first coefficient."""
    ky, kx = (np.fft.fftfreq(n, length / n) for n, length in zip(power.shape, field, strict=True))
    step = 1 / max(field)
    ring = np.ceil(np.hypot(ky[:, None], kx) / step).astype(int)
    scattered = np.bincount(ring.ravel(), power.ravel())
    scattered[0] = 0  # the beam that is not scattered: it would hide what a thin specimen scatters
    beyond = scattered[::-1].cumsum()[::-1]
    return float(step * np.count_nonzero(beyond > NEGLIGIBLE_POWER * scattered.sum()))


def _arrays_of(device: str, wave_bytes: int) -> tuple[Callable[[Any], Any], Callable[[Any], Any], int]:
    """(NumPy array to the device's, the reverse, how many waves to work on at once)."""
    if not on_gpu(device):
        return np.asarray, np.asarray, 1
    cupy, _ = cuda_arrays()
    return cupy.asarray, cupy.asnumpy, max(int(memory_for_a_batch(cupy) / (ARRAYS_PER_WAVE * wave_bytes)), 1)


@contextmanager
def memory_of(device: str) -> Iterator[None]:
    """Turn a GPU's error about memory into an InputError."""
    if not on_gpu(device):
        yield
        return
    cupy, _ = cuda_arrays()
    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError:
        raise InputError("these waves do not fit in the GPU's memory: use device='cpu'") from None
