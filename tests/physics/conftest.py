"""Array libraries and random conditions for the physics tests."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from hrtem_bench import Condition, wavelength
from hrtem_bench.conditions import COEFFICIENTS


@pytest.fixture(params=["numpy", "torch", pytest.param("cupy", marks=pytest.mark.gpu)])
def library(request: pytest.FixtureRequest) -> ModuleType:
    """NumPy, PyTorch, or CuPy where there is a GPU."""
    module = pytest.importorskip(request.param)
    if request.param == "cupy" and not module.cuda.is_available():
        pytest.skip("no CUDA GPU")
    return module


def _random_condition(seed: int, q_max: float = 2.0, phase: float = 20.0, energy: float = 200e3) -> Condition:
    """Every coefficient and angle drawn; each term reaches at most `phase` (rad) at q_max."""
    rng = np.random.default_rng(seed)
    alpha = wavelength(energy) * q_max
    values: dict[str, float] = {}
    for name, (n, m) in COEFFICIENTS.items():
        scale = 2 * np.pi / wavelength(energy) * alpha ** (n + 1) / (n + 1)
        values[name] = rng.uniform(-1, 1) * phase / scale
        if m:
            values["phi" + name[1:]] = rng.uniform(-np.pi, np.pi)
    return Condition(energy=energy, C10=values.pop("C10"), C30=values.pop("C30"), aberrations=values)


@pytest.fixture(params=range(4))
def drawn(request: pytest.FixtureRequest) -> Condition:
    """A condition with all fourteen coefficients and ten angles drawn."""
    return _random_condition(request.param)
