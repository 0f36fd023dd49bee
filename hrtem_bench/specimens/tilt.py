"""A tilted specimen in an upright beam."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.errors import InputError

_MOST = 100.0


def tilted(atoms: Any, tilt: tuple[float, float]) -> Any:
    """A copy of an `ase.Atoms`, tilted as a whole by a small angle: each layer is carried sideways by its height.

    Being a shear, it keeps the box periodic; it differs from a rotation in the second order of the angle, 5e-3 at 100
    mrad, the most there is. Particles turn by any angle through their `orientation`.

    Parameters
    ----------
    atoms
        An `ase.Atoms` in a box whose third side is along z.
    tilt
        (x, y), mrad: a column of atoms along z comes to lean towards +x and +y, about the cell's middle plane.

    Raises
    ------
    InputError
        For more than 100 mrad.
    """
    if max(abs(angle) for angle in tilt) > _MOST:
        raise InputError(f"a specimen is sheared by {_MOST:g} mrad at most, not {tilt}: rotate what is in it instead")
    out = atoms.copy()
    height = out.positions[:, 2] - float(out.cell[2, 2]) / 2
    out.positions[:, :2] += height[:, None] * np.tan(np.asarray(tilt, float) * 1e-3)
    return out
