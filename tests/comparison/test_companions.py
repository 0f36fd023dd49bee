"""Which results a report shows beside its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_track import FakeTrack

from hrtem_bench.comparison.companions import companions
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.results import Results, write_results


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("model")
    (folder / "net.py").write_text("def half(images):\n    return 0 * images + 0.5\n")
    track: Any = FakeTrack()
    return evaluate(f"{folder / 'net.py'}:half", track, options=Options(bootstrap_samples=100)).results


def altered(own: Results, name: str, dice: float, **dataset: str) -> Results:
    """Results of another model, at one Dice everywhere."""
    plain = msgspec.to_builtins(own)
    plain["model"] |= {"name": name, "checksum": name * 64}
    plain["dataset"] |= dataset
    for point in plain["curve"]:
        for one in (point["scores"]["dice"], point["dice_band"]):
            one |= {"value": dice, "low": dice, "high": dice}
    return msgspec.convert(plain, Results)


def test_the_best_of_the_same_images_next_to_it(own: Results, tmp_path: Path) -> None:
    out = tmp_path / "own"
    assert companions(own, out) == []
    beside = {
        "own": own, "again": own, "good": altered(own, "a", 0.9), "poor": altered(own, "b", 0.2),
        "elsewhere": altered(own, "c", 0.95, checksum="1" * 64), "split": altered(own, "d", 0.95, split="train"),
    }  # fmt: skip
    for name, results in beside.items():
        (tmp_path / name).mkdir()
        write_results(tmp_path / name / "results.json", results)
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "results.json").write_text("[" * 100_000)
    assert [one.model.name for one in companions(own, out)] == ["a"]
    assert [one.model.name for one in companions(own, out, [tmp_path / "poor", tmp_path / "good"])] == ["b", "a"]
    with pytest.raises(InputError, match="elsewhere was scored on other images"):
        companions(own, out, [tmp_path / "elsewhere"])
    with pytest.raises(InputError, match="junk"):
        companions(own, out, [tmp_path / "junk"])
