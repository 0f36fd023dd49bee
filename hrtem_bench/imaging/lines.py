"""Numba kernels: the Fourier transforms of LANES lines side by side, each operation on all of them at once.

A block is LANES lines of n complex numbers, (n, STEP) float32: in row k the real parts of the lines' numbers k, then
their imaginary parts. The transform is the inverse one, sums of x exp(+2πi j k / n), without a factor; exchanging real
and imaginary parts before and after makes it the forward one. Source of the algorithm: Stockham's, in Van Loan,
Computational Frameworks for the Fast Fourier Transform (1992), 1.7. Radices are 8, 5, 4, 3 and 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core.compiler import Compiler

from hrtem_bench.support.numba_kernels import kernel

F = np.float32
LANES = 32
STEP = 2 * LANES


class _Disjoint(Compiler):
    """Compiles functions whose array arguments never overlap; without knowing that, it makes no vector code of them."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


PLAIN: dict[str, Any] = {"nogil": True, "_nrt": False}
"""For functions that allocate nothing: not counting references to parts of arrays, they take a third of the time."""
DISJOINT: dict[str, Any] = PLAIN | {"fastmath": {"contract", "nsz", "arcp"}, "pipeline_class": _Disjoint}
_H = F(np.sqrt(0.5))
_S3 = F(np.sqrt(0.75))
_C1, _C2 = (F(np.cos(2 * np.pi * k / 5)) for k in (1, 2))
_S1, _S2 = (F(np.sin(2 * np.pi * k / 5)) for k in (1, 2))


def radices(n: int) -> Any:
    """The radices of a transform of n points, int64; none where n has a prime above 5, or is 1."""
    found = []
    for radix in (8, 4, 2, 5, 3):
        while n % radix == 0:
            found.append(radix)
            n //= radix
    return np.array(found if n == 1 else [], np.int64)


def twiddles(radix: Any) -> Any:
    """Flat float32: for each pass and each p, the factors exp(2πi p r / n) of r from 1 on, real and imaginary.

    radix: as of `radices`. n is the number of points that are still to be transformed, and p goes to n / radix.
    """
    parts, n = [np.zeros(0)], int(np.prod(radix))
    for r in radix:
        angle = 2 * np.pi * np.outer(np.arange(n // r), np.arange(1, r)) / n
        parts.append(np.stack([np.cos(angle), np.sin(angle)], axis=-1).ravel())
        n //= r
    return np.concatenate(parts).astype(F)


@kernel(**DISJOINT)
def put(y: Any, v: int, re: Any, im: Any, wr: Any, wi: Any) -> None:
    """Number v of y is (re + i im) (wr + i wi)."""
    y[v], y[LANES + v] = re * wr - im * wi, re * wi + im * wr


@kernel(**DISJOINT)
def butterfly2(y0: Any, y1: Any, x0: Any, x1: Any, w: Any) -> None:
    ur, ui = w[0], w[1]
    for v in range(LANES):
        y0[v], y0[LANES + v] = x0[v] + x1[v], x0[LANES + v] + x1[LANES + v]
        put(y1, v, x0[v] - x1[v], x0[LANES + v] - x1[LANES + v], ur, ui)


@kernel(**DISJOINT)
def butterfly3(y0: Any, y1: Any, y2: Any, x0: Any, x1: Any, x2: Any, w: Any) -> None:
    ur, ui, vr, vi = w[0], w[1], w[2], w[3]
    for v in range(LANES):
        sr, si = x1[v] + x2[v], x1[LANES + v] + x2[LANES + v]
        dr, di = _S3 * (x2[LANES + v] - x1[LANES + v]), _S3 * (x1[v] - x2[v])
        y0[v], y0[LANES + v] = x0[v] + sr, x0[LANES + v] + si
        cr, ci = x0[v] - F(0.5) * sr, x0[LANES + v] - F(0.5) * si
        put(y1, v, cr + dr, ci + di, ur, ui)
        put(y2, v, cr - dr, ci - di, vr, vi)


@kernel(**DISJOINT)
def butterfly4(y0: Any, y1: Any, y2: Any, y3: Any, x0: Any, x1: Any, x2: Any, x3: Any, w: Any) -> None:
    w1r, w1i, w2r, w2i, w3r, w3i = w[0], w[1], w[2], w[3], w[4], w[5]
    for v in range(LANES):
        ar, ai = x0[v] + x2[v], x0[LANES + v] + x2[LANES + v]
        br, bi = x0[v] - x2[v], x0[LANES + v] - x2[LANES + v]
        cr, ci = x1[v] + x3[v], x1[LANES + v] + x3[LANES + v]
        dr, di = x3[LANES + v] - x1[LANES + v], x1[v] - x3[v]
        y0[v], y0[LANES + v] = ar + cr, ai + ci
        put(y1, v, br + dr, bi + di, w1r, w1i)
        put(y2, v, ar - cr, ai - ci, w2r, w2i)
        put(y3, v, br - dr, bi - di, w3r, w3i)


@kernel(**DISJOINT)
def butterfly5(
    y0: Any, y1: Any, y2: Any, y3: Any, y4: Any, x0: Any, x1: Any, x2: Any, x3: Any, x4: Any, w: Any
) -> None:
    w1r, w1i, w2r, w2i, w3r, w3i, w4r, w4i = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
    for v in range(LANES):
        zr, zi = x0[v], x0[LANES + v]
        sr, si = x1[v] + x4[v], x1[LANES + v] + x4[LANES + v]
        tr, ti = x2[v] + x3[v], x2[LANES + v] + x3[LANES + v]
        dr, di = x4[LANES + v] - x1[LANES + v], x1[v] - x4[v]
        er, ei = x3[LANES + v] - x2[LANES + v], x2[v] - x3[v]
        y0[v], y0[LANES + v] = zr + sr + tr, zi + si + ti
        ar, ai = zr + _C1 * sr + _C2 * tr, zi + _C1 * si + _C2 * ti
        br, bi = zr + _C2 * sr + _C1 * tr, zi + _C2 * si + _C1 * ti
        cr, ci = _S1 * dr + _S2 * er, _S1 * di + _S2 * ei
        gr, gi = _S2 * dr - _S1 * er, _S2 * di - _S1 * ei
        put(y1, v, ar + cr, ai + ci, w1r, w1i)
        put(y2, v, br + gr, bi + gi, w2r, w2i)
        put(y3, v, br - gr, bi - gi, w3r, w3i)
        put(y4, v, ar - cr, ai - ci, w4r, w4i)


@kernel(**DISJOINT)
def butterfly8(
    y0: Any, y1: Any, y2: Any, y3: Any, y4: Any, y5: Any, y6: Any, y7: Any,
    x0: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, x6: Any, x7: Any, w: Any,
) -> None:  # fmt: skip
    w1r, w1i, w2r, w2i, w3r, w3i, w4r, w4i = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
    w5r, w5i, w6r, w6i, w7r, w7i = w[8], w[9], w[10], w[11], w[12], w[13]
    for v in range(LANES):
        ar, ai = x0[v] + x4[v], x0[LANES + v] + x4[LANES + v]  # radix 4 of the even ones
        br, bi = x0[v] - x4[v], x0[LANES + v] - x4[LANES + v]
        cr, ci = x2[v] + x6[v], x2[LANES + v] + x6[LANES + v]
        dr, di = x6[LANES + v] - x2[LANES + v], x2[v] - x6[v]
        e0r, e0i, e1r, e1i, e2r, e2i, e3r, e3i = (
            ar + cr, ai + ci, br + dr, bi + di, ar - cr, ai - ci, br - dr, bi - di,
        )  # fmt: skip
        ar, ai = x1[v] + x5[v], x1[LANES + v] + x5[LANES + v]  # and of the odd ones, turned by 0 to 3 eighths
        br, bi = x1[v] - x5[v], x1[LANES + v] - x5[LANES + v]
        cr, ci = x3[v] + x7[v], x3[LANES + v] + x7[LANES + v]
        dr, di = x7[LANES + v] - x3[LANES + v], x3[v] - x7[v]
        o0r, o0i, o2r, o2i = ar + cr, ai + ci, ci - ai, ar - cr
        tr, ti = br + dr, bi + di
        o1r, o1i = _H * (tr - ti), _H * (tr + ti)
        tr, ti = br - dr, bi - di
        o3r, o3i = -_H * (tr + ti), _H * (tr - ti)
        y0[v], y0[LANES + v] = e0r + o0r, e0i + o0i
        put(y1, v, e1r + o1r, e1i + o1i, w1r, w1i)
        put(y2, v, e2r + o2r, e2i + o2i, w2r, w2i)
        put(y3, v, e3r + o3r, e3i + o3i, w3r, w3i)
        put(y4, v, e0r - o0r, e0i - o0i, w4r, w4i)
        put(y5, v, e1r - o1r, e1i - o1i, w5r, w5i)
        put(y6, v, e2r - o2r, e2i - o2i, w6r, w6i)
        put(y7, v, e3r - o3r, e3i - o3i, w7r, w7i)


@kernel(**PLAIN)
def _butterfly(y: Any, b: int, e: int, x: Any, a: int, d: int, w: Any, radix: int) -> None:
    """Numbers a, a + d, a + 2d, ... of x to numbers b, b + e, b + 2e, ... of y; w: the twiddles of its p."""
    if radix == 8:
        butterfly8(
            y[b], y[b + e], y[b + 2 * e], y[b + 3 * e], y[b + 4 * e], y[b + 5 * e], y[b + 6 * e], y[b + 7 * e],
            x[a], x[a + d], x[a + 2 * d], x[a + 3 * d], x[a + 4 * d], x[a + 5 * d], x[a + 6 * d], x[a + 7 * d],
            w,
        )  # fmt: skip
    elif radix == 5:
        butterfly5(
            y[b], y[b + e], y[b + 2 * e], y[b + 3 * e], y[b + 4 * e],
            x[a], x[a + d], x[a + 2 * d], x[a + 3 * d], x[a + 4 * d],
            w,
        )  # fmt: skip
    elif radix == 4:
        butterfly4(y[b], y[b + e], y[b + 2 * e], y[b + 3 * e], x[a], x[a + d], x[a + 2 * d], x[a + 3 * d], w)
    elif radix == 3:
        butterfly3(y[b], y[b + e], y[b + 2 * e], x[a], x[a + d], x[a + 2 * d], w)
    elif radix == 2:
        butterfly2(y[b], y[b + e], x[a], x[a + d], w)


@kernel(**PLAIN)
def _pass(y: Any, x: Any, w: Any, radix: int, groups: int, stride: int) -> None:
    """One pass of Stockham's algorithm: `groups` x `stride` butterflies.

    Number (p + j groups) stride + q of x, for j below the radix, goes to (radix p + r) stride + q of y. w: the pass's
    `twiddles`.
    """
    for p in range(groups):
        for q in range(stride):
            u = w[2 * (radix - 1) * p :]
            _butterfly(y, radix * p * stride + q, stride, x, p * stride + q, groups * stride, u, radix)


@kernel(**PLAIN)
def _two_passes(y: Any, x: Any, scratch: Any, w: Any, radix: int, then: int, groups: int, stride: int) -> None:
    """Two passes one after the other, by parts that stay in the innermost cache between the two.

    groups, stride: p and q of the second pass and of the first. scratch: (radix · then or more, STEP).
    """
    first, second = 2 * (radix - 1), 2 * (then - 1)
    v = w[first * groups * then :]
    for p in range(groups):
        for q in range(stride):
            for j in range(then):
                at = p + j * groups
                _butterfly(scratch, j * radix, 1, x, at * stride + q, groups * then * stride, w[first * at :], radix)
            for r in range(radix):
                at = then * p * radix * stride + r * stride + q
                _butterfly(y, at, radix * stride, scratch, r, radix, v[second * p :], then)


@kernel(**PLAIN)
def ends_in_block(radix: Any) -> bool:
    """Whether the `out` of a transform of these radices may be its `block`; if not, it may be its `work`."""
    return (len(radix) + 1) // 2 % 2 == 0


@kernel(**PLAIN)
def transform(out: Any, block: Any, work: Any, scratch: Any, radix: Any, twiddle: Any) -> None:
    """The transform of a block into `out`; `block` and `work`, of its size, are overwritten.

    scratch: (64 or more, STEP). radix, twiddle: of `radices` and `twiddles`. Passes go two by two; whether out may be
    `block` or `work` says `ends_in_block`.
    """
    n, stride, at, passes = len(block), 1, 0, len(radix)
    source, target = block, work
    for i in range(0, passes, 2):
        y = out if i + 2 >= passes else target
        r, s = radix[i], radix[i + 1] if i + 1 < passes else 1
        groups = n // (r * s)
        if i + 1 < passes:
            _two_passes(y, source, scratch, twiddle[at:], r, s, groups, stride)
        else:
            _pass(y, source, twiddle[at:], r, groups, stride)
        at += 2 * groups * ((r - 1) * s + s - 1)
        n, stride = groups, stride * r * s
        source, target = target, source
