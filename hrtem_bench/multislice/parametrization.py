"""Electron scattering factors and projected potentials of neutral atoms, from the published tables."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError

PARAMETRIZATIONS = ("lobato", "kirkland")


@lru_cache(maxsize=len(PARAMETRIZATIONS))
def _table(parametrization: str) -> dict[str, Any]:
    if parametrization not in PARAMETRIZATIONS:
        raise InputError(f"unknown parametrization {parametrization!r}: known are {', '.join(PARAMETRIZATIONS)}")
    text = (files("hrtem_bench.multislice") / "tables" / f"{parametrization}.csv").read_text()
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith(("#", "symbol"))]
    return {row[0]: np.array([float(v) for v in row[1:]]) for row in rows}


def elements(parametrization: str = "lobato") -> tuple[str, ...]:
    """Symbols of the elements a parametrization covers."""
    return tuple(_table(parametrization))


def _coefficients(symbol: str, parametrization: str) -> Any:
    table = _table(parametrization)
    if symbol not in table:
        raise InputError(f"no scattering factor for element {symbol!r} in the {parametrization} parametrization")
    return table[symbol]


def mott_bethe_constant() -> float:
    """h² / (2π m e) = 47.878 V Å²: turns a scattering factor (Å) into a projected potential's transform (V Å³)."""
    from scipy import constants as si

    return float(si.h**2 / (2 * np.pi * si.m_e * si.e) * 1e20)


def scattering_factor(symbol: str, q: Any, parametrization: str = "lobato") -> Any:
    """First-Born electron scattering factor f(q), Å, without the relativistic factor.

    q: spatial frequency, 1/Å, any shape (= 2 sin θ/λ). parametrization: "lobato" (Lobato and Van Dyck 2014) or
    "kirkland" (Kirkland 2010). Raises InputError for an element or parametrization that is not tabulated.
    """
    p = _coefficients(symbol, parametrization)
    q2 = np.asarray(q, float)[..., None] ** 2
    if parametrization == "lobato":
        a, b = p[:5], p[5:]
        return (a * (2 + b * q2) / (1 + b * q2) ** 2).sum(-1)
    a, b, c, d = p.reshape(4, 3)
    return (a / (q2 + b) + c * np.exp(-d * q2)).sum(-1)


def projected_potential(symbol: str, r: Any, parametrization: str = "lobato") -> Any:
    """Projected potential of one atom, V Å, at distance r > 0 (Å) from its column; diverges as log r at 0.

    The two-dimensional Fourier transform of `mott_bethe_constant() * scattering_factor`, in closed form.
    """
    from scipy.special import k0, k1

    p = _coefficients(symbol, parametrization)
    r = np.asarray(r, float)[..., None]
    if parametrization == "lobato":
        a, b = p[:5], p[5:]
        x = 2 * np.pi * r / np.sqrt(b)
        shape = (2 * np.pi * a / b * (k0(x) + x * k1(x) / 2)).sum(-1)
    else:
        a, b, c, d = p.reshape(4, 3)
        lorentzian = 2 * np.pi * a * k0(2 * np.pi * r * np.sqrt(b))
        shape = (lorentzian + np.pi * c / d * np.exp(-((np.pi * r) ** 2) / d)).sum(-1)
    return mott_bethe_constant() * shape
