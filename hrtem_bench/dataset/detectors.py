"""The detector of a recipe: which one records the images, and what it makes of the counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET

from hrtem_bench.dataset.recipe_tables import Curve, Recipe, Recorder
from hrtem_bench.errors import InputError
from hrtem_bench.support.toml_tables import key_error

CURVES = ("mtf", "ntf", "dqe")


def embed_curves(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The tables of a recipe with the curve of every file in place of its path, relative to `folder`."""
    table = raw.get("detector")
    if not isinstance(table, Mapping):
        return dict(raw)
    return {**raw, "detector": {key: _from_file(value, folder) for key, value in table.items()}}


def _from_file(curve: Any, folder: Path) -> Any:
    if not isinstance(curve, Mapping) or not isinstance(curve.get("file"), str):
        return curve
    from hrtem_bench.imaging import read_curve

    found = read_curve(folder / curve["file"])
    return {"frequency": list(found.frequency), "value": list(found.value)}


def detector_of(recipe: Recipe) -> Any:
    """The `imaging.Detector` of a recipe; None for ideal counting. InputError, with the key, for what cannot be."""
    if recipe.detector is UNSET:
        return None
    from hrtem_bench.imaging import Detector, camera

    asked = recipe.detector
    own = {name: getattr(asked, name) for name in (*CURVES, "dqe0", "gain", "read_noise")}
    given = {name: value for name, value in own.items() if value is not None}
    if asked.camera is not None:
        if given:
            raise key_error("detector.camera", asked.camera, f"a camera comes with its own {', '.join(given)}")
        try:
            return camera(asked.camera)
        except InputError as error:
            raise InputError(f"detector.camera: {error}") from None
    curves = {name: _curve(value, f"detector.{name}") for name, value in given.items() if name in CURVES}
    try:
        return Detector(**(given | curves))
    except InputError as error:
        raise InputError(f"detector: {error}") from None


def _curve(curve: Curve, where: str) -> Any:
    from hrtem_bench.imaging import GaussianCurve, LorentzianCurve, PixelCurve, TableCurve

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


def mean_counts(recipe: Recipe, dose: float) -> tuple[float, float]:
    """(pedestal, mean above it) in counts per pixel, where no electron is scattered out of the image."""
    electrons = dose * recipe.sampling.pixel_size**2
    if recipe.detector is UNSET:
        return 0.0, electrons
    return float(recipe.detector.offset), electrons * detector_of(recipe).gain


def noise_variance(recipe: Recipe, dose: float) -> float:
    """Variance of a pixel's counts, where NTF is 1."""
    electrons, detector = dose * recipe.sampling.pixel_size**2, detector_of(recipe)
    if detector is None:
        return electrons
    return float(detector.gain**2 * electrons / detector.counted_share + detector.read_noise**2)


def digitised(counts: Any, recipe: Recipe) -> Any:
    """What is written for a detector's counts (ny, nx): whole numbers above the pedestal, float32, none below 0."""
    if recipe.detector is UNSET:
        return counts
    return np.maximum(np.rint(counts + np.float32(recipe.detector.offset)), 0)


def described(recipe: Recipe) -> str:
    """The detector in words, for the card."""
    if recipe.detector is UNSET:
        return "ideal counting. Counts are Poisson deviates of intensity × dose × pixel area."
    table: Recorder = recipe.detector
    detector = detector_of(recipe)
    name = table.camera or "as the recipe gives it, with " + (
        ", ".join(name.upper() for name in CURVES if getattr(table, name) is not None) or "no blur"
    )
    return (
        f"{name}. DQE(0) {detector.counted_share:g}, {detector.gain:g} counts per incident electron, read noise of "
        f"{detector.read_noise:g} counts (standard deviation), {table.offset} counts added to every pixel, rounded."
    )
