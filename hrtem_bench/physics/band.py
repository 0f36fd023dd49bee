"""Quadrature over the band |q| <= q_max, fine enough for the oscillations of given conditions.

The integrands are products of |sin χ|, whose kinks and oscillations follow |∇χ|. Radially the band is cut
into panels over which χ of no condition changes by more than `_PANEL_PHASE`, with 4-point Gauss-Legendre in
each; apertures fall on panel edges. Around the circle, where it matters at all, the points are uniform.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, ConditionSet, coefficients
from hrtem_bench.errors import InputError
from hrtem_bench.physics.aberrations import chi_gradient
from hrtem_bench.physics.constants import wavelength
from hrtem_bench.physics.transfer import envelope

Weight = str | Callable[[np.ndarray], np.ndarray]
"""How a band is weighted: "area" (2-D, q dq dφ), "radial" (dq dφ), or a power spectrum S(q) on the area."""

# Phase per panel (rad), and least number of panels. Around the circle the errors at the kinks average out.
_ROUND_PHASE, _ROUND_PANELS, _ROUND_PANELS_MAX = 0.5, 4096, 2**17
_POLAR_PHASE, _POLAR_PANELS, _POLAR_NODES_MAX = 1.0, 256, 2**21
_ANGLES = 96  # least number of angles around the full circle
_PROFILE_ANGLES = 24
_EQUAL = 1e-6  # of a turn: steps of an angle that differ by less are equal
_NEGLIGIBLE = 1e-6  # envelope below which oscillations need not be followed


@dataclass(frozen=True)
class Band:
    """Quadrature nodes of the band and their weights.

    q: (n, 1) 1/Å, ascending. phi: (m,) rad, over a period common to all; m = 1 where every condition is round. weight:
    (n, 1), each node's share of the whole band; all n m shares add up to 1.
    """

    q: np.ndarray
    phi: np.ndarray
    weight: np.ndarray

    def mean(self, values: np.ndarray) -> float:
        """Weighted mean over the band of values at the nodes, shape (n, m) or (n, 1)."""
        return float(np.sum(self.weight[:, 0] * np.mean(values, axis=1)) * len(self.phi))


def band(sets: Sequence[ConditionSet], q_max: float, weight: Weight) -> Band:
    """The nodes and weights that integrate functions of P(q) of these sets over |q| <= q_max.

    q_max in 1/Å. Raises InputError for a q_max that is not positive and finite, or an unknown or unusable
    weight.
    """
    if not (math.isfinite(q_max) and q_max > 0):
        raise InputError(f"q_max must be positive and finite, in 1/Å, not {q_max}")
    conditions = [c for members in sets for c in members.conditions]
    symmetry = math.gcd(*map(set_symmetry, sets))
    radial_slope, angular_slope, profile_q = _slopes(conditions, q_max, rotational_symmetry(conditions))
    phase, panels = (_ROUND_PHASE, _ROUND_PANELS) if symmetry == 0 else (_POLAR_PHASE, _POLAR_PANELS)
    density = radial_slope / phase + panels / q_max
    steps = 0.5 * (density[1:] + density[:-1]) * np.diff(profile_q)
    count = np.concatenate([[0.0], np.cumsum(steps)])
    n, m = math.ceil(count[-1]), 1
    if symmetry == 0:
        n = min(n, _ROUND_PANELS_MAX)
    else:
        m = math.ceil((4 * angular_slope + _ANGLES) / symmetry)
        shrink = min(1.0, math.sqrt(_POLAR_NODES_MAX / (4.0 * n * m)))
        n, m = math.ceil(n * shrink), math.ceil(m * shrink)
    edges = np.interp(np.linspace(0.0, count[-1], n + 1), count, profile_q)
    q, length = gauss_legendre(_with_apertures(edges, conditions, q_max), 4)
    share = length * _weight_at(q, weight)
    if not (np.isfinite(share).all() and (share >= 0).all() and share.sum() > 0):
        raise InputError("the weight must be finite, not negative, and not zero over the whole band")
    phi = 2 * np.pi / max(symmetry, 1) * (np.arange(m) + 0.5) / m
    return Band(q[:, None], phi, (share / share.sum() / m)[:, None])


def rotational_symmetry(conditions: Sequence[Condition]) -> int:
    """The g for which T(q) of every condition has period 2π/g in φ; 0 where all are round."""
    return math.gcd(*(COEFFICIENTS[name][1] for c in conditions for name in coefficients(c)))


def set_symmetry(members: ConditionSet) -> int:
    """The g for which P(q) of a set has period 2π/g in φ; 0 where all members are round.

    A coefficient whose angle takes k equal steps around the circle, all else alike, has k times the symmetry of each
    member: astigmatism of every direction is nearly round, and a small part of the circle is all there is to know.
    """
    angles: dict[tuple[int, object], list[float]] = defaultdict(list)
    for c, weight in zip(members.conditions, members.weights, strict=True):
        known = coefficients(c)
        turned = [name for name in known if COEFFICIENTS[name][1]]
        if len(turned) > 1:
            return rotational_symmetry(members.conditions)
        sizes = tuple((name, size) for name, (size, _) in known.items())
        alike = (weight, sizes, c.energy, c.focal_spread, c.angular_spread, c.aperture)
        for name in turned:
            angles[COEFFICIENTS[name][1], alike].append(known[name][1])
    return math.gcd(*(order * _equal_steps(order, found) for (order, _), found in angles.items()))


def _equal_steps(order: int, angles: Sequence[float]) -> int:
    """How many angles there are, if they are equal steps around the period 2π/order; else 1."""
    turns = np.sort(np.asarray(angles) * order / (2 * np.pi) % 1.0)
    steps = np.diff(turns, append=turns[0] + 1.0)
    return len(turns) if np.allclose(steps, 1 / len(turns), rtol=0, atol=_EQUAL) else 1


def _slopes(conditions: Sequence[Condition], q_max: float, symmetry: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Largest |∂χ/∂q| at each q (rad Å), largest |∂χ/∂φ| (rad), where anything is transferred; and the q."""
    angles = 1 if symmetry == 0 else _PROFILE_ANGLES
    phi = 2 * np.pi / max(symmetry, 1) * np.arange(angles) / angles
    q = np.linspace(0.0, q_max, 1025 if symmetry == 0 else 257)
    cos, sin = np.cos(phi), np.sin(phi)
    qx, qy = q[:, None] * cos, q[:, None] * sin
    radial, angular = np.zeros_like(q), 0.0
    for c in conditions:
        along_x, along_y = chi_gradient(qx, qy, c)
        seen = envelope(qx, qy, c) > _NEGLIGIBLE
        radial = np.maximum(radial, np.max(np.abs(along_x * cos + along_y * sin) * seen, axis=1))
        angular = max(angular, float(np.max(np.abs(along_y * qx - along_x * qy) * seen)))
    return radial, angular, q


def _with_apertures(edges: np.ndarray, conditions: Sequence[Condition], q_max: float) -> np.ndarray:
    cuts = {1e-3 * c.aperture / wavelength(c.energy) for c in conditions if c.aperture is not None}
    return np.union1d(edges, [cut for cut in cuts if cut < q_max])


def gauss_legendre(edges: Any, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the rule of that order in each panel between neighbouring edges, flattened."""
    node, weight = np.polynomial.legendre.leggauss(order)
    edges = np.asarray(edges)[:, None]
    half, middle = 0.5 * (edges[1:] - edges[:-1]), 0.5 * (edges[1:] + edges[:-1])
    return (middle + half * node).ravel(), (half * weight).ravel()


def _weight_at(q: np.ndarray, weight: Weight) -> np.ndarray:
    if callable(weight):
        return q * np.broadcast_to(np.asarray(weight(q.copy()), dtype=float), q.shape)
    if weight == "area":
        return q
    if weight == "radial":
        return np.ones_like(q)
    raise InputError(f"unknown weight {weight!r}: use 'area', 'radial' or a function of q in 1/Å")
