"""The loss that the model observer expects at each condition of a track, for the results of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate

STRUCTURES = 4
"""Specimens whose spectra are looked at: with more the expected losses hardly change."""


def expected_losses(track: Any, trained: Sequence[str]) -> dict[str, Estimate]:
    """Condition -> the loss to expect of networks trained at `trained`, nats per pixel, with the interval of the law.

    track: opened. trained: ids of its conditions. Left out are conditions whose specimens the dataset keeps no exit
    waves of; there is nothing where it keeps none, for a track without a folder, and where no training is known.
    """
    from hrtem_bench.observer import RingPowers, foretold, loaded, setups_of_track, specimens_of
    from hrtem_bench.observer.fitting import setup_of

    folder = getattr(track, "folder", None)
    if folder is None or not trained:
        return {}
    law = loaded()
    try:
        powers = RingPowers(specimens_of(Path(folder), structures=STRUCTURES), law.settings)
        setups = setups_of_track(track, "own", powers)
        there = setup_of(("own", ";".join(trained)), setups).exposure
        powers.prepare(condition for one in setups.values() for condition in one.exposure.conditions)
        found = {key[1]: foretold(there, one.exposure, powers, law).loss for key, one in setups.items()}
    except InputError:  # no waves, no particles, no film: the scores stand without
        return {}
    return {name: Estimate(one.value, one.low, one.high) for name, one in found.items()}
