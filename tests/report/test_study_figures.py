"""Figures of a study: what their axes are called and what stands in their cells."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from hrtem_bench.report.study_figures import axes_known, dice_figure, effects_figure, short_names
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.findings import Matrix


def test_conditions_of_one_setting_share_its_name_and_unit() -> None:
    names = short_names(["defocus=-25nm", "defocus=0nm", "defocus=-10nm;defocus=10nm"])
    assert names.axis == "defocus (nm)" and names.numeric
    assert list(names.short.values()) == ["−25", "0", "−10 and 10"]
    words = short_names(["structure=Ag-small", "structure=Fe3O4-large"])
    assert (words.axis, words.numeric) == ("structure", False)
    assert list(words.short.values()) == ["Ag-small", "Fe3O4-large"]


@pytest.mark.parametrize("texts", [["defocus=0nm", "dose=30"], ["defocus=0nm,dose=30"], ["clean"]])
def test_other_conditions_are_written_whole(texts: list[str]) -> None:
    assert short_names(texts).axis == "" and list(short_names(texts).short.values()) == texts


def test_a_matrix_writes_each_known_number_and_outlines_where_networks_were_trained() -> None:
    values = np.array([[0.98, 0.5], [np.nan, 0.75]])
    found = Matrix("dice", ("dose=30", "dose=90"), ("dose=30", "dose=60"), values, values, values[..., None])
    ax = dice_figure({"a": found}).axes[0]
    assert [text.get_text() for text in ax.texts] == ["98", "50", "75"]
    (box,) = ax.patches
    assert box.get_x() == box.get_y() == -0.5  # type: ignore[attr-defined]


def test_effects_are_drawn_as_factors() -> None:
    ax = effects_figure({"a": Estimate(np.log(2.0), 0.0, np.log(3.0)), "b": Estimate(0.0, None, None)}, "x").axes[0]
    ends = [np.asarray(line.get_xdata()).tolist() for line in ax.lines[:2]]
    assert np.allclose(ends[0], [1.0, 3.0]) and np.allclose(ends[1], 2.0)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]


def test_axes_are_known_of_conditions_that_say_all_of_them() -> None:
    whole = "C12=2nm,C30=1um,defocus=-5nm,dose=100e/A2,focal_spread=10A,camera=ideal"
    assert axes_known([whole]) and not axes_known([whole, "defocus=0nm"]) and not axes_known(["structure=Ag-small"])
