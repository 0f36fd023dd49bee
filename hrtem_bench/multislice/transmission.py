"""The transmission of one atom, band-limited without error: what a grid can carry of exp(iσV).

A grid of pixel size d carries frequencies up to 1/(2d), and the potential of a heavy atom reaches far beyond. Cutting
the potential off there and then taking exp(iσV) is the usual way, and a large error: the exponential of a cut-off
peak is not the cut-off exponential. Here the order is reversed. For each element the exact transmission function
exp(iσV(r)) of a single atom, a function of one radius, is low-passed (LP) first; its complex logarithm b(r) is what the
grid then holds. Logarithms of neighbours add, so t = exp(Σ b(r - r_j)) is right for isolated atoms and keeps the
multiplicative overlap of tails. Re b < 0 is the intensity scattered beyond the band.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.multislice.parametrization import projected_potential
from hrtem_bench.physics import interaction_parameter
from hrtem_bench.physics.band import gauss_legendre

# Radii, Å, between which the integrals over r are split: the potential has a logarithm at 0 and a smooth tail.
_PANELS = (0.0, 1e-3, 5e-3, 0.02, 0.06, 0.15, 0.4, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0)


def roll_off(u: Any, begin: float, end: float) -> Any:
    """1 up to u = begin, 0 from u = end on, half a cosine between; a step where they are equal."""
    u = np.asarray(u, float)
    if begin == end:
        return np.where(u <= end, 1.0, 0.0)
    return 0.5 * (1 + np.cos(np.pi * np.clip((u - begin) / (end - begin), 0, 1)))


def hankel(f: Any, x: Any, weights: Any, k: Any) -> Any:
    """2π ∫ f(x) J0(2πkx) x dx for nodes x with quadrature weights: the 2-D Fourier transform of a round function.

    It is its own inverse. f (n,), k (m,) -> (m,).
    """
    from scipy.special import j0

    return j0(2 * np.pi * np.outer(k, x)) @ (2 * np.pi * f * x * weights)


def log_transmission(
    symbol: str, q: Any, *, low_pass: tuple[float, float], energy: float, parametrization: str = "lobato"
) -> Any:
    """Fourier transform of b(r) = log(LP[exp(iσV(r))]) for one atom at the origin: (n,) complex128, Å².

    q: |spatial frequency|, 1/Å, (n,). low_pass: (begin, end), 1/Å: LP falls from 1 to 0 between them, as half a cosine;
    a sharp edge where they are equal. energy: eV. In the limit of a weak atom this is iσV̂(q) times LP; for a real one
    b has a weak tail beyond LP's end. The error of the numerical transforms is below 1e-5 of the value at q = 0.
    """
    q = np.asarray(q, float)
    # Wavelengths down to 1/q need a fraction of a panel each.
    order = int(24 + 8 * max(low_pass[1], float(q.max(initial=0.0))))
    r, w = gauss_legendre(_PANELS, order)
    scattered = _scattered(symbol, r, energy, parametrization)
    a = _low_passed(scattered, r, w, low_pass, r)
    b = _logarithm(a)
    # b - a falls off fast, a need not (a sharp band rings), so a's own transform is taken as it is.
    return hankel(scattered, r, w, q) * roll_off(q, *low_pass) + hankel(b - a, r, w, q)


def log_transmission_at(
    symbol: str, r: Any, *, low_pass: tuple[float, float], energy: float, parametrization: str = "lobato"
) -> Any:
    """b(r) itself, the function whose transform is `log_transmission`, (n,) complex128.

    r: distances from the atom, Å, (n,), ascending from 0 to where b has died away.
    """
    nodes, w = gauss_legendre(_PANELS, int(24 + 16 * low_pass[1]))
    scattered = _scattered(symbol, nodes, energy, parametrization)
    return _logarithm(_low_passed(scattered, nodes, w, low_pass, np.asarray(r, float)))


def _scattered(symbol: str, r: Any, energy: float, parametrization: str) -> Any:
    """exp(iσV) - 1 of one atom at distances r, Å."""
    return np.exp(1j * interaction_parameter(energy) * projected_potential(symbol, r, parametrization)) - 1


def _low_passed(scattered: Any, nodes: Any, weights: Any, low_pass: tuple[float, float], r: Any) -> Any:
    """A round function, given at the nodes of a quadrature, after the low-pass, at distances r."""
    k, wk = gauss_legendre(np.linspace(0, low_pass[1], 9), 48)
    return hankel(hankel(scattered, nodes, weights, k) * roll_off(k, *low_pass), k, wk, r)


def _logarithm(a: Any) -> Any:
    """log(1 + a) on the branch that is continuous from a -> 0 at the last of the ascending radii."""
    phase = np.unwrap(np.angle(1 + a)[::-1])[::-1]
    return np.log(np.abs(1 + a)) + 1j * (phase - 2 * np.pi * np.round(phase[-1] / (2 * np.pi)))
