"""Figures of the transfer function against its closed form."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

import hrtem_bench as hb
from hrtem_bench import Condition
from hrtem_bench.report import family_figure, transfer_figure
from hrtem_bench.report.transfer_figures import transfer_amplitude, transfer_line

Q = np.linspace(0, 2.0, 200)
UNDER, OVER = Condition(C10=-100.0, focal_spread=10.0), Condition(C10=150.0, focal_spread=10.0)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def closed_form(condition: Condition) -> np.ndarray:
    """sin χ with χ = π λ C10 q² (+ no other aberration), times exp(−½ (π λ Δ q²)²)."""
    phase = np.pi * hb.wavelength(condition.energy) * Q**2
    return np.sin(phase * condition.C10) * np.exp(-0.5 * (phase * condition.focal_spread) ** 2)


def test_lines_follow_the_closed_form() -> None:
    assert_allclose(transfer_line(UNDER, Q), closed_form(UNDER), atol=1e-12)


def test_amplitude_of_a_set_is_the_root_mean_square() -> None:
    expected = np.sqrt((closed_form(UNDER) ** 2 + closed_form(OVER) ** 2) / 2)
    assert_allclose(transfer_amplitude([UNDER, OVER], Q), expected, atol=1e-12)


def test_amplitude_does_not_depend_on_the_direction_of_astigmatism() -> None:
    one, other = (
        Condition(C10=-100.0, focal_spread=10.0, aberrations={"C12": 60.0, "phi12": angle}) for angle in (0.0, 0.7)
    )
    assert_allclose(transfer_amplitude(one, Q), transfer_amplitude(other, Q), atol=2e-3)
    assert np.abs(transfer_line(one, Q) - transfer_line(other, Q)).max() > 0.1


def test_family_has_a_row_per_condition_and_marks_the_information_limit() -> None:
    figure = family_figure({"−10 nm": UNDER, "+15 nm": OVER}, trained=["−10 nm"], q_max=2.5, nyquist=1.25)
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["−10 nm", "+15 nm"]
    assert ax.get_xlabel() == "Frequency q (1/Å), Nyquist at 1.25"
    xs = [np.asarray(line.get_xdata(), dtype=float) for line in ax.lines]
    # exp(−½ (π λ Δ q²)²) = exp(−2) at q² = 2 / (π λ Δ)
    limit = np.sqrt(2 / (np.pi * hb.wavelength(300e3) * 10.0))
    assert sum(len(x) == 2 and np.allclose(x, limit) for x in xs) == 2
    assert any(len(x) == 2 and np.allclose(x, 1.25) for x in xs)


def test_the_shade_of_a_set_is_its_root_mean_square() -> None:
    figure = family_figure({"0 nm": [UNDER, UNDER.replace(C10=100.0)]}, q_max=2.0)
    line = next(np.asarray(one.get_ydata()) for one in figure.axes[0].lines if len(one.get_xdata()) > 2)
    assert np.abs(line).max() < 1e-12  # opposite signs cancel in the mean …
    heights = np.asarray(figure.axes[0].collections[0].get_paths()[0].vertices)[:, 1]
    assert heights.max() == pytest.approx(0.45 * np.abs(closed_form(UNDER)).max(), rel=1e-3)  # … not in the square


def test_transfer_states_what_the_physics_says() -> None:
    tests = {"−10 nm": UNDER, "+15 nm": OVER, "both": [UNDER, OVER]}
    written = words(transfer_figure(UNDER, tests, q_max=1.5))
    for one in tests.values():
        for value in (hb.epsilon(one, 1.5), hb.sigma(UNDER, one, 1.5), hb.coverage(UNDER, one, 1.5)):
            assert f"{value:.3f}" in written


def test_one_pair_shows_signs_and_several_do_not() -> None:
    assert [ax.get_ylabel() for ax in transfer_figure(UNDER, {"a": OVER}, q_max=1.5).axes] == ["T(q)", "√P(q)"]
    assert len(transfer_figure([UNDER, OVER], {"a": OVER}, q_max=1.5).axes) == 1
    assert len(transfer_figure(UNDER, {"a": OVER, "b": UNDER}, q_max=1.5).axes) == 1


def test_long_conditions_are_wrapped_and_not_cut() -> None:
    label = "C10=-100,C12=20,phi12=0.3,focal_spread=10"
    figure = transfer_figure(UNDER, {label: OVER, "b": UNDER}, q_max=1.5)
    (shown, _) = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert shown.replace("\n", "") == label and "\n" in shown


@pytest.mark.parametrize("count", [1, 3, 16])
def test_numbers_stay_within_the_page(count: int) -> None:
    tests = {f"{10 * i} nm": Condition(C10=-100.0 * i, focal_spread=10.0) for i in range(count)}
    figure = transfer_figure(UNDER, tests, q_max=2.5)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    for ax in figure.axes:
        for text in ax.texts:
            box = text.get_window_extent(renderer)
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 + 1
