"""Sizes, text and bytes of figures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from hrtem_bench.report import figure_png, figure_svg, save_figure
from hrtem_bench.report.figure_style import inline_svg, new_figure, styled
from hrtem_bench.report.wording import number, with_unit


@styled
def drawn(label: str = "Defocus (nm)") -> Figure:
    figure = new_figure(85, 60)
    ax = figure.subplots()
    ax.plot([-1.5, 2.0], [-1, 1], "o-")
    ax.set_xlabel(label)
    return figure


def test_numbers_have_a_true_minus_sign_and_no_negative_zero() -> None:
    assert number(-0.714) == "−0.71"
    assert number(-0.001) == "0.00"
    assert number(0.714, signed=True) == "+0.71"
    assert number(None) == number(float("nan")) == "–"
    assert with_unit(-10.0, "nm", signed=True) == "−10 nm"
    assert with_unit(-0.0, "nm", signed=True) == "0 nm"
    assert with_unit(400.0, "e/Å²") == "400 e/Å²"


def test_a_figure_has_the_width_asked_for() -> None:
    root = ElementTree.fromstring(figure_svg(drawn()))
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(85 / 25.4 * 72, abs=0.01)
    png = figure_png(drawn(), dpi=254)
    assert int.from_bytes(png[16:20]) == 850  # width in the PNG header


def test_the_same_figure_gives_the_same_bytes_whatever_the_users_settings() -> None:
    svg, png = figure_svg(drawn()), figure_png(drawn(), 100)
    with mpl.rc_context({"font.size": 20, "svg.fonttype": "path", "axes.unicode_minus": False}):
        before = dict(mpl.rcParams)
        assert figure_svg(drawn()) == svg
        assert figure_png(drawn(), 100) == png
        assert dict(mpl.rcParams) == before


def test_svg_keeps_text_as_text_with_true_minus_signs_and_no_date() -> None:
    svg = figure_svg(drawn("Defocus (nm) & <σ> $x$"))
    words = [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "Defocus (nm) & <σ> $x$" in words
    assert "−1.0" in words
    assert "<dc:date>" not in svg
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
    assert sizes and min(sizes) >= 7  # at this scale a px is a pt


def test_inline_svgs_share_a_page_without_sharing_ids() -> None:
    page = inline_svg(figure_svg(drawn()), "one", 'a "quoted" <b>') + inline_svg(figure_svg(drawn()), "two", "b")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(#|href="#)([^")]+)', page)
    assert used and set(used) <= set(ids)
    assert 'aria-label="a &quot;quoted&quot; &lt;b&gt;"' in page
    assert "<style" not in page and "<metadata" not in page
    ElementTree.fromstring(inline_svg(figure_svg(drawn()), "one", "words"))


def test_figures_are_written_whole(tmp_path: Path) -> None:
    svg, png = save_figure(drawn(), tmp_path / "figures" / "a.b", dpi=50)
    assert (svg.name, png.name) == ("a.b.svg", "a.b.png")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["a.b.png", "a.b.svg"]


def test_report_needs_no_pyplot() -> None:
    code = "import sys, hrtem_bench.report; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
