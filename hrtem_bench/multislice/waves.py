"""`Waves`: exit waves together with what they were made with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from hrtem_bench.conditions import beam_energy
from hrtem_bench.errors import InputError

SAME = 1e-4
"""Relative difference up to which two pixel sizes or energies count as equal."""


@dataclass(frozen=True, eq=False, repr=False)
class Waves(NDArrayOperatorsMixin):
    """Exit waves with the beam energy, pixel size and depth they were made with: a frozen record.

    NumPy takes it for an array, and it has an array's attributes and methods. What is computed from it is a plain
    array. Indices of the leading axes, such as ``waves[0]`` or ``waves[:, :2]``, keep the record; an index that
    reaches into the plane of the wave gives a plain array. It pickles, and has no hash.

    Parameters
    ----------
    array
        Complex waves, (..., ny, nx). The record holds a view of it that cannot be written to.
    energy
        Beam energy, eV.
    pixel_size
        Å: one number where pixels are square, else (dy, dx).
    depth
        Distance of the wave's plane from the entrance face, Å, along the beam. A tuple of such distances belongs to
        the first axis of the array, one for each entry.

    Raises
    ------
    InputError
        If the array is not complex or has fewer than two axes, or a number is out of range.
    """

    array: np.ndarray
    energy: float
    pixel_size: float | tuple[float, float]
    depth: float | tuple[float, ...]

    def __post_init__(self) -> None:
        array = np.asarray(self.array).view()
        if array.ndim < 2 or not np.iscomplexobj(array):
            raise InputError(f"waves are a complex array (..., ny, nx), not {array.dtype} of shape {array.shape}")
        array.flags.writeable = False
        depth = _plain(self.depth)
        if isinstance(depth, tuple) and (array.ndim < 3 or len(depth) != len(array)):
            raise InputError(f"{len(depth)} depths do not belong to waves of shape {array.shape}")
        sizes = np.ravel(self.pixel_size).astype(float)
        if len(sizes) not in (1, 2) or not (np.isfinite(sizes) & (sizes > 0)).all():
            raise InputError(f"pixel_size must be a number above 0 Å or a pair (dy, dx), not {self.pixel_size!r}")
        square = math.isclose(sizes[0], sizes[-1], rel_tol=1e-9)
        for name, value in (
            ("array", array),
            ("energy", beam_energy(self.energy)),
            ("pixel_size", float(sizes[0]) if square else (float(sizes[0]), float(sizes[1]))),
            ("depth", depth),
        ):
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """Number of axes of the array."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the array's numbers."""
        return self.array.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(target, Waves) for target in options.get("out", ())):
            raise ValueError("exit waves are read-only: compute with a copy, np.array(waves)")
        arrays = [value.array if isinstance(value, Waves) else value for value in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        part = self.array[index]
        indices = index if isinstance(index, tuple) else (index,)
        leading = len(indices) <= self.ndim - 2 and all(_along_one_axis(one) for one in indices)
        if not leading:
            return part
        depth = self.depth
        if isinstance(depth, tuple) and indices:
            depth = _plain(np.array(depth)[indices[0]])
        return Waves(part, self.energy, self.pixel_size, depth)

    def __getattr__(self, name: str) -> Any:
        """Attributes and methods of arrays: `real`, `mean`, `tobytes`, and so on."""
        if name.startswith("_"):
            raise AttributeError(f"'Waves' object has no attribute {name!r}")
        return getattr(self.array, name)

    def __reduce__(self) -> tuple[Any, ...]:  # else the array could be written to after unpickling
        return Waves, (self.array, self.energy, self.pixel_size, self.depth)

    def __repr__(self) -> str:
        return (
            f"Waves({self.shape} {self.dtype}, energy={self.energy:g} eV, pixel_size={self.pixel_size} Å, "
            f"depth={self.depth} Å)"
        )


def check_agreement(
    waves: Any, *, energy: float | None = None, pixel_size: float | tuple[float, float] | None = None
) -> None:
    """Refuse an energy or a pixel size other than the one that waves were made with.

    Parameters
    ----------
    waves
        `Waves`; of any other array nothing is known, and nothing is refused.
    energy
        eV, or None for no check.
    pixel_size
        Å, a number or (dy, dx), or None for no check.

    Raises
    ------
    InputError
        If either differs by more than a part in ten thousand.
    """
    if not isinstance(waves, Waves):
        return
    if energy is not None and not math.isclose(energy, waves.energy, rel_tol=SAME):
        raise InputError(
            f"the waves were made at {waves.energy / 1e3:g} keV and cannot be used at {energy / 1e3:g} keV: "
            f"give energy={waves.energy:g}, or make waves at the other energy"
        )
    if pixel_size is not None and not np.allclose(pixel_size, waves.pixel_size, rtol=SAME, atol=0):
        raise InputError(
            f"the waves have pixels of {_in_words(waves.pixel_size)} Å, not {_in_words(pixel_size)} Å: "
            "leave pixel_size out, or give that of the waves"
        )


def _along_one_axis(index: Any) -> bool:
    """Whether an index picks along a single axis: a whole number, a slice, or a list of numbers."""
    if isinstance(index, bool | np.bool_):
        return False
    return isinstance(index, slice | int | np.integer) or (isinstance(index, list | np.ndarray) and np.ndim(index) == 1)


def _plain(depth: Any) -> float | tuple[float, ...]:
    """Depths as a float or a tuple of floats; InputError unless they are finite and not negative."""
    values = np.asarray(depth, float)
    if values.ndim > 1 or not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"depth is a distance from the entrance face in Å and cannot be {depth!r}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())


def _in_words(pixel_size: Any) -> str:
    """One number, or "dy x dx"."""
    return " x ".join(f"{size:.6g}" for size in np.ravel(pixel_size))
