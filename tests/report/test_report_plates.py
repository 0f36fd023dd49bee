"""Captions say what the figure shows, and nothing else."""

from __future__ import annotations

from hrtem_bench.report.plates import make_plates


def test_captions_speak_of_training_only_where_there_was_some(make_results):
    trained = make_plates(make_results(), [])
    assert "Diamonds: where a model was trained." in trained["curve"].caption
    assert "in vermilion where trained" in trained["sigma"].caption
    untrained = make_plates(make_results(trained=()), [])
    assert "Diamonds" not in untrained["curve"].caption
    assert "vermilion" not in untrained["epsilon"].caption
