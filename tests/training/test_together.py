"""Networks trained together are those that are trained one by one."""

from __future__ import annotations

from typing import Any

import disc_track
import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hrtem_bench.training.images import TrainingImages, track_images  # noqa: E402
from hrtem_bench.training.loop import begin, fit, seeded  # noqa: E402
from hrtem_bench.training.settings import TrainingSettings  # noqa: E402
from hrtem_bench.training.together import Member, fit_together  # noqa: E402

SETTINGS = TrainingSettings(steps=6, most_cycles=3, batch_size=2, crop=16, gain=0.5, learning_rate=0.01)


def grouped() -> Any:
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1, bias=False),
        torch.nn.GroupNorm(2, 8),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 1, 1),
    )


def batched() -> Any:
    network = grouped()
    network[1] = torch.nn.BatchNorm2d(8)
    return network


def images(split: str) -> TrainingImages:
    track = disc_track.DiscTrack()
    return track_images(track, split, [one.condition_id for one in track.conditions if one.train])


def members(make: Any, seeds: list[int]) -> list[Member]:
    settings = [msgspec.structs.replace(SETTINGS, seed=seed) for seed in seeds]
    return [Member(seeded(make, one.seed), images("train"), images("validation"), one) for one in settings]


@pytest.mark.parametrize("make", [grouped, batched])
def test_each_network_is_the_one_that_is_trained_alone(make: Any) -> None:
    together = members(make, [0, 1, 2])
    outcomes = fit_together(together)
    for one, outcome in zip(together, outcomes, strict=True):
        alone = begin(seeded(make, one.settings.seed), one.settings)
        assert fit(alone, one.training, one.validation, one.settings) == outcome.ended
        assert len(alone.log) == len(outcome.log)
        for name in ("loss", "validation_loss", "validation_dice"):
            np.testing.assert_allclose(
                [row[name] for row in alone.log], [row[name] for row in outcome.log], rtol=2e-3, atol=2e-4
            )
        for name, value in alone.network.state_dict().items():
            torch.testing.assert_close(one.network.state_dict()[name], value, rtol=1e-2, atol=1e-3)


def test_networks_leave_when_they_have_ended() -> None:
    patient, hasty = members(grouped, [0, 1])
    hasty = Member(hasty.network, hasty.training, hasty.validation, msgspec.structs.replace(hasty.settings, gain=1.0))
    patient = Member(
        patient.network,
        patient.training,
        patient.validation,
        msgspec.structs.replace(patient.settings, gain=0.0, least_gain=0.0),
    )
    first, second = fit_together([patient, hasty])
    assert len(second.log) == 2 < len(first.log)


def test_one_that_diverges_is_marked_and_the_others_go_on() -> None:
    good, bad = members(grouped, [0, 1])
    with torch.no_grad():
        bad.network[0].weight.fill_(float("nan"))
    first, second = fit_together([good, bad])
    assert not first.failed and first.log and np.isfinite([row["loss"] for row in first.log]).all()
    assert "not finite" in second.failed and not second.log and not second.ended


def test_none_is_nothing() -> None:
    assert fit_together([]) == []
