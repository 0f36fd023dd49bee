"""How micrographs and the images of a dataset differ, both as a network is given them.

A network sees images at its dataset's pixel size, each brought to mean 0 and variance 1. What it cannot see (gain, a
pedestal of the camera) is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.dataset import Track, open_dataset, read_manifest
from hrtem_bench.errors import InputError
from hrtem_bench.image_files.recordings import (
    Micrograph,
    Recording,
    find_micrographs,
    open_labels,
    open_recording,
)
from hrtem_bench.measurement.power_spectrum import SMALLEST, power_spectrum
from hrtem_bench.micrographs.edges import edge_distance
from hrtem_bench.micrographs.segmentation import segment, with_sides
from hrtem_bench.models.contract import InputContract, model_input
from hrtem_bench.models.sizes import resample
from hrtem_bench.models.submission import load_submission

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Given = tuple[NDArray[np.float32], Mask | None]
"""An image as a network is given it, and where its particles are, if that is known."""
Finder = Callable[[Recording, Micrograph], Mask]
MOST_IMAGES, SHOWN = 48, 3
"""Images of each side that are measured, evenly chosen; and that are kept to be looked at."""
COMMON = (5.0, 95.0)
"""Percentiles between which nine tenths of a side's images lie."""
OCTAVES = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Edges of the bands of frequency, shares of Nyquist."""
FREQUENCIES = np.linspace(0, 1, 41)
"""Edges of the rings of a spectrum, shares of Nyquist."""
LEVELS = np.linspace(-5, 5, 81)
"""Edges of the classes of grey levels, standard deviations from the mean."""
DISTANCES = np.arange(-20.0, 21.0, 2.0)
"""Å from the edge of a particle, negative inside: the middles of the classes of an edge profile."""
FAR = 10.0
"""Å from all particles: from there on is background."""


@dataclass(frozen=True)
class Side:
    """One side of the comparison, of n images.

    Parameters
    ----------
    name
        What it is, for readers.
    images, masks
        A few of the images, standardised, at the common pixel size; and their masks, where particles are known.
    numbers
        Name as in `PROPERTIES` -> (n,), nan where an image has none.
    spectra
        (n, 40), power by FREQUENCIES, of which white noise of variance 1 has 1.
    levels
        (n, 80), density of grey levels by LEVELS.
    profiles
        (n, 21), mean grey by DISTANCES, the background's mean 0 and its standard deviation 1; nan without particles.
    """

    name: str
    images: list[NDArray[np.float32]]
    masks: list[Mask | None]
    numbers: Mapping[str, Floats]
    spectra: Floats
    levels: Floats
    profiles: Floats

    def __len__(self) -> int:
        return len(self.spectra)


@dataclass(frozen=True)
class Kind:
    """A property that is compared.

    Parameters
    ----------
    words
        What it is.
    tolerance, relative
        A difference that does not count, and whether it is one of the ratio.
    """

    words: str
    tolerance: float
    relative: bool = False


PROPERTIES: Mapping[str, Kind] = MappingProxyType({
    **{
        f"octave_{k}": Kind("power", 0.25, relative=True) for k in range(len(OCTAVES) - 1)
    },
    "darkest": Kind("darkest 1 % of pixels, up to", 0.25),
    "brightest": Kind("brightest 1 % of pixels, from", 0.25),
    "skewness": Kind("skewness of greys", 0.25),
    "contrast": Kind("contrast of particles", 0.15),
    "grain": Kind("grain: std in particles over outside", 0.15, relative=True),
    "diameter": Kind("diameter of particles, Å", 0.15, relative=True),
    "cover": Kind("share of area that particles cover", 0.3, relative=True),
})  # fmt: skip
"""What is compared, by name; see `Side.numbers`. contrast: mean grey of particles less that of the background (10 Å and
more from them) over its standard deviation, which is also that of `grain`. octave_0 is the lowest band of OCTAVES."""


@dataclass(frozen=True)
class Property:
    """One line of the comparison.

    Parameters
    ----------
    words
        What is compared.
    images, dataset
        5th percentile, median and 95th percentile over the images of either side.
    alike
        Whether the micrographs' median lies where nine tenths of the dataset's images do, or no farther outside than
        the tolerance of its `Kind`.
    """

    words: str
    images: tuple[float, float, float]
    dataset: tuple[float, float, float]
    alike: bool

    def __str__(self) -> str:
        more = "more" if self.images[1] > self.dataset[1] else "less"
        return (
            f"{self.words}: {self.images[1]:.3g} in the micrographs, {more} than the {self.dataset[0]:.3g} to "
            f"{self.dataset[2]:.3g} of nine tenths of the dataset's images"
        )


@dataclass(frozen=True)
class Likeness:
    """Micrographs beside the images of a dataset.

    Parameters
    ----------
    images, dataset
        The two sides.
    pixel_size
        Å, the dataset's, at which both were measured.
    properties
        In the order of PROPERTIES, without those that one side lacks.
    profile_unlike
        Distances, Å, at which the micrographs' median edge profile lies outside of nine tenths of the dataset's by more
        than 0.25 of the background's standard deviation.
    notes
        Sentences on what was not, or not quite, compared.
    """

    images: Side
    dataset: Side
    pixel_size: float
    properties: list[Property]
    profile_unlike: list[float]
    notes: list[str] = field(default_factory=list)

    @property
    def alike(self) -> bool:
        """Whether nothing that was compared is unlike."""
        return all(one.alike for one in self.properties) and not self.profile_unlike

    @property
    def verdict(self) -> list[str]:
        """A sentence for everything that is unlike, or one that says that nothing is."""
        said = [str(one) for one in self.properties if not one.alike]
        if self.profile_unlike:
            places = ", ".join(f"{place:+g}" for place in self.profile_unlike)
            said.append(f"the profile across particles' edges differs at {places} Å from them (negative is inside)")
        return said or ["nothing that was compared is unlike"]


def compare_images(
    images: Sequence[str | Path] | str | Path,
    data: str | Path | Track,
    track: str | None = None,
    *,
    pixel_size: float | None = None,
    model: Any = None,
    labels: str | Path | None = None,
    label_name: str | None = None,
) -> Likeness:
    """Micrographs beside the training images of a dataset: spectra, grey levels, contrast, edges.

    Parameters
    ----------
    images
        Files, or folders of them.
    data
        A dataset's folder, its Hub id, or an opened track. Its particles are those of its masks.
    track
        Of the dataset; its default track if not given.
    pixel_size
        Å, of the micrographs, in place of what their files say.
    model
        As `hrtem_bench.evaluate` takes one: finds the particles of the micrographs.
    labels, label_name
        Or the folder of their labels, see `open_labels`. With neither, contrast, particles and edges are left out.

    Raises
    ------
    InputError
        For files that are no micrographs, or have fewer than 64 pixels along a side at the dataset's pixel size; and
        for data that are no dataset.
    """
    find = _finder(model, labels, label_name)
    opened = data if isinstance(data, Track) else open_dataset(data, track or _default_track(data))
    places = [Path(one) for one in ([images] if isinstance(images, str | Path) else images)]
    recordings = [open_recording(path, pixel_size) for path in find_micrographs(places)]
    size = opened.pixel_size
    one = _side("micrographs", _micrographs(recordings, size, find), size)
    other = _side(f"{opened.dataset} {opened.version}", _training_images(opened), size)
    shared = [name for name in PROPERTIES if all(np.isfinite(side.numbers[name]).any() for side in (one, other))]
    return Likeness(
        images=one,
        dataset=other,
        pixel_size=size,
        properties=[_property(name, one.numbers[name], other.numbers[name], 0.5 / size) for name in shared],
        profile_unlike=_unlike_places(one.profiles, other.profiles),
        notes=_notes({recording.pixel_size for recording in recordings}, size, find is not None, one),
    )


def _finder(model: Any, labels: str | Path | None, label_name: str | None) -> Finder | None:
    """What gives the mask of a micrograph; None where nothing tells."""
    if model is not None and labels is not None:
        raise InputError("give a model or labels, not both: one of them says where the particles are")
    if label_name is not None and labels is None:
        raise InputError("label_name says how names of labels differ: give their folder too")
    if labels is not None:
        folder = Path(labels)

        def labelled(recording: Recording, micrograph: Micrograph) -> Mask:
            index = 0 if micrograph.frame is None else micrograph.frame - 1
            return open_labels(folder, recording, label_name).instances(index) > 0

        return labelled
    if model is None:
        return None
    submission = load_submission(model)

    def segmented(recording: Recording, micrograph: Micrograph) -> Mask:
        return segment(with_sides(submission, micrograph).submission, micrograph).mask

    return segmented


def _default_track(data: str | Path) -> str:
    folder = Path(data)
    return read_manifest(folder).default_track if folder.is_dir() else "defocus"


def _micrographs(recordings: Sequence[Recording], common: float, find: Finder | None) -> list[Given]:
    """Micrographs as a network of the pixel size `common` is given them."""
    frames = [(recording, index) for recording in recordings for index in range(len(recording))]
    found: list[Given] = []
    for place in _evenly(len(frames), MOST_IMAGES):
        recording, index = frames[place]
        micrograph = recording.frame(index)
        image = _given(micrograph.image, micrograph.pixel_size, common, recording.file.path)
        mask = None if find is None else find(recording, micrograph).astype(np.float32)
        found.append((image, None if mask is None else resample(mask, image.shape) > 0.5))
    return found


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of `count` places, first and last among them."""
    chosen: list[int] = np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()
    return chosen


def _given(image: NDArray[np.float32], pixel_size: float, common: float, path: Path) -> NDArray[np.float32]:
    """The image as a network of that pixel size is given it."""
    if image.min() == image.max():
        raise InputError(f"{path} is constant: there is nothing to compare")
    given = model_input(image[None], InputContract(pixel_size=common), pixel_size)[0]
    if min(given.shape) < SMALLEST:
        raise InputError(
            f"{path} has {given.shape[0]} x {given.shape[1]} pixels at the dataset's pixel size of {common:g} Å: "
            f"{SMALLEST} a side are due"
        )
    return given


def _training_images(track: Track) -> list[Given]:
    """Training images of all conditions of a track, as a network is given them."""
    if track.pixels < SMALLEST:
        raise InputError(f"images of {track.dataset} have {track.pixels} pixels a side: {SMALLEST} are due")
    conditions = [one.condition_id for one in track.conditions if one.train]
    each = -(-MOST_IMAGES // max(len(conditions), 1))
    contract = InputContract()
    found: list[Given] = [
        (model_input(sample.image[None], contract, track.pixel_size)[0], sample.mask > 0)
        for sample in track.rows("train", conditions, limit=each)
    ]
    if not found:
        raise InputError(f"the track {track.name} of {track.dataset} has no training images: name another --track")
    return found


def _side(name: str, found: Sequence[Given], pixel_size: float) -> Side:
    shown = _evenly(len(found), SHOWN)
    numbers = [_numbers(image, mask, pixel_size) for image, mask in found]
    return Side(
        name=name,
        images=[found[i][0] for i in shown],
        masks=[found[i][1] for i in shown],
        numbers={key: np.array([one[key] for one in numbers]) for key in PROPERTIES},
        spectra=np.array([_spectrum(image, pixel_size) for image, _ in found]),
        levels=np.array([np.histogram(image, LEVELS, density=True)[0] for image, _ in found]),
        profiles=np.array([_profile(image, mask, pixel_size) for image, mask in found]),
    )


def _spectrum(image: NDArray[np.float32], pixel_size: float) -> Floats:
    """Mean power in each ring of FREQUENCIES; nan in a ring without pixels."""
    one = power_spectrum(image, pixel_size)
    return _means(one.q / one.nyquist, one.power, FREQUENCIES)


def _means(places: Floats, values: Floats, edges: Any, least: int = 1) -> Floats:
    """Mean of the values in each class of their places; nan where a class has fewer than `least`."""
    which = np.digitize(places, edges) - 1
    inside = (which >= 0) & (which < len(edges) - 1)
    count = np.bincount(which[inside], minlength=len(edges) - 1)
    total = np.bincount(which[inside], values[inside], len(edges) - 1)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def _numbers(image: NDArray[np.float32], mask: Mask | None, pixel_size: float) -> dict[str, float]:
    from scipy import stats

    one = power_spectrum(image, pixel_size)
    octaves = _means(one.q / one.nyquist, one.power, OCTAVES)
    darkest, brightest = np.percentile(image, [1, 99])
    return {
        **{f"octave_{k}": float(power) for k, power in enumerate(octaves)},
        "darkest": float(darkest),
        "brightest": float(brightest),
        "skewness": float(stats.skew(image, axis=None)),
        **_particles(image, mask, pixel_size),
    }


def _particles(image: NDArray[np.float32], mask: Mask | None, pixel_size: float) -> dict[str, float]:
    """What the particles of an image look like; nan without any, or without a background."""
    from scipy import ndimage

    from hrtem_bench.scoring.objects import MIN_AREA

    names = ("contrast", "grain", "diameter", "cover")
    if mask is None:
        return dict.fromkeys(names, np.nan)
    cover = float(mask.mean())
    outside = edge_distance(mask) * pixel_size > FAR
    if not mask.any() or np.count_nonzero(outside) < 100:
        return dict.fromkeys(names, np.nan) | {"cover": cover}
    areas = np.bincount(ndimage.label(mask)[0].ravel())[1:] * pixel_size**2
    areas = areas[areas >= MIN_AREA]
    inner, outer = image[mask], image[outside]
    return {
        "contrast": float((inner.mean() - outer.mean()) / outer.std()),
        "grain": float(inner.std() / outer.std()),
        "diameter": float(np.median(2 * np.sqrt(areas / np.pi))) if len(areas) else np.nan,
        "cover": cover,
    }


def _profile(image: NDArray[np.float32], mask: Mask | None, pixel_size: float) -> Floats:
    """Mean grey at DISTANCES from the edges, the background's mean 0 and standard deviation 1."""
    nothing = np.full(len(DISTANCES), np.nan)
    if mask is None or not mask.any():
        return nothing
    distance = edge_distance(mask) * pixel_size
    outer = image[distance > FAR]
    if outer.size < 100:
        return nothing
    step = DISTANCES[1] - DISTANCES[0]
    edges = np.append(DISTANCES - step / 2, DISTANCES[-1] + step / 2)
    return _means(distance.ravel(), (image.ravel().astype(np.float64) - outer.mean()) / outer.std(), edges, 50)


def percentiles(values: Floats) -> tuple[Floats, Floats, Floats]:
    """5th percentile, median and 95th percentile over the first axis of what is finite; nan where nothing is.

    Parameters
    ----------
    values
        (n,) or (n, columns).
    """
    kept = values[:, None] if values.ndim == 1 else values
    columns = [column[np.isfinite(column)] for column in kept.T]
    ends = np.array([
        np.percentile(one, [COMMON[0], 50, COMMON[1]]) if one.size else [np.nan] * 3 for one in columns
    ])  # fmt: skip
    low, median, high = ends.T
    return low, median, high


def _property(name: str, images: Floats, dataset: Floats, nyquist: float) -> Property:
    one, other = ([float(end[0]) for end in percentiles(values)] for values in (images, dataset))
    kind, value, (low, _, high) = PROPERTIES[name], one[1], other
    if kind.relative:
        alike = low / (1 + kind.tolerance) <= value <= high * (1 + kind.tolerance)
    else:
        alike = low - kind.tolerance <= value <= high + kind.tolerance
    words = kind.words
    if name.startswith("octave_"):
        k = int(name.removeprefix("octave_"))
        words += f" from {OCTAVES[k] * nyquist:.2g} to {OCTAVES[k + 1] * nyquist:.2g} 1/Å"
    return Property(words, (one[0], one[1], one[2]), (other[0], other[1], other[2]), bool(alike))


def _unlike_places(images: Floats, dataset: Floats) -> list[float]:
    (_, median, _), (low, _, high) = percentiles(images), percentiles(dataset)
    outside = (median < low - 0.25) | (median > high + 0.25)
    return [float(place) for place in DISTANCES[outside]]


def _notes(sizes: set[float], common: float, found: bool, images: Side) -> list[str]:
    said = []
    for size in sorted(sizes):
        if abs(size / common - 1) >= 1e-3:
            finer = "" if size < common else ", which leaves their highest frequencies empty"
            said.append(f"micrographs of {size:.4g} Å per pixel were resampled to the dataset's {common:g} Å{finer}")
    if not found:
        said.append("particles of the micrographs are not known, so contrast, sizes and edges were not compared")
    elif not np.isfinite(images.profiles).any():
        said.append("no particle with background around it was found in the micrographs")
    return said
