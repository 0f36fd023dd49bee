"""A recipe for images like micrographs that were described: what was measured, and what had to be assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.imaging.cameras import camera
from hrtem_bench.imaging.detector import Detector, noise_power
from hrtem_bench.micrographs.description import Description, Reading
from hrtem_bench.micrographs.matched_dose import is_sure, matched_dose
from hrtem_bench.recipes.loading import parse_recipe
from hrtem_bench.recipes.tables import SPLITS, Recipe
from hrtem_bench.support.commented_toml import Entry, comment, written

ENERGY, DOSE, FILM, FILM_THICKNESS, DIAMETER = 300e3, 400.0, "a-C", (20.0, 80.0), (20.0, 60.0)
"""What is assumed where it is neither given nor measured: eV, e/Å², a name, Å, Å."""
SIDES = (128, 192, 256, 320, 384, 448, 512)
"""Pixels along a side of the images that are made; the fewest that hold FIELD."""
FIELD, ACROSS = 100.0, 2.0
"""Å, and in diameters of the largest particle: the least field of view."""
COARSEST_SIMULATION, FINEST = 0.25, 0.15
"""Å: the largest pixel of the simulation; and of images, below which so many are made one that it reaches BINNED."""
BINNED = 0.25
UNKNOWN_FOCUS = (-300.0, 300.0)
"""Å of defocus where no rings tell."""
ASSUMED_CAMERA = "scintillator-good"
WRONG_SCALE = 0.01
"""How far the pixel size may be, relatively, from what lattice spots say."""
FAR = 50.0
"""Å of defocus that any image may lie apart from the others."""
STEP, MOST_VALUES = 50.0, 7
"""Å between values of defocus, and how many there are at most."""
BRIGHTEST = 6000.0
"""Mean counts per pixel to which the gain is lowered: an image of 16 bits takes eight times this."""
EVERY_DIRECTION = {"std": 0.9069, "distribution": "uniform"}
"""An angle (rad) of 180 degrees all told: the standard deviation of a uniform one is π/√12."""


@dataclass(frozen=True)
class Wishes:
    """What a recipe is to be, beyond what the images say.

    Parameters
    ----------
    crystal
        Name of a lattice or element, or the path of a CIF file.
    name
        Of the dataset.
    diameter
        Å, smallest and largest particle, in place of what was measured; None for that.
    film, film_thickness
        Name; and Å, smallest and largest.
    structures
        Of training, validation and test.
    seed
        Of all that is drawn.
    """

    crystal: str
    name: str = "imitation"
    diameter: tuple[float, float] | None = None
    film: str = FILM
    film_thickness: tuple[float, float] = FILM_THICKNESS
    structures: tuple[int, int, int] = (48, 6, 6)
    seed: int = 1


@dataclass(frozen=True)
class Field:
    """The images to make: pixels along a side, of pixel_size Å, each of which is `binned` of the micrographs' wide."""

    pixels: int
    pixel_size: float
    binned: int

    @property
    def simulated(self) -> float:
        """Å, the pixel of the simulation: a whole share of an image's, or 2/3 of one that is fine."""
        size = self.pixel_size
        return float(f"{size / (max(math.ceil(size / COARSEST_SIMULATION), 2) if size > 0.3 else 1.5):.12g}")

    @property
    def area(self) -> float:
        """Å²"""
        return (self.pixels * self.pixel_size) ** 2


def imitate(description: Description, wishes: Wishes) -> tuple[str, Recipe]:
    """A recipe whose images are like the micrographs that were described.

    Parameters
    ----------
    description
        Of the micrographs. It must know their pixel size. Where it does not tell the dose well, some specimens are
        simulated to find it, see `matched_dose`: some ten seconds.
    wishes
        The crystal, and what else is to be otherwise than measured or assumed.

    Returns
    -------
    tuple[str, Recipe]
        The recipe as commented TOML, each key with what was measured or assumed, and as `load_recipe` reads it. Its one
        track, "defocus", trains at the defocus that was found, to both sides as far as it varies and is uncertain, and
        tests one step beyond at either end.

    Raises
    ------
    InputError
        For a crystal that is not known, no pixel size, and what no recipe can be made of.
    """
    text = _text(description, wishes)
    recipe = parse_recipe(text)
    if is_sure(description):
        return text, recipe
    dose = matched_dose(recipe, description)
    if dose.value is None:
        return text, recipe
    text = _text(msgspec.structs.replace(description, dose=dose), wishes)
    return text, parse_recipe(text)


def _text(description: Description, wishes: Wishes) -> str:
    field = _field(description, wishes)
    tables = {
        "": _top(description, wishes),
        "sampling": _sampling(description, field),
        "structures": [Entry(split, n) for split, n in zip(SPLITS, wishes.structures, strict=True)],
        "scene": _scene(description, wishes, field),
        "multislice": _multislice(description, field),
        "imaging": _imaging(description),
        "detector": _detector(description, field),
        "tracks.defocus": _track(description, wishes),
    }
    return _heading(description) + "\n".join(written(name, entries) for name, entries in tables.items() if entries)


def _heading(description: Description) -> str:
    count = len(description.images)
    said = [f"Like {count} micrograph{'s' * (count != 1)}, such as {description.images[0].name}. Each key has above it "
            "where it comes from: measured (with the 95 % interval), given, or assumed. What is assumed is worth a "
            "second look."]  # fmt: skip
    if description.drift.value is not None:
        said.append(f"Drift is not simulated; {_measured(description.drift)}.")
    return "".join(comment(one) for one in [*said, *description.warnings])


def _top(description: Description, wishes: Wishes) -> list[Entry]:
    words = f"{Path(wishes.crystal).stem} particles on {wishes.film}, imaged as {description.images[0].name} was."
    return [
        Entry("name", wishes.name),
        Entry("version", "1.0.0"),
        Entry("seed", wishes.seed),
        Entry("description", words),
        Entry("default_track", "defocus"),
    ]


def _field(description: Description, wishes: Wishes) -> Field:
    value = description.pixel_size.value
    if value is None:
        raise InputError(f"the pixel size of the micrographs is not one ({description.pixel_size.how}): give it, in Å")
    binned = 1 if value >= FINEST else max(1, math.floor(BINNED / value))
    size = float(f"{value * binned:.4g}")
    least = max(FIELD, ACROSS * _diameter(description, wishes)[1])
    return Field(next((side for side in SIDES if side * size >= least), SIDES[-1]), size, binned)


def _sampling(description: Description, field: Field) -> list[Entry]:
    of_file, of_crystal = description.pixel_size, description.pixel_size_of_crystal
    source = _measured(of_file)
    if field.binned > 1:
        source += f"; {field.binned} of them make one, since the specimen has nothing as fine"
    if of_crystal.value is not None and abs(of_crystal.value / (of_file.value or 1.0) - 1) > WRONG_SCALE:
        source += (
            f". The lattice spots say otherwise, {_measured(of_crystal)}: if they are right, give that as --pixel-size "
            "here and to predict"
        )
    return [
        Entry("pixels", field.pixels, f"a field of {field.pixels * field.pixel_size:.0f} Å"),
        Entry("pixel_size", field.pixel_size, f"Å; {source}"),
        Entry("simulation_pixel_size", field.simulated, "Å; a whole share of it, or 2/3"),
    ]


def _crystals(wishes: Wishes) -> tuple[str, list[dict[str, Any]]]:
    """The name of the crystal in the recipe, and its table if it came from a CIF file."""
    from hrtem_bench.specimens import lattice, lattice_from_cif, lattice_to_dict

    path = Path(wishes.crystal)
    if path.suffix.lower() != ".cif":
        return lattice(wishes.crystal).name, []
    name = "".join(c if c.isalnum() else "_" for c in path.stem)
    return name, [lattice_to_dict(lattice_from_cif(path, name))]


def _diameter(description: Description, wishes: Wishes) -> tuple[float, float]:
    """Smallest and largest particle, Å: two standard deviations of those measured to each side."""
    if wishes.diameter is not None:
        return wishes.diameter
    mean, std = description.particle_diameter.value, description.particle_diameter_spread.value
    if mean is None:
        return DIAMETER
    std = 0.2 * mean if std is None else std
    return round(max(mean - 2 * std, 0.4 * mean, 8.0), 1), round(mean + 2 * std, 1)


def _scene(description: Description, wishes: Wishes, field: Field) -> list[Entry]:
    from hrtem_bench.specimens import lattice
    from hrtem_bench.specimens.shapes import is_fcc

    name, own = _crystals(wishes)
    measured = description.particle_diameter
    size_source = f"assumed ({measured.how})"
    if wishes.diameter:
        size_source = "given"
    elif measured.value is not None:
        size_source = f"{_measured(measured)}; two standard deviations of the particles to each side"
    crystals = [Entry("crystals", own, f"from {Path(wishes.crystal).name}")] if own else []
    shapes = [Entry("shapes", ["sphere", "lens", "cap"], "assumed; as many of each")]
    if not own and is_fcc(lattice(name)):
        shapes = [
            Entry("shapes", ["sphere", "lens", "cap", "wulff"], "assumed; as many of each"),
            Entry("surface_energies", {"111": 1.0, "100": 1.15}, "relative; assumed"),
        ]
    return [
        Entry("lattices", [name], "given"),
        *crystals,
        *shapes,
        Entry("contact_angle", [70, 120], "degrees, of caps; assumed"),
        Entry("lens_aspect", [0.5, 0.9], "height over width of lenses; assumed"),
        Entry("particle_roughness", 1.0, "Å, standard deviation; assumed"),
        Entry("diameter", list(_diameter(description, wishes)), f"Å; {size_source}"),
        Entry("size_distribution", "normal" if measured.value and not wishes.diameter else "uniform"),
        _count(description, wishes, field),
        Entry("gap", 4.0, "Å, between particles; assumed"),
        Entry("whole", False, "edges of the field cut particles"),
        Entry("faults", [0, 1], "assumed"),
        Entry("film", wishes.film, "given or assumed"),
        Entry("film_thickness", list(wishes.film_thickness), _film_source(description)),
        Entry("film_roughness", 3.0, "Å, standard deviation of the thickness; assumed"),
        Entry("film_density_variation", 0.05, "relative; assumed"),
        Entry("contamination_thickness", [0, 6], "Å of hydrocarbon; assumed"),
    ]


def _count(description: Description, wishes: Wishes, field: Field) -> Entry:
    """How many particles a field has: as densely as in the micrographs, or covering up to a third."""
    count = description.particle_count
    size = field.pixel_size / field.binned
    if count.value is not None:
        own = float(np.mean([one.shape[0] * one.shape[1] for one in description.images])) * size**2
        mean = count.value * field.area / own
        source = f"{_measured(count)}, in {own / 100:.0f} nm² each; half to twice as many in {field.area / 100:.0f} nm²"
        return Entry("count", [max(1, round(0.5 * mean)), max(2, round(2 * mean))], source)
    each = np.pi / 4 * float(np.mean(_diameter(description, wishes))) ** 2
    return Entry("count", [1, int(np.clip(field.area / each / 3, 2, 40))], "assumed: up to a third of the field")


def _film_source(description: Description) -> str:
    contrast = description.film_contrast
    beside = "" if contrast.value is None else f"; beside it, its contrast: {_measured(contrast)}"
    return f"Å; assumed, for images alone do not tell it{beside}"


def _multislice(description: Description, field: Field) -> list[Entry]:
    from hrtem_bench.multislice.real_space_filter import TOLERANCE, stencil

    short = stencil(2.0, field.simulated, _energy(description))[1] <= TOLERANCE
    return [
        Entry("slice_thickness", 2.0, "Å"),
        Entry("phonons", 3, "frozen-phonon configurations"),
        Entry("displacement", 0.08, "Å, standard deviation along each axis; assumed"),
        Entry("method", "real-space" if short else "fourier", "the faster one that serves these pixels"),
    ]


def _energy(description: Description) -> float:
    return ENERGY if description.energy is None else description.energy


def _imaging(description: Description) -> list[Entry]:
    given = description.spherical_aberration
    spherical = 0.0 if given is None else given
    corrected = abs(spherical) < 1e6
    dose, source = _dose(description)
    return [
        Entry("energy", _energy(description), "eV; " + ("assumed" if description.energy is None else "given")),
        Entry("C30", spherical, "Å; " + ("assumed: a corrected microscope" if given is None else "given")),
        Entry("coherence", "quadrature"),
        Entry("focal_spread", 10.0 if corrected else 30.0, f"Å, standard deviation; assumed{_limit(description)}"),
        Entry("angular_spread", 0.05 if corrected else 0.1, "mrad, standard deviation; assumed"),
        Entry("dose", dose, source),
    ]


def _limit(description: Description) -> str:
    one = description.information_limit
    return "" if one.value is None else f"; the information limit: {_measured(one)}"


def _dose(description: Description) -> tuple[float, str]:
    """e/Å², incident: what is counted over the camera's DQE(0)."""
    one = description.dose
    if one.value is None or not one.value > 0:
        return DOSE, f"e/Å²; assumed ({one.how})"
    white = description.camera is None and description.noise_white
    share = 1.0 if white else camera(description.camera or ASSUMED_CAMERA).counted_share
    through = "" if share == 1 else f"; that is counted, over a DQE(0) of {share:g}"
    return float(f"{one.value / share:.3g}"), f"e/Å²; {_measured(one)}{through}"


def _detector(description: Description, field: Field) -> list[Entry]:
    """The camera whose noise fits; nothing, which is ideal counting, for white noise; a range where it is not known."""
    white = description.camera is None and description.noise_white
    if white and field.binned == 1:
        return []
    own = Detector(gain=20.0) if white else camera(description.camera or ASSUMED_CAMERA)
    electrons = _dose(description)[0] * field.pixel_size**2
    gain = min(own.gain, BRIGHTEST / electrons)
    ends, source = _width(description)
    spread = {
        "width": [float(f"{end:.3g}") for end in ends],
        "dqe0": [float(f"{min(own.counted_share * share, 1.0):.3g}") for share in (0.9, 1.1)],
        "gain": [float(f"{gain * share:.3g}") for share in (1.0, 1.1)],
    }
    offset = "counts, so that read noise does not fall below 0; a network does not see it"
    return [
        *_camera(description, own, field.binned),
        Entry("offset", 100, offset),
        Entry("spread", spread, f"drawn for each image. {source}; DQE(0) and gain: assumed"),
    ]


def _width(description: Description) -> tuple[list[float], str]:
    """The range of the factor on the frequencies of the camera's curves, and its source."""
    width = description.camera_width
    if description.camera is None or width.value is None:
        return [0.8, 1.25], "Width of the curves: assumed"
    low, high = _interval(width)
    return [0.95 * low, 1.05 * high], f"Width of the curves: {_measured(width)}, and 5 % more"


def _camera(description: Description, own: Detector, binned: int) -> list[Entry]:
    """The camera by name, or its curves where several pixels are made one: they widen, and the mean damps them."""
    found = "white noise" if description.noise_white else "assumed: no camera's noise was found to fit"
    if description.camera is not None:
        found = "the camera whose noise fits best"
    if binned == 1:
        return [Entry("camera", description.camera or ASSUMED_CAMERA, found)]
    u = np.linspace(0, 1, 21)
    noise = np.sqrt(noise_power(replace(own, gain=1.0, read_noise=0.0), own.counted_share, u / binned, 0 * u))
    signal = np.ones(u.shape) if own.mtf is None else np.asarray(own.mtf(u / binned, 0 * u))
    mean = np.sinc(u / 2) ** 2  # of resampling, a triangle two pixels wide
    curves = {
        name: {"frequency": _rounded(u), "value": _rounded(curve * mean)}
        for name, curve in (("mtf", signal), ("ntf", noise * np.ones(u.shape)))
    }
    name = description.camera or ("ideal counting" if description.noise_white else ASSUMED_CAMERA)
    return [
        *(Entry(key, curve, f"{name}, with {binned} pixels made one; {found}") for key, curve in curves.items()),
        Entry("dqe0", own.counted_share),
        Entry("gain", own.gain),
    ]


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 4) for value in values]


def _track(description: Description, wishes: Wishes) -> list[Entry]:
    """Values from low to high; where the sign of focus is not known, their negatives too."""
    low, high, source = _focus(description, wishes)
    both = any(one.sign_known is False for one in description.images)
    if both:
        source += "; the sign is not known, so both are there"
        low, high = (low, high) if low > 0 else (-max(-low, high), max(-low, high))
    mirrored = both and low > 0
    count = int(np.clip(math.ceil((high - low) / STEP) + 1, 3, MOST_VALUES // 2 + 1 if mirrored else MOST_VALUES))
    train = np.linspace(low, high, count)
    step = float(train[1] - train[0])
    if mirrored:
        train = np.concatenate([-train[::-1], train])
    shown = [round(float(value) / 10, 1) for value in (train[0] - step, *train, train[-1] + step)]
    base, spread, astigmatism = _astigmatism(description, both)
    return [
        Entry("kind", "scan"),
        Entry("axis", "defocus"),
        Entry("unit", "nm"),
        Entry("values", shown, "positive is underfocus; the first and the last are for tests alone"),
        Entry("train", shown[1:-1], source),
        Entry("base", base, astigmatism),
        Entry("spread", {"C10": round(step / 2, 1), **spread}, "Å: half a step of defocus, so that no gap is left"),
    ]


def _focus(description: Description, wishes: Wishes) -> tuple[float, float, str]:
    """Defocus to train between, Å, and why.

    Rings are the film's, while a recipe counts from the particles, which lie half a film and a radius away, on a side
    that an image does not tell: the range holds both.
    """
    every = [one.defocus for one in description.images if one.defocus.value is not None]
    if not every:
        return (*UNKNOWN_FOCUS, f"assumed, without rings ({description.defocus.how})")
    known = _near(every)
    ends = [_interval(one) for one in known]
    apart = float(np.mean(wishes.film_thickness) + np.mean(_diameter(description, wishes))) / 2
    left_out = f", {len(every) - len(known)} far from the others left out" if len(known) < len(every) else ""
    source = (
        f"{_measured(description.defocus)}; of {len(every)} of {len(description.images)} files{left_out}; "
        f"{apart / 10:.1f} nm to either side, since rings tell the film's defocus and particles lie above or below it"
    )
    return min(end[0] for end in ends) - apart, max(end[1] for end in ends) + apart, source


def _near(readings: Sequence[Reading]) -> list[Reading]:
    """Those within three times the distance of the quartiles of the quartiles, and FAR of these (Tukey's outer fences).

    A fit that took the wrong rings is far from all others.
    """
    values = np.array([one.value for one in readings], dtype=float)
    first, third = np.percentile(values, [25, 75])
    reach = 3 * (third - first) + FAR
    return [one for one, value in zip(readings, values, strict=True) if first - reach <= value <= third + reach]


def _interval(reading: Reading) -> tuple[float, float]:
    assert reading.value is not None
    low = reading.value if reading.low is None else reading.low
    return low, reading.value if reading.high is None else reading.high


def _astigmatism(description: Description, both: bool) -> tuple[dict[str, float], dict[str, Any], str]:
    """base, spread of the direction, and source of C12 and phi12.

    As measured where it is more than nothing, else small in every direction. both: the sign of focus is not known, and
    with it not the direction, which is 90 degrees off where the sign is.
    """
    size, angle, what = description.astigmatism, description.astigmatism_angle, "twofold astigmatism, Å and rad: "
    if size.value is None or angle.value is None:
        return {"C12": 15.0, "phi12": 0.0}, {"phi12": EVERY_DIRECTION}, f"{what}assumed small ({size.how})"
    low, high = _interval(size)
    if low <= 0:
        small = {"C12": max(10.0, round(high / 2, 1)), "phi12": 0.0}
        return small, {"phi12": EVERY_DIRECTION}, f"{what}{_measured(size)}, which may be none"
    direction = EVERY_DIRECTION if both else {"std": 0.3, "distribution": "normal"}
    found = {"C12": round(size.value, 1), "phi12": round(angle.value, 3)}
    return found, {"phi12": direction}, f"{what}{_measured(size)}"


def _measured(reading: Reading) -> str:
    """ "measured 0.4 Å (0.39 to 0.41), how"."""
    assert reading.value is not None
    interval = "" if reading.low is None or reading.high is None else f" ({reading.low:.4g} to {reading.high:.4g})"
    unit = f" {reading.unit}" if reading.unit else ""
    return f"measured {reading.value:.4g}{unit}{interval}, {reading.how}"
