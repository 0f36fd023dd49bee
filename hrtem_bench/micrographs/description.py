"""What was read off micrographs: every number with its interval and how it was found, or why there is none."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hrtem_bench.measurement.readings import NOT_MEASURED, Reading
from hrtem_bench.micrographs.expectation import Expectation
from hrtem_bench.support.versioned_json import read_versioned

DESCRIPTION = "description.json"
VERSION = 1


class ImageDescription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One micrograph, or a stack: its spectra are averaged, and its numbers are those of all frames together.

    Parameters
    ----------
    name
        Its file's, without suffix.
    frames
        How many the file holds, 1 for a single image.
    shape, pixel_size
        (ny, nx), pixels; and Å.
    grey_mean, grey_std
        Of its pixels.
    defocus
        -C10, Å, positive is underfocus. sign_known: whether the other sign fits worse; None without rings.
    astigmatism, astigmatism_angle
        C12, Å, and phi12, rad.
    rings_resolution
        Å, to which rings fit.
    dead, hot
        Pixels far darker, and far brighter, than their neighbours.
    """

    name: str
    frames: int = 1
    shape: tuple[int, int]
    pixel_size: float
    grey_mean: float
    grey_std: float
    defocus: Reading = Reading()
    astigmatism: Reading = Reading()
    astigmatism_angle: Reading = Reading()
    sign_known: bool | None = None
    rings_resolution: Reading = Reading()
    dead: int = 0
    hot: int = 0


class RadialSpectrum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The power spectrum of one image, the mean over angles; grey².

    image: its name. q: 1/Å, (n,). power: (n,). noise: what is fitted to it as noise, (n,) or None.
    """

    image: str
    q: list[float]
    power: list[float]
    noise: list[float] | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Micrographs, described: the content of description.json.

    Parameters
    ----------
    images
        One for each file.
    energy, spherical_aberration
        eV and Å, as given; None where they were not.
    crystal
        The crystal whose lattice spots were looked for, or None. `model`: the model that found the particles, or None.
    pixel_size
        Å, as the files say or as it was given.
    pixel_size_of_crystal
        Å, that puts the lattice spots where the crystal has them.
    defocus
        -C10, Å, the mean over images. `defocus_spread` is the standard deviation over images.
    astigmatism, astigmatism_angle
        C12, Å, and phi12, rad, of the mean over images.
    rings_resolution
        Å, to which rings fit, the median over images.
    amplitude_phase
        rad; contrast goes with sin(χ - a).
    information_limit
        Å: 1/q of the last frequency at which there is more than noise.
    greys
        "counts", of electrons, one by one; "proportional" to the dose, as a camera with a gain gives them; "rescaled",
        where grey 0 is not dose 0; or "unknown".
    gain
        Greys per electron that is counted, at frequency 0: the gain over DQE(0).
    dose
        e/Å², times DQE(0): electrons that are counted.
    noise_white
        Whether noise has the same power at all frequencies: None if not known.
    ntf_half, mtf_half
        Share of Nyquist at which the NTF, and the MTF of the camera that fits, is ½.
    camera, camera_width
        Name, as `imaging.cameras` has it, of the camera whose noise fits, and the factor on its frequencies.
    dqe_fall
        DQE at half of Nyquist over DQE(0), of that camera.
    film_contrast, film_correlation
        Standard deviation of the images without their noise, over the mean grey; and the distance at which their
        correlation falls to ½, Å.
    contrast
        Mean grey of particles over that of the rest, less 1.
    particle_diameter, particle_diameter_spread
        Of a circle of the same area, Å: mean and standard deviation over particles.
    particle_area
        Å², mean over particles.
    particle_count
        Particles for each image.
    particle_cover
        Share of the area that particles cover.
    drift
        Å, the length of a straight drift that would damp the rings as they are. `drift_angle`: rad, from +x to +y.
    spectrum
        Or None where no image has one.
    expected
        Dice of the model on these images, or None; `expected_how` then says why.
    warnings
        What is odd about the images, sentences.
    """

    schema_version: int = VERSION
    images: list[ImageDescription]
    energy: float | None = None
    spherical_aberration: float | None = None
    crystal: str | None = None
    model: str | None = None
    pixel_size: Reading = Reading()
    pixel_size_of_crystal: Reading = Reading()
    defocus: Reading = Reading()
    defocus_spread: Reading = Reading()
    astigmatism: Reading = Reading()
    astigmatism_angle: Reading = Reading()
    rings_resolution: Reading = Reading()
    amplitude_phase: Reading = Reading()
    information_limit: Reading = Reading()
    greys: str = "unknown"
    gain: Reading = Reading()
    dose: Reading = Reading()
    noise_white: bool | None = None
    ntf_half: Reading = Reading()
    mtf_half: Reading = Reading()
    camera: str | None = None
    camera_width: Reading = Reading()
    dqe_fall: Reading = Reading()
    film_contrast: Reading = Reading()
    film_correlation: Reading = Reading()
    contrast: Reading = Reading()
    particle_diameter: Reading = Reading()
    particle_diameter_spread: Reading = Reading()
    particle_area: Reading = Reading()
    particle_count: Reading = Reading()
    particle_cover: Reading = Reading()
    drift: Reading = Reading()
    drift_angle: Reading = Reading()
    spectrum: RadialSpectrum | None = None
    expected: Expectation | None = None
    expected_how: str = NOT_MEASURED
    warnings: list[str] = []


def read_description(path: Path) -> Description:
    """The description in a file, or in the description.json of a folder; InputError, one line, for anything else."""
    file = path / DESCRIPTION if path.is_dir() else path
    return read_versioned(file, Description, VERSION, "description", remake="run hrtem-bench describe again")
