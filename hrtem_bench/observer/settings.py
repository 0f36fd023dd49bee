"""What the observer is: its frequencies, its regions, and how far it averages. Lengths in Å, frequencies in 1/Å."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from hrtem_bench.errors import InputError

TEXTURE = 0.2
"""1/Å: the texture of a film of amorphous carbon is strongest about here."""


@dataclass(frozen=True)
class ObserverSettings:
    """The settings of the model observer; the defaults are those that were frozen.

    Parameters
    ----------
    edges
        Edges of the rings of spatial frequency, 1/Å, ascending.
    low_pass
        Standard deviation of the Gaussian that makes the signed low-pass channel, Å.
    erosion
        The particle region is the mask without what lies within this distance of its edge, Å.
    dilation
        The film region is what lies farther than this from the mask, Å.
    area
        a: area over which a network averages the power at a pixel, Å².
    floor
        κ: standard deviation added to every channel, for what networks do not resolve; without unit, as the channels.
    standardised
        λ: share of ln of the image's variance that is taken from the channels of the rings, 0 to 1. Networks see
        standardised images, which is 1; 0 would be a network that knows the contrast all the same.
    edge_loss
        b: cross-entropy, nats per pixel, that is added to every expected one, for the pixels at the edges of particles,
        which the two regions leave out; 0 or more.

    Raises
    ------
    InputError
        For edges that do not ascend from 0 or above, and lengths or an area that are not above 0.
    """

    edges: tuple[float, ...] = (0.02, 0.15, 0.30, 0.65, 1.25)
    low_pass: float = 4.0
    erosion: float = 3.0
    dilation: float = 6.0
    area: float = 16.0
    floor: float = 0.03
    standardised: float = 0.6
    edge_loss: float = 0.1

    def __post_init__(self) -> None:
        edges = tuple(float(one) for one in self.edges)
        ascending = all(low < high for low, high in itertools.pairwise(edges))
        if len(edges) < 2 or not ascending or edges[0] < 0 or not math.isfinite(edges[-1]):
            raise InputError(f"edges of rings ascend from 0 or above, 1/Å, at least two of them, not {list(edges)}")
        object.__setattr__(self, "edges", edges)
        for name in ("low_pass", "area", "floor"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} of the observer must be above 0, not {getattr(self, name)!r}")
        for name in ("erosion", "dilation", "edge_loss"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} of the observer must be 0 or more, not {getattr(self, name)!r}")
        if not 0 <= self.standardised <= 1:
            raise InputError(f"standardised of the observer is a share, 0 to 1, not {self.standardised!r}")

    @property
    def texture_ring(self) -> int:
        """The number of the ring that holds `TEXTURE`, or the nearest."""
        inside = sum(edge <= TEXTURE for edge in self.edges) - 1
        return min(max(inside, 0), len(self.edges) - 2)

    @property
    def modes(self) -> tuple[float, ...]:
        """m_k = π (q₂² - q₁²) / 2: independent complex Fourier modes of a real image in each ring, per Å²."""
        return tuple(math.pi / 2 * (high**2 - low**2) for low, high in zip(self.edges, self.edges[1:], strict=False))
