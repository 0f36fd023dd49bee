"""Plot helpers draw what they say, into the axes that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import hrtem_bench as hb

LENS = hb.Condition(energy=200e3, C30=1.2e7, defocus=672.0, focal_spread=40.0)


@pytest.fixture
def ax() -> Any:
    return Figure().subplots()


def labels(ax: Any) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [one.get_text() for one in legend.get_texts()]


def curves(ax: Any) -> list[Any]:
    return [one for one in ax.lines if len(one.get_xdata()) > 2]


def test_the_line_is_the_transfer(ax: Any) -> None:
    assert hb.plot_ctf(LENS, ax, q_max=1.25) is ax
    (line,) = curves(ax)
    q = line.get_xdata()
    np.testing.assert_allclose(line.get_ydata(), hb.ctf(q, 0.0, LENS), atol=1e-12)
    assert (q[0], q[-1]) == (0, 1.25) and labels(ax) == []
    marks = [one.get_xdata()[0] for one in ax.lines if list(one.get_ydata()) == [-0.08, 0.08]]
    assert marks == pytest.approx([1 / hb.information_limit(LENS)])


def test_lines_are_named_by_what_differs(ax: Any) -> None:
    hb.plot_ctf([LENS, LENS.replace(C10=-100.0), LENS.replace(aperture=10.0)], ax)
    assert labels(ax) == [
        "aperture = none, C10 = −672 Å",
        "aperture = none, C10 = −100 Å",
        "aperture = 10 mrad, C10 = −672 Å",
    ]


def test_a_mapping_brings_its_names_and_a_set_its_mean(ax: Any) -> None:
    members = [LENS, LENS.replace(C10=-500.0)]
    hb.plot_ctf({"lens": LENS, "both": hb.ConditionSet(tuple(members))}, ax)
    assert labels(ax) == ["lens", "both"]
    one, both = curves(ax)
    q = one.get_xdata()
    np.testing.assert_allclose(both.get_ydata(), np.mean([hb.ctf(q, 0.0, c) for c in members], axis=0), atol=1e-12)


def test_an_image_has_a_scale_bar_of_its_length(ax: Any) -> None:
    image = np.random.default_rng(0).normal(size=(100, 250))
    assert hb.plot_image(image, 0.2, ax) is ax
    (shown,) = ax.images
    np.testing.assert_array_equal(shown.get_array(), image)
    assert shown.get_clim() == pytest.approx(tuple(np.percentile(image, [1, 99])))
    (bar,) = ax.lines
    assert [one.get_text() for one in ax.texts] == ["1 nm"]
    assert np.diff(bar.get_xdata()) * 250 * 0.2 == pytest.approx(10.0)  # Å


def test_the_spectrum_of_a_lattice_peaks_at_its_frequency(ax: Any) -> None:
    """A cosine of amplitude a on white noise of variance v: the noise's level is v, whatever the pixels."""
    y, x = np.mgrid[:256, :256] * 0.2
    noise = np.random.default_rng(2).normal(scale=2.0, size=(4, 256, 256))
    assert hb.plot_spectrum(noise + 3 * np.cos(2 * np.pi * (0.3 * x + 0.4 * y)), 0.2, ax) is ax
    (line,) = ax.lines
    q, power = line.get_data()
    assert q[np.argmax(power)] == pytest.approx(0.5, abs=0.02)
    assert np.median(power) == pytest.approx(4.0, rel=0.05)
    assert q[-1] == pytest.approx(2.5) and ax.get_xlim() == (0, 2.5) and ax.get_yscale() == "log"


def test_without_axes_pyplot_gives_some() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    before = set(pyplot.get_fignums())
    ax = hb.plot_ctf(LENS)
    assert set(pyplot.get_fignums()) - before
    pyplot.close(ax.figure)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hb.plot_ctf({}), "no condition"),
        (lambda: hb.plot_ctf([]), "at least one"),
        (lambda: hb.plot_image(np.zeros((3, 4, 5)), 0.2), "no grey image"),
        (lambda: hb.plot_image(np.zeros((4, 5)), -0.2), "positive number of Å"),
        (lambda: hb.plot_spectrum(np.zeros((4, 5)), 0.2), "at least 64"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(call: Any, message: str) -> None:
    with pytest.raises(hb.InputError, match=message):
        call()
