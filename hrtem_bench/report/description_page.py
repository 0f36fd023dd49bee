"""One self-contained page on micrographs: the images, the spectrum with its fit, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from hrtem_bench.measurement.measured_file import Measured, Spectrum
from hrtem_bench.measurement.power_spectrum import PowerSpectrum
from hrtem_bench.measurement.ring_curves import RingCurves
from hrtem_bench.micrographs.describe import Described
from hrtem_bench.micrographs.description import DESCRIPTION, Description
from hrtem_bench.report.captioned_figures import Plate, picture, plate_element
from hrtem_bench.report.description_words import description_rows, missing_rows, reading_text
from hrtem_bench.report.figure_style import BLUE, COLUMN, GREY, PAGE, VERMILION, new_figure, styled
from hrtem_bench.report.html_elements import (
    Html,
    element,
    embedded,
    join,
    listing,
    masthead,
    page,
    pairs,
    paragraph,
    table,
    text,
)
from hrtem_bench.report.image_figures import STRETCH, bare_figure, draw_grey, draw_scale_bar, evenly_chosen
from hrtem_bench.report.wording import counted, number, plain, with_unit
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.versioned_json import json_text

MOST_PICTURES = 12
"""Images that the page shows, at equal steps among all."""
_PICTURE, _BINS = 360, 200  # CSS pixels; squares along a side of the drawn spectrum


def write_description(out: Path, found: Described) -> Path:
    """Write description.json and description.html into a folder.

    Parameters
    ----------
    out
        The folder; it is made.
    found
        What was read off the micrographs, with their pictures.

    Returns
    -------
    Path
        The page's.
    """
    out.mkdir(parents=True, exist_ok=True)
    content = json_text(found.description)
    path = (out / DESCRIPTION).with_suffix(".html")
    write_aside(path, description_page(found))
    write_aside(out / DESCRIPTION, content)
    return path


def description_page(found: Described) -> str:
    """The page as HTML text; the same input gives the same text."""
    told = found.description
    sections = {
        "summary": ("What they are", _summary(told)),
        "spectrum": ("Spectrum", _spectrum(found)),
        "images": ("Images", _images(found.images)),
        "numbers": ("Numbers and how they were found", _numbers(told)),
        "each": ("Image by image", _each(told)),
        "missing": ("What cannot be said", _missing(told)),
        "files": ("For programs", _files(told)),
    }
    names = ", ".join(one.name for one in told.images[:3]) + (", …" if len(told.images) > 3 else "")
    header = masthead("hrtem-bench description", counted(len(told.images), "micrograph"), f"{names}; {_given(told)}")
    return page("Micrographs described – hrtem-bench", header, sections, "Made by hrtem-bench.")


def _given(told: Description) -> str:
    energy = "energy not given" if told.energy is None else with_unit(told.energy / 1e3, "kV")
    spherical = told.spherical_aberration
    lens = "Cs taken as 0" if spherical is None else f"Cs {with_unit(spherical / 1e7, 'mm')}"
    return f"{energy}, {lens}" + ("" if told.crystal is None else f", crystal {told.crystal}")


def _summary(told: Description) -> Html:
    tiles = (
        ("Pixel size", told.pixel_size, 1, "Å"),
        ("Defocus", told.defocus, 0.1, "nm"),
        ("Astigmatism", told.astigmatism, 0.1, "nm"),
        ("Dose counted", told.dose, 1, "e/Å²"),
        ("Information reaches", told.information_limit, 1, "Å"),
    )
    known = [(name, _unbroken(reading_text(one, by, unit))) for name, one, by, unit in tiles if one.value is not None]
    parts = [element("div", pairs(known), class_="tiles")]
    if told.warnings:
        parts += [element("h3", text("Noticed")), listing(told.warnings)]
    return join(parts)


def _unbroken(value: str) -> str:
    """Words whose lines end at spaces alone."""
    return value.replace("/", "/\u2060")


def _spectrum(found: Described) -> Html:
    if found.spectrum is None:
        return Html("")
    one = found.images[found.place]
    radial = _radial_plate(found.description, one, found.spectrum)
    side = _picture_of_spectrum(one, found.spectrum)
    return join([element("div", side, plate_element(radial), class_="plates")])


def _picture_of_spectrum(one: Measured, spectrum: Spectrum) -> Html:
    fitted = spectrum.curves is not None
    figure = spectrum_figure(spectrum)
    said = "left the fit, right the measured spectrum" if fitted else "the measured spectrum on both sides"
    about = "what its rings oscillate about" if fitted else "its mean at each distance from the centre"
    caption = f"Power spectrum of {one.name} without lattice spots, over {about}: {said}."
    return picture(figure, caption, caption, _PICTURE, dots=2, kind="plate")


@styled
def spectrum_figure(spectrum: Spectrum) -> Figure:
    """The half plane that was measured, and on its other side what is fitted to it, or the same again."""
    power = spectrum.power
    most = min(power.nyquist, 1.2)
    measured_half = _binned(power, power.power, spectrum.curves, most)
    model = power.power if spectrum.curves is None else spectrum.curves.model
    fitted_half = _binned(power, model, spectrum.curves, most)
    whole = np.where(np.arange(_BINS)[None, :] >= _BINS // 2, measured_half, fitted_half[::-1, ::-1])
    figure = new_figure(COLUMN, COLUMN)
    axes = figure.add_subplot()
    finite = whole[np.isfinite(whole)]
    axes.imshow(
        whole, cmap="gray", vmin=0, vmax=float(np.percentile(finite, 98)), extent=(-most, most, most, -most),
        interpolation="nearest",
    )  # fmt: skip
    axes.axvline(0, color=VERMILION, linewidth=0.6)
    axes.set_xlabel("q along x (1/Å)")
    axes.set_ylabel("q along y (1/Å)")
    return figure


def _binned(
    spectrum: PowerSpectrum, values: NDArray[np.float64], curves: RingCurves | None, most: float
) -> NDArray[np.float64]:
    """Means (n, n) over squares of the plane of frequencies; nan where there are none.

    Values are taken over what rings oscillate about, or over the mean of their ring where no rings are fitted.
    """
    q, phi = spectrum.q, spectrum.phi
    known = np.isfinite(values) & (q < most)
    if curves is None:
        ring = (q[known] / most * _BINS).astype(np.intp)
        about = (np.bincount(ring, values[known]) / np.maximum(np.bincount(ring), 1))[ring]
    else:
        known &= (q >= curves.q[0]) & (q <= curves.q[-1])
        about = np.interp(q[known], curves.q, curves.noise + curves.rings / 2)
    y, x = ((q * side(phi))[known] for side in (np.sin, np.cos))
    field = [[-most, most]] * 2
    binned = stats.binned_statistic_2d(y, x, values[known] / np.maximum(about, 1e-300), bins=_BINS, range=field)
    return np.asarray(binned.statistic)


def _radial_plate(told: Description, one: Measured, spectrum: Spectrum) -> Plate:
    caption = f"Mean power of {one.name} over angles, lattice spots left out."
    if spectrum.curves is not None:
        caption += " Vermilion: the fit of Thon rings, averaged alike."
    if told.spectrum is not None and told.spectrum.noise is not None:
        caption += " Dashed: the noise, fitted where the specimen no longer shows."
    return Plate("radial", radial_figure(told, spectrum), caption, f"Line plot of power against frequency. {caption}")


@styled
def radial_figure(told: Description, spectrum: Spectrum) -> Figure:
    """Mean power over angles against q, with the noise and the fit of rings."""
    figure = new_figure(COLUMN, 70.0)
    axes = figure.add_subplot()
    power = spectrum.power
    axes.plot(*_over_angles(power, power.power), color=BLUE, linewidth=0.9, label="measured")
    if told.spectrum is not None and told.spectrum.noise is not None:
        axes.plot(told.spectrum.q, told.spectrum.noise, color=GREY, linestyle="--", label="noise")
    if spectrum.curves is not None:
        axes.plot(*_over_angles(power, spectrum.curves.model), color=VERMILION, linewidth=0.9, label="fit")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlim(0, spectrum.power.nyquist)
    axes.set_xlabel("q (1/Å)")
    axes.set_ylabel("power (grey²)")
    axes.legend()
    return figure


def _over_angles(
    spectrum: PowerSpectrum, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies, 1/Å, and means of values in rings as wide as a pixel of the spectrum."""
    known = np.isfinite(values) & (spectrum.q < spectrum.nyquist)
    ring = (spectrum.q[known] / spectrum.step).astype(np.intp)
    count = np.bincount(ring)
    full = count > 0
    q, mean = (np.bincount(ring, one[known])[full] / count[full] for one in (spectrum.q, values))
    return q, mean


def _images(found: Sequence[Measured]) -> Html:
    chosen = evenly_chosen(found, MOST_PICTURES)
    words = f"Grey levels run from percentile {STRETCH[0]:g} (black) to {STRETCH[1]:g} (white) of each image."
    if len(chosen) < len(found):
        words += f" {len(chosen)} of {len(found)} images."
    return join([paragraph(words), element("div", *map(_picture, chosen), class_="panels alike")])


def _picture(one: Measured) -> Html:
    return picture(picture_figure(one), plain(one.name, 60), f"Micrograph {one.name}", _PICTURE)


@styled
def picture_figure(one: Measured) -> Figure:
    """A micrograph with a bar of known length."""
    figure, ax = bare_figure(PAGE / 3, one.picture.shape)
    draw_grey(ax, one.picture)
    draw_scale_bar(ax, one.shape[1], one.pixel_size)
    return figure


def _numbers(told: Description) -> Html:
    rows = [
        element("div", element("dt", text(what)), element("dd", element("strong", text(value)), text(f" {how}")))
        for what, value, how in description_rows(told)
    ]
    return join([paragraph("± and brackets are 95 % intervals."), element("div", element("dl", *rows), class_="pairs")])


def _each(told: Description) -> Html:
    rows = [
        [
            one.name,
            f"{one.shape[0]} × {one.shape[1]}" + (f", {one.frames} frames" if one.frames > 1 else ""),
            reading_text(one.defocus, 0.1),
            reading_text(one.astigmatism, 0.1),
            reading_text(one.rings_resolution),
            number(one.grey_mean, 1),
            number(one.grey_std, 1),
            f"{one.dead} / {one.hot}",
        ]
        for one in told.images
    ]
    head = [
        "",
        "pixels",
        "defocus (nm)",
        "astigmatism (nm)",
        "rings to (Å)",
        "mean grey",
        "its deviation",
        "dead / hot",
    ]
    return table("Each file by itself; stacks by the mean spectrum of their frames", head, rows)


def _missing(told: Description) -> Html:
    rows = list(missing_rows(told))
    return listing(f"{names}: {how}." for names, how in rows) if rows else Html("")


def _files(told: Description) -> Html:
    words = text("All numbers of this page, kept inside it: ")
    return element("p", words, embedded(DESCRIPTION, told))
