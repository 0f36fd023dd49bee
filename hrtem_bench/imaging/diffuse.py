"""The electrons that the envelope of the illumination angle takes out of a coherent image, put back as a background.

The envelope E_s is right for fringes with the unscattered beam, and too small for those of two scattered beams. A
beam's own intensity, which no spread of angles changes, falls by E_s². A sum over angles is exact, but takes hundreds
of images at a large spherical aberration. Here the transmission cross-coefficient is taken as

    T(q1, q2) = E_s(q1) E_s(q2) + L(q1) L(q2) exp(-½ κ² |q1 - q2|²),   L = sqrt(1 - E_s²).

It is exact for q2 = 0 and for q2 = q1, so the linear contrast and the number of electrons are right. Fringes of two
nearby beams vanish as the beams' images shift against each other, by exp(-½ (β/λ)² |H (q1 - q2)|²) with H the second
derivatives of χ; κ² is the mean of that over directions and over what is lost. docs/explanation/coherence.md has the
error.
"""

from __future__ import annotations

from typing import Any

from hrtem_bench.conditions import Condition
from hrtem_bench.physics import chi_gradient, wavelength
from hrtem_bench.physics.transfer import spatial_envelope


def lost_amplitude(qx: Any, qy: Any, c: Condition) -> Any:
    """L(q) = sqrt(1 - E_s²), 0 to 1, at frequencies in 1/Å of any array library."""
    return (1 - spatial_envelope(qx, qy, c) ** 2) ** 0.5


def background_blur(qx: Any, qy: Any, c: Condition, power: Any, step: float) -> float:
    """κ, Å: 2π times the standard deviation of the blur of what is put back.

    qx, qy: frequencies, 1/Å, that broadcast to the shape of `power`, the power of the waves there. c: its angular
    spread is β. step: difference of frequency, 1/Å, over which χ's gradient is differentiated.
    """
    from array_api_compat import array_namespace

    xp = array_namespace(power)
    along_x = [ahead - behind for ahead, behind in
               zip(chi_gradient(qx + step, qy, c), chi_gradient(qx - step, qy, c), strict=True)]  # fmt: skip
    along_y = [ahead - behind for ahead, behind in
               zip(chi_gradient(qx, qy + step, c), chi_gradient(qx, qy - step, c), strict=True)]  # fmt: skip
    squares = sum(part * part for part in (*along_x, *along_y)) / (2 * step) ** 2
    lost = xp.astype(power, squares.dtype) * lost_amplitude(qx, qy, c) ** 2
    total = float(xp.sum(lost))
    width = 1e-3 * c.angular_spread / wavelength(c.energy)
    return width * (0.5 * float(xp.sum(squares * lost)) / total) ** 0.5 if total > 0 else 0.0
