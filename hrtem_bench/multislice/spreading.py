"""Placing atoms on a grid exactly: a smooth window and the division that takes it out again.

Each atom is spread over WIDTH x WIDTH pixels by the window exp(β(√(1 - u²) - 1)), and the grid's transform is divided
by the window's: a non-uniform FFT (A. H. Barnett, J. Magland, L. af Klinteberg, SIAM J. Sci. Comput. 41 (2019)
C479-C504). The grid must be finer than the frequencies wanted: those up to LIMIT of Nyquist come out right to 1e-4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WIDTH = 8
LIMIT = 5 / 6
# The sharpness that balances both errors of the window, for a grid 1/LIMIT times finer than needed.
SHARPNESS = 0.976 * np.pi * WIDTH * (1 - LIMIT / 2)


def window_transform(k: Any) -> Any:
    """Fourier transform of the window at k, in cycles per pixel (|k| <= 0.5), 1-D."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    values = np.exp(SHARPNESS * (np.sqrt(1 - nodes**2) - 1)) * weights * (WIDTH / 2)
    return np.cos(np.pi * WIDTH * np.outer(k, nodes)) @ values
