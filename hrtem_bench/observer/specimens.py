"""Specimens as the observer needs them: one coherent wave each, what is scattered diffusely, and the two regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.observer.regions import Regions, RingPower, regions_of, ring_power
from hrtem_bench.observer.settings import ObserverSettings

LARGEST_PIXEL = 0.4
"""Å: images for ring powers have pixels of at most this, whose Nyquist frequency is 1.25 1/Å."""
DIFFUSE_BAND = 0.15
"""1/Å: how far the diffuse intensity is kept. It is there for the electrons it holds, not for its detail."""


@dataclass(frozen=True)
class SpecimenWave:
    """A specimen's mean exit wave and labels.

    Parameters
    ----------
    structure_id
        Its name.
    wave
        (n, n) complex64 at the exit plane, the mean over frozen-phonon configurations: what is scattered coherently.
    diffuse
        (m, m) float32, mean |wave|² over configurations less |mean wave|², below `DIFFUSE_BAND`: the electrons that
        thermal diffuse scattering takes out of the mean wave. Its pixels are those of `mask`.
    mask
        (m, m) uint8, 1 on a particle.
    field
        Side of the square field, Å.
    zero_focus
        C10 that brings the zero plane to focus, Å.
    """

    structure_id: str
    wave: NDArray[np.complex64]
    diffuse: NDArray[np.float32]
    mask: NDArray[np.uint8]
    field: float
    zero_focus: float

    @property
    def pixel_size(self) -> float:
        """Of mask, diffuse intensity and images, Å."""
        return self.field / len(self.mask)


@dataclass(frozen=True)
class SpecimenSet:
    """Specimens of one kind, and how they are imaged where a condition does not say.

    Parameters
    ----------
    name
        For messages.
    key
        Identifies waves and imaging, for spectra that are kept.
    lens
        Settings of the nominal condition, as `conditions.with_settings` takes them.
    coherence, nodes
        As of `imaging.render`.
    detector
        An `imaging.Detector`; None counts every electron where it falls.
    pixel_size
        Of the detector, Å: its curves count in shares of this Nyquist frequency.
    band
        Frequency up to which the waves are kept, 1/Å.
    read
        Reads the waves, one after the other.
    """

    name: str
    key: str
    lens: Mapping[str, Any]
    coherence: str
    nodes: int | None
    detector: Any
    pixel_size: float
    band: float
    read: Callable[[], Iterator[SpecimenWave]]


def compact(structure_id: str, waves: Any, mask: Any, field: float, zero_focus: float) -> SpecimenWave:
    """A specimen's wave and labels from its exit waves.

    The waves' frequencies are kept as far as a grid of 4/9 of the images' pixels holds them, 2.8 1/Å for images with
    pixels of 0.4 Å, which is beyond what a lens with a focal spread of 10 Å passes at 300 kV.

    Parameters
    ----------
    waves
        (phonons, n, n) complex.
    mask
        (m, m), over the same field.
    field
        Side of the square field, Å.
    """
    from scipy import fft

    from hrtem_bench.imaging.fourier import resize_spectrum, spectrum_of

    step = max(int(LARGEST_PIXEL * len(mask) / field * (1 + 1e-9)), 1)
    while len(mask) % step:
        step -= 1
    labels = np.ascontiguousarray(np.asarray(mask, np.uint8)[::step, ::step])
    points = len(labels)
    held = min(waves.shape[-1], fft.next_fast_len(int(np.ceil(2.25 * points))))
    mean = waves.mean(axis=0)
    lost = (np.abs(waves) ** 2).mean(axis=0) - np.abs(mean) ** 2
    spectrum = resize_spectrum(spectrum_of(lost.astype(np.complex64)), (points, points))
    q = np.fft.fftfreq(points, field / points)
    spectrum[np.hypot(q[:, None], q) > DIFFUSE_BAND] = 0
    coherent = resize_spectrum(spectrum_of(mean), (held, held))
    return SpecimenWave(
        structure_id=structure_id,
        wave=fft.ifft2(coherent, norm="forward").astype(np.complex64),
        diffuse=fft.ifft2(spectrum, norm="forward").real.astype(np.float32),
        mask=labels,
        field=field,
        zero_focus=zero_focus,
    )


def usable(
    waves: Iterable[SpecimenWave], name: str, settings: ObserverSettings
) -> tuple[tuple[SpecimenWave, Regions], ...]:
    """The specimens that have both regions, each with them.

    Raises
    ------
    InputError
        Where none has: without particles or without film around them there is nothing to tell apart, and no loss.
    """
    found, without = [], {"particle": 0, "film": 0}
    for one in waves:
        regions = regions_of(one.mask, one.pixel_size, settings)
        missing = [kind for kind in without if not getattr(regions, kind).any()]
        for kind in missing:
            without[kind] += 1
        if not missing:
            found.append((one, regions))
    if not found:
        if without["particle"]:
            reason = f"no particle is left {settings.erosion:g} Å inside a mask"
        elif without["film"]:
            reason = f"nothing but particles is found {settings.dilation:g} Å outside the masks"
        else:
            reason = "there are none"
        raise InputError(f"specimens {name}: {reason}, so there is nothing to tell apart and no loss to expect")
    return tuple(found)


def power_at(
    one: SpecimenWave, regions: Regions, conditions: list[Condition], specimens: SpecimenSet, settings: ObserverSettings
) -> list[RingPower]:
    """Noise-free ring powers of a specimen at each condition; the dose plays no part.

    Raises
    ------
    InputError
        As `imaging.render`.
    """
    from hrtem_bench.imaging import render_each

    images = render_each(
        one.wave,
        [(condition.replace(dose=None), None) for condition in conditions],
        pixel_size=one.field / len(one.wave),
        output_pixel_size=one.pixel_size,
        zero_focus=one.zero_focus,
        coherence=specimens.coherence,
        nodes=specimens.nodes,
    )
    return [ring_power(image + one.diffuse, regions, settings) for image in images]


def check_condition(condition: Condition, specimens: SpecimenSet, settings: ObserverSettings) -> None:
    """Refuse a condition that the specimens' waves cannot be imaged at.

    Raises
    ------
    InputError
        For another beam energy, and for frequencies that the lens passes, the observer looks at, and the waves lack.
    """
    from hrtem_bench.imaging.lens import passed_band

    energy = float(specimens.lens.get("energy", Condition.energy))
    if condition.energy != energy:
        raise InputError(
            f"the condition is at {condition.energy:g} eV and the exit waves of {specimens.name} at {energy:g} eV: "
            "only what follows the specimen can be chosen anew"
        )
    seen = min(settings.edges[-1], 0.5 / specimens.pixel_size, passed_band(condition))
    if seen > specimens.band * (1 + 1e-6):
        raise InputError(
            f"the exit waves of {specimens.name} are kept up to {specimens.band:.3g} 1/Å and the condition shows "
            f"frequencies up to {seen:.3g} 1/Å: make them with a larger band, or end the observer's rings there"
        )
