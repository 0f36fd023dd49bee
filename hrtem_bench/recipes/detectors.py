"""The detector of a recipe: which one records an image, how it varies, and what is written of its counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import UNSET

from hrtem_bench.errors import InputError
from hrtem_bench.imaging import (
    Detector,
    DetectorSpread,
    GaussianCurve,
    LorentzianCurve,
    PixelCurve,
    TableCurve,
    camera,
    gain_against_rounding,
    rounding_share,
    varied,
)
from hrtem_bench.imaging.detector import ROUNDING_LIMIT
from hrtem_bench.recipes.tables import CameraTrack, CurveTable, Recipe, Recorder
from hrtem_bench.support.toml_tables import key_error

CURVES = ("mtf", "ntf", "dqe")


@dataclass(frozen=True)
class Readout:
    """What records an image: a detector, None for ideal counting, and the counts added to every pixel."""

    detector: Detector | None = None
    offset: int = 0

    @property
    def gain(self) -> float:
        """Counts per incident electron, above the offset."""
        return 1.0 if self.detector is None else float(self.detector.gain)


def recording_of(recipe: Recipe, camera: str = "") -> Readout:
    """The recording with a recipe's detector, without its spread.

    camera: "track.name" of a track's camera; "" for that of [detector]. InputError, with the key, for a detector that
    is not possible.
    """
    asked, where = _recorder(recipe, camera)
    return Readout() if asked is None else Readout(_detector(asked, where), asked.offset)


def drawn_recording(recipe: Recipe, camera: str, generator: np.random.Generator) -> Readout:
    """The recording of one image: the detector drawn from its ranges, if it has any."""
    nominal, spread = recording_of(recipe, camera), spread_of(recipe, camera)
    if spread is None or nominal.detector is None:
        return nominal
    return Readout(varied(nominal.detector, spread, generator), nominal.offset)


def spread_of(recipe: Recipe, camera: str = "") -> DetectorSpread | None:
    """The spread of a recipe's detector; None if it is the same for every image."""
    asked, where = _recorder(recipe, camera)
    if asked is None or asked.spread is UNSET:
        return None
    try:
        return DetectorSpread(asked.spread.width, asked.spread.dqe0, asked.spread.gain)
    except InputError as error:
        raise InputError(f"{where}.spread: {error}") from None


def _recorder(recipe: Recipe, camera: str) -> tuple[Recorder | None, str]:
    """(the table, None for ideal counting; its name in the file)."""
    if not camera:
        return (None if recipe.detector is UNSET else recipe.detector), "detector"
    track, name = camera.split(".", 1)
    cameras = recipe.tracks[track]
    assert isinstance(cameras, CameraTrack)
    return cameras.cameras[name], f"tracks.{track}.cameras.{name}"


def _detector(asked: Recorder, where: str) -> Detector:
    own = {name: getattr(asked, name) for name in (*CURVES, "dqe0", "gain", "read_noise")}
    given = {name: value for name, value in own.items() if value is not None}
    if asked.camera is not None:
        if given:
            raise key_error(f"{where}.camera", asked.camera, f"a camera comes with its own {', '.join(given)}")
        try:
            return camera(asked.camera)
        except InputError as error:
            raise InputError(f"{where}.camera: {error}") from None
    curves = {name: _curve(value, f"{where}.{name}") for name, value in given.items() if name in CURVES}
    try:
        return Detector(**(given | curves))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _curve(curve: CurveTable, where: str) -> Any:
    given = [name for name in ("gaussian", "lorentzian", "pixel", "value") if getattr(curve, name) is not None]
    if len(given) != 1 or (curve.frequency is None) != (curve.value is None):
        raise InputError(
            f"{where}: give one of gaussian, lorentzian, pixel = true, file, or frequency and value together"
        )
    try:
        if curve.gaussian is not None:
            return GaussianCurve(curve.gaussian)
        if curve.lorentzian is not None:
            return LorentzianCurve(curve.lorentzian)
        return PixelCurve() if curve.pixel else TableCurve(tuple(curve.frequency or ()), tuple(curve.value or ()))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def noise_variance(recording: Readout, electrons: float) -> float:
    """Variance of a pixel's counts at frequencies where NTF is 1."""
    detector = recording.detector
    if detector is None:
        return electrons
    return float(detector.gain**2 * electrons / detector.counted_share + detector.read_noise**2)


def check_rounding(recipe: Recipe, camera: str, electrons: float) -> None:
    """Refuse a detector for which rounding adds more than 1 % of noise variance, at the worst of its spread."""
    detector, spread = recording_of(recipe, camera).detector, spread_of(recipe, camera)
    if detector is None:
        return
    if spread is not None:
        lowest = {name: ends and (ends[0],) * 2 for name, ends in (("width", spread.width), ("gain", spread.gain))}
        worst = DetectorSpread(**lowest, dqe0=spread.dqe0 and (spread.dqe0[1],) * 2)
        detector = varied(detector, worst, np.random.default_rng(0))
    share = rounding_share(detector, electrons)
    if share > ROUNDING_LIMIT:
        _, where = _recorder(recipe, camera)
        raise InputError(
            f"{where}.gain: with {electrons:.3g} electrons per pixel, rounding to whole counts adds "
            f"{100 * share:.2g} % to the variance of the noise, and {100 * ROUNDING_LIMIT:g} % is allowed: "
            f"give a gain of {np.ceil(100 * gain_against_rounding(detector, electrons)) / 100:g} or more"
        )


def digitised(counts: Any, recording: Readout) -> Any:
    """A detector's counts (ny, nx) as they are written: whole numbers, the pedestal added, float32, not below 0."""
    if recording.detector is None:
        return counts
    return np.maximum(np.rint(counts + np.float32(recording.offset)), 0)


def detector_words(recipe: Recipe) -> str:
    """The detector in words, for the card."""
    table, _ = _recorder(recipe, "")
    detector, spread = recording_of(recipe).detector, spread_of(recipe)
    if table is None or detector is None:
        return "ideal counting. Counts are Poisson deviates of intensity × dose × pixel area."
    name = table.camera or "as the recipe gives it, with " + (
        ", ".join(name.upper() for name in CURVES if getattr(table, name) is not None) or "no blur"
    )
    ranges = {"width": "the width of its curves × ", "dqe0": "DQE(0) ", "gain": "a gain of "}
    varies = [
        f"{words}{ends[0]:g} to {ends[1]:g}"
        for field, words in ranges.items()
        if (ends := getattr(spread, field, None))
    ]
    return (
        f"{name}. DQE(0) {detector.counted_share:g}, {detector.gain:g} counts per incident electron, read noise of "
        f"{detector.read_noise:g} counts (standard deviation), {table.offset} counts added to every pixel, rounded."
        + (f" From image to image it varies: {', '.join(varies)}." if varies else "")
    )
