"""Captions say what the figure shows, and nothing else."""

from __future__ import annotations

import msgspec

from hrtem_bench.report.captioned_figures import make_plates


def test_captions_speak_of_training_only_where_there_was_some(results):
    trained = make_plates(results, [])
    assert "Diamonds: where a model was trained." in trained["curve"].caption
    assert "in vermilion where trained" in trained["sigma"].caption
    elsewhere = [msgspec.structs.replace(point, in_distribution=False) for point in results.curve]
    untrained = make_plates(msgspec.structs.replace(results, curve=elsewhere), [])
    assert "Diamonds" not in untrained["curve"].caption
    assert "vermilion" not in untrained["epsilon"].caption
