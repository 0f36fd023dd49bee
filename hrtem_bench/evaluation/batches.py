"""How many images a model is given at once, and reading them while it works on the ones before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from itertools import islice
from typing import Generic, TypeVar

FIRST = 4
"""The size to begin with: enough to share what a call costs, and seldom too much for the memory."""
GAIN = 0.05
"""A batch twice as large is kept if it takes at least this share less time per image."""
TRIES = 2
"""Batches of a size that are timed; the shortest time counts, since the first of a size may be spent on setting up."""
MOST_PIXELS = 1 << 22
"""Pixels of the largest batch that is tried: 64 images of 256²."""

T = TypeVar("T")


class BatchSize:
    """The number of images to give a model at once: as given, or found by trying.

    If not given, it starts at FIRST and doubles on the run's own images, as long as that saves GAIN of the time per
    image, stays within `most`, and `has_room()` says that memory would hold twice as many. A size that does not fit is
    halved.
    """

    def __init__(
        self, given: int | None = None, *, most: int = MOST_PIXELS, has_room: Callable[[], bool] = lambda: True
    ) -> None:
        self.size = given or min(FIRST, most)
        self.settled = given is not None
        self._most = most
        self._has_room = has_room
        self._times: list[float] = []
        self._best = math.inf

    @property
    def found(self) -> int | None:
        """The size, once it is settled; None before."""
        return self.size if self.settled else None

    def resume(self, found: int | None) -> None:
        """Use the size that an earlier run found, unless one was given."""
        if found is not None and not self.settled:
            self._settle(found)

    def took(self, seconds: float) -> None:
        """Report the seconds per image of a batch of this size; infinity if memory ran out."""
        if seconds == math.inf:
            self._settle(max(1, self.size // 2))
        elif not self.settled:
            self._times.append(seconds)
            if len(self._times) == TRIES:
                self._decide(min(self._times))

    def _decide(self, seconds: float) -> None:
        if seconds > (1 - GAIN) * self._best:
            self._settle(self.size // 2)
        elif 2 * self.size > self._most or not self._has_room():
            self._settle(self.size)
        else:
            self._times, self._best = [], seconds
            self.size *= 2

    def _settle(self, size: int) -> None:
        self.size, self.settled = size, True


class ReadAhead(Generic[T]):
    """Items of an iterator, read ahead by a thread, as many at a time as were last asked for."""

    def __init__(self, items: Iterator[T], pool: Executor) -> None:
        self._items = items
        self._pool = pool
        self._ready: list[T] = []
        self._coming = pool.submit(self._read, 1)

    def take(self, size: int) -> list[T]:
        """The next `size` items, in order; fewer at the end. An error of reading is raised here."""
        while len(self._ready) < size and (more := self._coming.result()):
            self._ready += more
            self._coming = self._pool.submit(self._read, size)
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def _read(self, size: int) -> list[T]:
        return list(islice(self._items, size))
