"""The complex exponential as a Numba kernel that both engines' transmissions use."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.support.numba_kernels import kernel

FAST = {"contract", "nsz", "arcp"}
"""What the compiler may do to sums and products: fuse them, ignore the sign of zero, multiply by a reciprocal."""
F = np.float32
_TWO_OVER_PI = F(2 / np.pi)
# π/2 in three parts, each short enough that its product with a small whole number is exact in float32.
_PIO2_A, _PIO2_B, _PIO2_C = F(1.5703125), F(4.8375129699707031e-4), F(7.5495899e-8)
_ONE, _HALF, _QUARTER = F(1), F(0.5), F(0.25)
# Minimax polynomials for |x| < π/4 (S. L. Moshier's Cephes, single precision) and Taylor's for the exponential.
_S1, _S2, _S3 = F(-1.6666654611e-1), F(8.3321608736e-3), F(-1.9515295891e-4)
_C1, _C2, _C3 = F(4.166664568298827e-2), F(-1.388731625493765e-3), F(2.443315711809948e-5)
_E2, _E3, _E4, _E5, _E6 = F(1 / 2), F(1 / 6), F(1 / 24), F(1 / 120), F(1 / 720)


@kernel(nogil=True, fastmath=FAST)
def exponential(re: Any, im: Any) -> tuple[Any, Any, Any]:
    """exp(re + i im) as modulus, cosine and sine, float32; right to 1e-6 for |re| < 2, |im| < 1000.

    Without calls or branches, so that loops around it become vector code.
    """
    turns = np.floor(im * _TWO_OVER_PI + _HALF)
    r = ((im - turns * _PIO2_A) - turns * _PIO2_B) - turns * _PIO2_C
    r2 = r * r
    sine = r + r * r2 * (_S1 + r2 * (_S2 + r2 * _S3))
    cosine = _ONE - _HALF * r2 + r2 * r2 * (_C1 + r2 * (_C2 + r2 * _C3))
    quadrant = np.int32(turns)
    s = cosine if quadrant & 1 else sine
    c = sine if quadrant & 1 else cosine
    s = -s if quadrant & 2 else s
    c = -c if (quadrant + 1) & 2 else c
    u = re * _QUARTER
    g = _ONE + u * (_ONE + u * (_E2 + u * (_E3 + u * (_E4 + u * (_E5 + u * _E6)))))
    g = g * g
    g = g * g
    return g, c, s
