"""ε, σ and coverage of tracks: of T alone, and of T times the camera's MTF on a track of cameras."""

import numpy as np
import pytest

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.dataset import load_recipe
from hrtem_bench.generation.manifest import TrackEntry
from hrtem_bench.generation.track_transfer import track_transfer
from hrtem_bench.imaging import camera
from hrtem_bench.physics import epsilon, sigma, transfer_spectrum
from hrtem_bench.recipes.plan import dataset_plan


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("mini")


def entry(recipe, name):
    return TrackEntry(axis=name, unit="", conditions=dataset_plan(recipe).conditions[name])


def test_cameras_multiply_the_transfer_by_their_mtf(recipe):
    track = entry(recipe, "camera")
    rows = {c.condition_id: row for c, row in zip(track.conditions, track_transfer(recipe, track), strict=True)}
    q = np.linspace(0, 1.25, 20001)[1:]
    (condition, *_) = track.conditions
    members = ConditionSet.about(condition.condition, condition.spread)
    amplitude = np.sqrt(transfer_spectrum(q, 0.0 * q, members))
    trained = amplitude * camera("scintillator-good").mtf(q / 1.25, 0.0)
    for name, seen in (
        ("ideal", amplitude),
        ("k3", amplitude * camera("k3-300kV").mtf(q / 1.25, 0.0)),
        ("scintillator_poor", amplitude * camera("scintillator-poor").mtf(q / 1.25, 0.0)),
    ):
        row = rows[f"camera={name}"]
        assert row["epsilon"] == pytest.approx((seen**2 * q).sum() / q.sum(), rel=1e-3)
        cosine = (seen * trained * q).sum() / np.sqrt((seen**2 * q).sum() * (trained**2 * q).sum())
        assert row["sigma"] == pytest.approx(cosine, abs=1e-3)
        assert row["coverage"] == pytest.approx((np.minimum(seen, trained) * q).sum() / (seen * q).sum(), abs=1e-3)
    assert rows["camera=scintillator_good"]["sigma"] == pytest.approx(1.0)


def test_the_cameras_of_other_tracks_do_not_enter(recipe):
    track = entry(recipe, "defocus")
    sets = [ConditionSet.about(c.condition, c.spread) for c in track.conditions]
    train = ConditionSet.mixture([one for one, c in zip(sets, track.conditions, strict=True) if c.train])
    rows = track_transfer(recipe, track)
    assert rows[0]["epsilon"] == pytest.approx(epsilon(sets[0], 1.25), abs=1e-4)
    assert rows[0]["sigma"] == pytest.approx(sigma(train, sets[0], 1.25), abs=1e-4)
