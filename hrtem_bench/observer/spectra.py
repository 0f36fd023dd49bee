"""Ring powers of specimens at conditions, each worked out once and, if asked, kept in a file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hrtem_bench.conditions import Condition, condition_to_dict
from hrtem_bench.errors import InputError
from hrtem_bench.machine import cpus
from hrtem_bench.observer.noise import RingNoise, ring_noise
from hrtem_bench.observer.regions import RingPower, stacked_regions
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.specimens import SpecimenSet, check_condition, power_at, usable
from hrtem_bench.support.files import write_aside_bytes
from hrtem_bench.support.reading import MIB, read_bounded

LARGEST_FILE = 256 * MIB
_GEOMETRY = ("edges", "low_pass", "erosion", "dilation")


class RingPowers:
    """Ring powers of the specimens of a set, at any condition.

    Parameters
    ----------
    specimens
        Whose waves are imaged.
    settings
        The observer's; its area and floor play no part.
    file
        Where powers are kept from one run to the next; None for nowhere. A file of other specimens or other rings, or
        that is damaged, is written anew; a folder that cannot be written to is left alone.
    """

    def __init__(
        self, specimens: SpecimenSet, settings: ObserverSettings | None = None, file: Path | None = None
    ) -> None:
        self.specimens = specimens
        self.settings = settings or ObserverSettings()
        self.file = file
        self._held = _read(file, self._key())
        self._noise: dict[tuple[float | None, int], tuple[Any, RingNoise]] = {}

    def at(self, condition: Condition) -> RingPower:
        """The powers at a condition, its dose left aside; errors as of `prepare`."""
        self.prepare([condition])
        return self._held[_name(condition)]

    def noise(self, dose: float | None, detector: Any) -> RingNoise:
        """The noise in the same rings, worked out once; errors as of `ring_noise`.

        Parameters
        ----------
        dose
            Electrons per Å²; None for no noise.
        detector
            An `imaging.Detector`; None counts every electron where it falls.
        """
        key = dose, id(detector)
        if key not in self._noise:
            found = ring_noise(dose, detector, self.specimens.pixel_size, self.settings)
            self._noise[key] = detector, found  # the detector is held, so that no other gets its id
        return self._noise[key][1]

    def prepare(self, conditions: Iterable[Condition]) -> None:
        """Work out the powers at all conditions that are not held yet, on all CPUs.

        Raises
        ------
        InputError
            For specimens without particles or without film, and a condition that their waves cannot be imaged at.
        """
        missing = {name: one for one in conditions if (name := _name(one)) not in self._held}
        if not missing:
            return
        for one in missing.values():
            check_condition(one, self.specimens, self.settings)
        chosen = usable(self.specimens.read(), self.specimens.name, self.settings)
        with ThreadPoolExecutor(cpus()) as pool:
            found = list(
                pool.map(
                    lambda pair: power_at(pair[0], pair[1], list(missing.values()), self.specimens, self.settings),
                    chosen,
                )
            )
        for number, name in enumerate(missing):
            self._held[name] = stacked_regions([one[number] for one in found])
        if self.file is not None:
            _write(self.file, self._key(), self._held)

    def _key(self) -> str:
        content = [self.specimens.key, self.specimens.coherence, self.specimens.nodes]
        content += [getattr(self.settings, name) for name in _GEOMETRY]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def _name(condition: Condition) -> str:
    values = condition_to_dict(condition) | {"dose": None}
    return msgspec.json.encode(values, order="sorted").decode()


def _read(file: Path | None, key: str) -> dict[str, RingPower]:
    if file is None or not file.is_file():
        return {}
    try:
        with np.load(io.BytesIO(read_bounded(file, LARGEST_FILE)), allow_pickle=False) as held:
            if str(held["key"]) != key:
                return {}
            columns = [held[one.name] for one in fields(RingPower)]
            return {str(name): RingPower(*row) for name, *row in zip(held["names"], *columns, strict=True)}
    except (InputError, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return {}


def _write(file: Path, key: str, held: dict[str, RingPower]) -> None:
    columns = {one.name: np.stack([getattr(power, one.name) for power in held.values()]) for one in fields(RingPower)}
    buffer = io.BytesIO()
    np.savez(buffer, key=key, names=list(held), **columns)  # type: ignore[arg-type]
    try:
        write_aside_bytes(file, buffer.getvalue())
    except OSError:  # a place that is read-only or full: the powers are worked out again next time
        return
