"""Cameras by name: detectors with stated transfer and efficiency.

- "ideal" counts every electron where it falls.
- The three direct detectors count electrons one by one, so that their noise is taken as white (NTF 1) and
  DQE(q) = DQE(0) MTF(q)². Their MTF or DQE is what the maker publishes. For the K3, whose MTF and DQE are both
  published, this gives a DQE of 0.75 and 0.38 at half and at all of Nyquist, where the maker's curve has 0.71 and 0.40.
- The two scintillator cameras are generic: no maker's, but with stated numbers near measured ones (see below).

A camera of one's own, in the mode it is used in, is better measured: see `Detector`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hrtem_bench.errors import InputError
from hrtem_bench.imaging.curves import LorentzianCurve, TableCurve
from hrtem_bench.imaging.detector import Detector

_K3_300 = (
    1.000000, 0.994780, 0.990164, 0.985858, 0.981607, 0.977195, 0.972441, 0.967197, 0.961341, 0.954782, 0.947450,
    0.939300, 0.930304, 0.920453, 0.909754, 0.898228, 0.885906, 0.872829, 0.859048, 0.844620, 0.829606, 0.814072,
    0.798086, 0.781718, 0.765036, 0.748110, 0.731005, 0.713786, 0.696514, 0.679245, 0.662031, 0.644919, 0.627950,
)  # fmt: skip
"""MTF of a Gatan K3, standard mode, 300 kV, every 1/63 cycles per pixel: mtf_k3_standard_300kV_FL2.star of the maker,
whose DQE curve begins at 0.95."""
_CCD_DQE = TableCurve((0.0, 0.25, 0.5, 0.75, 1.0), (0.37, 0.16, 0.13, 0.10, 0.05))
"""DQE of a TVIPS 224 at 300 keV, a scintillator on a CCD: McMullan et al., Ultramicroscopy 109 (2009) 1126, as others
read it off the figure at these shares of Nyquist."""


def _counting(mtf: TableCurve, dqe0: float) -> Detector:
    """A direct detector: white noise, and one count for each electron that it finds."""
    return Detector(mtf=mtf, dqe0=dqe0, gain=dqe0)


def _with_dqe(zero: float, half: float, nyquist: float) -> Detector:
    """A direct detector of known DQE at 0, at half and at all of Nyquist: with white noise MTF² = DQE / DQE(0)."""
    return _counting(TableCurve((0.0, 0.5, 1.0), (1.0, (half / zero) ** 0.5, (nyquist / zero) ** 0.5)), zero)


_CAMERAS: Mapping[str, Detector] = MappingProxyType({
    "ideal": Detector(),
    "k3-300kV": _counting(TableCurve(tuple(2 * i / 63 for i in range(len(_K3_300))), _K3_300), 0.95),
    # Thermo Fisher Falcon 4i: the maker's page on the detector
    "falcon4i-300kV": _with_dqe(0.92, 0.72, 0.50),
    "falcon4i-200kV": _with_dqe(0.91, 0.62, 0.33),
    "scintillator-good": Detector(
        mtf=LorentzianCurve(0.30), ntf=LorentzianCurve(0.36), dqe0=0.6, gain=20.0, read_noise=5.0
    ),
    "scintillator-poor": Detector(mtf=LorentzianCurve(0.22), dqe=_CCD_DQE, gain=8.0, read_noise=6.0),
})  # fmt: skip


def camera_names() -> list[str]:
    """The names that `camera` takes."""
    return sorted(_CAMERAS)


def camera(name: str) -> Detector:
    """The detector called `name`, one of `camera_names`.

    Of the ideal detector and the three direct detectors, counts are the electrons found, whole numbers, of which there
    are DQE(0) for each that came; there is no read noise.

    "scintillator-poor" is near what phosphor on a CCD did at 300 kV: the DQE is that of a TVIPS 224, and the MTF a
    Lorentzian that is ½ at 0.22 of Nyquist, which is within 0.06 of a fit to a Gatan US4000 at 200 kV
    (CCDModelMTF.m of F. Sigworth's aEMCodeRepository). Gain, 8 counts per electron, and read noise, 6 counts, are
    assumed. The power of its noise falls 63-fold from the centre to Nyquist.

    "scintillator-good" is assumed throughout, for a modern scintillator on a CMOS sensor: DQE(0) 0.6, Lorentzians for
    MTF (½ at 0.30 of Nyquist) and NTF (½ at 0.36), 20 counts per electron, read noise of 5 counts. The power of its
    noise falls 76-fold.

    Raises
    ------
    InputError
        For another name.
    """
    if name in _CAMERAS:
        return _CAMERAS[name]
    raise InputError(f"no camera {name!r}: known are {', '.join(camera_names())}; give your own curves for another")
