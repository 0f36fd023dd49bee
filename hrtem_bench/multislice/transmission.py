"""The transmission of one atom, band-limited without error: what a grid can carry of exp(iσV).

A grid of pixel size d carries frequencies up to 1/(2d), and the potential of a heavy atom reaches far beyond. Cutting
the potential off there and then taking exp(iσV) is the usual way, and its largest error: the exponential of a cut-off
peak is not the cut-off exponential. Here the order is reversed. For each element the exact transmission function
exp(iσV(r)) of a single atom, a function of one radius, is low-passed to the band first; its complex logarithm b(r) is
what the grid then holds. Logarithms of neighbours add, so t = exp(Σ b(r - r_j)) is exact for isolated atoms inside the
band and keeps the multiplicative overlap of tails. Re b < 0 is the intensity scattered beyond the band.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.multislice.parametrization import projected_potential
from hrtem_bench.physics import interaction_parameter

# Radii, Å, between which the integrals over r are split: the potential has a logarithm at 0 and a smooth tail.
_PANELS = (0.0, 1e-3, 5e-3, 0.02, 0.06, 0.15, 0.4, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0)

ROLL_OFF = 0.4
"""Part of Nyquist where the smooth low-pass of the real-space engine begins to fall."""


def quadrature(edges: Any, order: int) -> tuple[Any, Any]:
    """Nodes and weights of Gauss–Legendre quadrature over consecutive panels."""
    x, w = np.polynomial.legendre.leggauss(order)
    a, b = np.asarray(edges[:-1])[:, None], np.asarray(edges[1:])[:, None]
    return ((a + b) / 2 + (b - a) / 2 * x).ravel(), ((b - a) / 2 * w).ravel()


def roll_off(u: Any, begin: float, end: float) -> Any:
    """1 up to u = begin, 0 from u = end on, half a cosine between."""
    return 0.5 * (1 + np.cos(np.pi * np.clip((np.asarray(u, float) - begin) / (end - begin), 0, 1)))


def hankel(f: Any, x: Any, weights: Any, k: Any) -> Any:
    """2π ∫ f(x) J0(2πkx) x dx for nodes x with quadrature weights: the 2-D Fourier transform of a round function.

    It is its own inverse. f (n,), k (m,) -> (m,).
    """
    from scipy.special import j0

    return j0(2 * np.pi * np.outer(k, x)) @ (2 * np.pi * f * x * weights)


def log_transmission(symbol: str, q: Any, *, band: float, energy: float, parametrization: str = "lobato") -> Any:
    """Fourier transform, Å², of b(r) = log(LP[exp(iσV(r))]) for one atom at the origin.

    q: |spatial frequency|, 1/Å, 1-D. band: LP keeps |q| <= band, 1/Å. energy: eV. Returns complex128, shape of q.
    In the limit of a weak atom this is iσ·V̂(q) up to the band and nothing beyond; for a real one b has a weak tail
    beyond the band. Error of the numerical transforms: below 1e-5 of the value at q = 0.
    """
    sigma_e = interaction_parameter(energy)
    q = np.asarray(q, float)
    # The transform of exp(iσV) - 1 up to the band; wavelengths down to 1/band need a fraction of a panel each.
    order = int(24 + 8 * max(band, float(q.max(initial=0.0))))
    r, w = quadrature(_PANELS, order)
    scattered = np.exp(1j * sigma_e * projected_potential(symbol, r, parametrization)) - 1
    k, wk = quadrature(np.linspace(0, band, 9), 48)
    a_hat = hankel(scattered, r, w, k)
    a = hankel(a_hat, k, wk, r)  # low-passed, back in real space
    b = _logarithm(a)
    # b - a falls off fast, a does not (the sharp band rings), so a's own transform is taken as it is.
    inside = np.where(q <= band, hankel(scattered, r, w, q), 0)
    return inside + hankel(b - a, r, w, q)


def smooth_log_transmission(
    symbol: str, r: Any, *, nyquist: float, energy: float, parametrization: str = "lobato"
) -> Any:
    """b(r) = log(LP[exp(iσV(r))]) of one atom in real space, for a low-pass LP without a sharp edge.

    r: radii, Å, 1-D, ascending from 0 to where b has died away. LP falls from 1 at ROLL_OFF of `nyquist`, 1/Å, to 0
    at `nyquist`, as half a cosine, so that b falls off with r as the potential does and does not ring. Returns
    complex128, shape of r.
    """
    sigma_e = interaction_parameter(energy)
    nodes, w = quadrature(_PANELS, int(24 + 16 * nyquist))
    scattered = np.exp(1j * sigma_e * projected_potential(symbol, nodes, parametrization)) - 1
    k, wk = quadrature(np.linspace(0, nyquist, 9), 48)
    a_hat = hankel(scattered, nodes, w, k) * roll_off(k / nyquist, ROLL_OFF, 1.0)
    return _logarithm(hankel(a_hat, k, wk, np.asarray(r, float)))


def _logarithm(a: Any) -> Any:
    """log(1 + a) on the branch that is continuous from a -> 0 at the last of the ascending radii."""
    phase = np.unwrap(np.angle(1 + a)[::-1])[::-1]
    return np.log(np.abs(1 + a)) + 1j * (phase - 2 * np.pi * np.round(phase[-1] / (2 * np.pi)))
