"""Artificial results: a smooth made-up curve, no model and no simulation behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.evaluation.examples import Example
from hrtem_bench.scoring.results import Results

HOSTILE = "<script>alert('x')</script> \"&\" $\\frac{1}$ \x07 --> U-Net"
DEFOCUS = tuple(float(value) for value in range(-25, 30, 5))


def condition_id(value: float) -> str:
    return f"defocus={value:g}nm"


def artificial_point(value: float, trained: tuple[float, ...]) -> dict[str, Any]:
    """A point of a curve: best where trained, worst in focus."""
    shift = min(abs(value - own) for own in trained)
    sigma = float(np.exp(-((shift / 40) ** 2)))
    dice = float(0.92 - 0.4 * (1 - sigma) - 0.3 * np.exp(-((value / 4) ** 2)))
    nll = float(0.05 + 0.6 * (0.92 - dice))
    measured = {"dice": dice, "iou": dice / (2 - dice), "nll": nll}
    pooled = {"brier": nll / 3, "calibration_error": 0.1 * (1 - sigma), "surface_dice": 0.9 * dice, "f1": 0.95 * dice}
    bins = np.linspace(0.05, 0.95, 10)
    shares = 1 / (1 + np.exp(-6 * sigma * (bins - 0.5)))
    return {
        "condition": condition_id(value), "C10": -10 * value, "value": value, "in_distribution": value in trained,
        "epsilon": float(0.2 * (1 - np.exp(-((value / 6) ** 2))) + 0.02), "sigma": sigma, "coverage": sigma**2,
        "n_images": 12, "n_structures": 12,
        "scores": {key: {"value": mean, "low": mean - 0.02, "high": mean + 0.02} for key, mean in measured.items()}
        | {key: {"value": mean} for key, mean in pooled.items()},
        "dice_band": {"value": dice, "low": dice - 0.035, "high": dice + 0.035},
        "reliability": {
            "confidence": [*bins.tolist()[:-1], None], "accuracy": [*shares.tolist()[:-1], None],
            "count": [5000, 300, 200, 100, 80, 80, 100, 200, 900, 0],
        },
    }  # fmt: skip


def artificial_results(name: str = "U-Net, small", trained: tuple[float, ...] = (-10.0,)) -> dict[str, Any]:
    """The content of a results.json with smooth made-up scores: best where trained, worst in focus."""
    curve = [artificial_point(value, trained) for value in DEFOCUS]
    inside, outside = (
        [p["scores"]["dice"]["value"] for p in curve if p["in_distribution"] is own] for own in (True, False)
    )
    gap = float(np.mean(inside) - np.mean(outside))
    return {
        "schema_version": 2,
        "model": {
            "name": name, "kind": "baseline", "path": "baselines/unet_small", "checksum": "sha256:" + "ab" * 32,
            "parameters": 487_000,
        },
        "dataset": {
            "name": "artificial", "version": "0.0", "checksum": "sha256:" + "cd" * 32, "track": "defocus",
            "axis": "defocus", "unit": "nm", "split": "test",
        },
        "train": {"conditions": [condition_id(value) for value in trained]},
        "curve": curve,
        "summary": {
            "scores": {
                "id_dice": {"value": float(np.mean(inside))}, "ood_dice": {"value": float(np.mean(outside))},
                "id_ood_gap": {"value": gap, "low": gap - 0.03, "high": gap + 0.03},
                "worst_dice": {"value": 0.6, "low": 0.58, "high": 0.62},
                "area_dice": {"value": 0.81, "low": 0.79, "high": 0.83},
                "width_95": {"value": 11.4, "low": 9.0, "high": 13.0},
                "breakdown_below": {"value": -25.0}, "breakdown_above": {"value": -2.5},
                "spearman_sigma_nll": {"value": -0.71}, "spearman_sigma_dice": {"value": 0.71},
            },
            "censored": ["breakdown_below"], "worst_condition": "defocus=0nm", "best_condition": "defocus=-10nm",
            "span": [-25.0, 25.0],
        },
        "settings": {
            "q_max": 1.25, "bootstrap_samples": 2000, "confidence": 0.95, "seed": 0, "batch_size": 8,
            "threshold": 0.5, "limit": None, "official": True,
        },
        "provenance": {
            "versions": {"hrtem-bench": "0.1.0", "numpy": "2.4"},
            "command": "hrtem-bench evaluate unet_small", "date": "2024-01-01",
        },
    }  # fmt: skip


def artificial_images(seed: int = 0, side: int = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A noisy image with a disc, its mask, and a blurred guess of it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    radius = np.hypot(y - 0.4 * side, x - 0.55 * side)
    mask = (radius < 0.25 * side).astype(np.uint8)
    image = rng.poisson(20 * (1 + 0.3 * mask * np.cos(0.9 * x))).astype(np.float32)
    return image, mask, (1 / (1 + np.exp((radius - 0.22 * side) / 2))).astype(np.float32)


def artificial_per_image(curve: list[dict[str, Any]], structures: int = 12) -> dict[str, np.ndarray]:
    """One image per structure and condition, Dice spread evenly about the condition's mean."""
    spread = np.linspace(-0.04, 0.04, structures)
    return {
        "structure_id": np.tile([f"s{i:02d}" for i in range(structures)], len(curve)),
        "condition_id": np.repeat([point["condition"] for point in curve], structures),
        "dice": np.concatenate([point["scores"]["dice"]["value"] + spread for point in curve]),
        "mask_sha256": np.full(len(curve) * structures, "0" * 64),
    }


def make_results(name: str = "U-Net, small", trained: tuple[float, ...] = (-10.0,), **parts: Any) -> Results:
    """Artificial results; `parts` replace fields, e.g. settings={"official": False}."""
    plain = artificial_results(name, trained)
    for key, values in parts.items():
        plain[key] = {**plain[key], **values} if isinstance(values, dict) else values
    return msgspec.convert(plain, Results)


@pytest.fixture(name="make_results", scope="session")
def make_results_fixture() -> Callable[..., Results]:
    return make_results


@pytest.fixture(scope="session")
def results() -> Results:
    return make_results()


@pytest.fixture(scope="session")
def per_image(results: Results) -> dict[str, np.ndarray]:
    return artificial_per_image(msgspec.to_builtins(results.curve))


@pytest.fixture(scope="session")
def examples(results: Results) -> list[Example]:
    image, mask, probability = artificial_images()
    dice = {point.condition: point.dice.value for point in results.curve}
    return [
        Example(condition_id(value), "s05", image, mask, probability, dice[condition_id(value)], 0.4, title)
        for value, title in ((-10.0, "best condition"), (0.0, "worst condition"))
    ]


@pytest.fixture(scope="session")
def conditions() -> dict[str, Condition]:
    return {condition_id(value): Condition(C10=-10 * value, focal_spread=10.0) for value in DEFOCUS}


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE
