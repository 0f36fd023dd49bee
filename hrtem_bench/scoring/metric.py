"""What a metric is: its name, its range, which value is best, and the function of a segmentation that gives it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Group = Literal["overlap", "probabilities", "objects"]
T = TypeVar("T")


@dataclass(frozen=True)
class Segmentation:
    """A prediction and its label, as metrics see them.

    Parameters
    ----------
    prediction, mask
        (ny, nx) bool.
    instances
        (ny, nx), k on true object k, 0 elsewhere.
    probability
        (ny, nx), of the particle class; None for a model that returns classes.
    pixel_size
        Å.
    """

    prediction: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    instances: NDArray[Any]
    probability: NDArray[Any] | None
    pixel_size: float
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, function: Callable[[Segmentation], T]) -> T:
        """function(self), computed once: for what several metrics share."""
        if function not in self._made:
            self._made[function] = function(self)
        made: T = self._made[function]
        return made


@dataclass(frozen=True)
class Metric:
    """A score of an image, or of all pixels of a condition; either `of_image` or `of_pixels` is given.

    Parameters
    ----------
    name, label
        In files, and for readers.
    of_image
        The value for one image.
    of_pixels
        The value for the sums that `calibration.reliability` gives, over all pixels of a condition; without an
        interval.
    low, high
        The range of its values.
    best
        The value of a perfect answer. At an end of the range it says which way is better; inside the range neither way
        is.
    unit
        "" for a plain number.
    group
        The table that it is shown in.
    needs_probability
        Whether it is undefined for a model that returns classes.
    may_lack
        Whether `of_image` may return NaN where it is not defined; such images are left out of the means.
    """

    name: str
    label: str
    of_image: Callable[[Segmentation], float] | None = None
    of_pixels: Callable[[NDArray[np.float64]], float] | None = None
    low: float = 0.0
    high: float = 1.0
    best: float = 1.0
    unit: str = ""
    group: Group = "overlap"
    needs_probability: bool = False
    may_lack: bool = False

    @property
    def direction(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where the best value lies inside the range."""
        return 1 if self.best == self.high else -1 if self.best == self.low else 0

    def allows(self, value: float) -> bool:
        """Whether it can take this value, up to rounding."""
        return math.isfinite(value) and self.low - _ROUNDING <= value <= self.high + _ROUNDING


_ROUNDING = 1e-9
