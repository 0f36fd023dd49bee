"""The page on training data says what the committed entries say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hrtem_bench.scoring import read_results

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "findings" / "training_data.md").read_text("utf-8")


@pytest.mark.parametrize(("track", "ending"), [("defocus", ""), ("joint", "-joint")])
def test_means_and_their_difference(track: str, ending: str) -> None:
    results = [read_results(ROOT / "submissions" / f"{name}{ending}") for name in ("otsu", "unet_small", "unet_joint")]
    means = [sum(point.dice.value for point in one.curve) / len(one.curve) for one in results]
    row = re.search(rf"^\| {track} \| (.*)$", PAGE, flags=re.MULTILINE)
    assert row is not None
    conditions, structures, *said, difference, _, _ = (cell.strip() for cell in row[1].split("|"))
    assert (int(conditions), int(structures)) == (len(results[0].curve), results[0].curve[0].n_structures)
    assert said == [f"{mean:.3f}" for mean in means]
    assert difference.startswith(f"{means[2] - means[1]:+.3f}".replace("-", "−"))


def test_sigma_is_higher_where_the_dice_is_lower() -> None:
    small, joint = (read_results(ROOT / "submissions" / f"{name}-joint").curve for name in ("unet_small", "unet_joint"))
    higher = {
        one.condition.removeprefix("joint="): one.dice.value < other.dice.value
        for one, other in zip(small, joint, strict=True)
        if one.sigma > other.sigma and "test" in one.condition
    }
    assert set(higher) >= set(re.findall(r"`(test-\d+)`", PAGE))
    assert {name for name, worse in higher.items() if worse} == set(re.findall(r"`(test-\d+)`", PAGE))
