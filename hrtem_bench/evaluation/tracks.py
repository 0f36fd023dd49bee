"""What a track must offer to be scored, whether it is the dataset's own, fresh, or rendered on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hrtem_bench.dataset import Manifest, Sample, TrackCondition


class TrackLike(Protocol):
    """Images of structures at conditions along an axis.

    Parameters
    ----------
    name, axis, unit
        Of the track and of `TrackCondition.value`; unit "" if it has none.
    conditions
        In the order of the axis.
    dataset, version, checksum, manifest
        Of the whole dataset.
    pixel_size
        Å.
    unofficial
        Why its scores are not those of a published track; "" if they are.
    """

    @property
    def name(self) -> str: ...
    @property
    def axis(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def conditions(self) -> tuple[TrackCondition, ...]: ...
    @property
    def checksum(self) -> str: ...
    @property
    def pixel_size(self) -> float: ...
    @property
    def dataset(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def unofficial(self) -> str: ...

    def check(self, split: str) -> None:
        """Raise InputError, one line, if the images of a split are not those that the dataset was made with."""

    def select(self, conditions: Sequence[str] | None = None) -> tuple[TrackCondition, ...]:
        """The named conditions, in the axis's order, or all; InputError for one that the track has not."""
        ...

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        """Number of images that `rows` would give."""
        ...

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        """The images of a split: at most `limit` of each condition, without the first `start` of the rest."""
        ...
