"""The network of unet_small with weights of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.models.card import read_card
from hrtem_bench.models.prediction import predict
from hrtem_bench.models.shipped_baselines import baseline_folder
from hrtem_bench.models.submission import load_submission

pytest.importorskip("torch")

JOINT = [f"joint=train-{index:02d}" for index in range(4)]


def folder() -> Path:
    found = baseline_folder("unet_joint")
    assert found is not None
    return found


def test_it_is_the_same_network_with_other_weights() -> None:
    joint, small = load_submission("unet_joint"), load_submission("unet_small")
    assert joint.parameters == small.parameters
    assert joint.name != small.name and joint.checksum != small.checksum
    images = 64 + np.random.default_rng(0).standard_normal((2, 64, 64)).astype(np.float32)
    answers = [predict(one, images, 0.4) for one in (joint, small)]
    assert answers[0].shape == images.shape
    assert np.abs(answers[0] - answers[1]).max() > 0.01


def test_the_card_says_where_it_was_trained() -> None:
    """Four settings, whose focus, spherical aberration, focal spread and dose all differ."""
    record = read_card(folder()).trained_on
    assert record is not None
    assert (record.track, record.conditions) == ("joint", JOINT)
    used = record.used()
    for name in ("C30", "focal_spread", "dose"):
        assert len({getattr(one, name) for one in used}) == 4
    assert min(one.C10 for one in used) < 0 < max(one.C10 for one in used)
