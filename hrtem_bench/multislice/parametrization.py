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
    """Symbols of the elements that a parametrization covers.

    Parameters
    ----------
    parametrization
        "lobato" or "kirkland".

    Returns
    -------
    tuple of str
        In the order of their atomic numbers.

    Raises
    ------
    InputError
        For another parametrization.
    """
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
    """First-Born electron scattering factor f(q) of a neutral atom, without the relativistic factor.

    Parameters
    ----------
    symbol
        Of the element.
    q
        Spatial frequency, 1/Å (= 2 sin θ/λ), any shape.
    parametrization
        "lobato" (I. Lobato, D. Van Dyck, Acta Cryst. A70 (2014) 636-649) or "kirkland" (E. J. Kirkland, Advanced
        Computing in Electron Microscopy, 2nd ed. (2010), appendix C).

    Returns
    -------
    array
        f, Å, shape of q.

    Raises
    ------
    InputError
        For an element or a parametrization that is not tabulated.
    """
    p = _coefficients(symbol, parametrization)
    q2 = np.asarray(q, float)[..., None] ** 2
    if parametrization == "lobato":
        a, b = p[:5], p[5:]
        return (a * (2 + b * q2) / (1 + b * q2) ** 2).sum(-1)
    a, b, c, d = p.reshape(4, 3)
    return (a / (q2 + b) + c * np.exp(-d * q2)).sum(-1)


def projected_potential(symbol: str, r: Any, parametrization: str = "lobato") -> Any:
    """Potential of one atom, projected along the beam: the two-dimensional transform of its scattering factor.

    In closed form, of `mott_bethe_constant() * scattering_factor`.

    Parameters
    ----------
    symbol, parametrization
        As of `scattering_factor`.
    r
        Distance from the atom's column, Å, above 0, any shape. The potential diverges as log r at 0.

    Returns
    -------
    array
        V Å, shape of r.

    Raises
    ------
    InputError
        For an element or a parametrization that is not tabulated.
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
