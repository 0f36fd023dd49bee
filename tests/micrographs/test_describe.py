"""What is read off images of a simulated film at settings that only the test knows; and what is said of bad images."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import PIXEL_SIZE, film_image, film_wave

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.cameras import camera
from hrtem_bench.imaging.curves import WidenedCurve
from hrtem_bench.imaging.detector import Detector, detect
from hrtem_bench.measurement import Reading
from hrtem_bench.micrographs.describe import describe


@pytest.fixture(scope="module")
def wave() -> Any:
    pytest.importorskip("ase")
    return film_wave()


def holds(found: Reading, truth: float, within: float) -> bool:
    return found.value is not None and abs(found.value - truth) <= within


def widened(name: str, width: float) -> Detector:
    one = camera(name)
    curves = {key: getattr(one, key) for key in ("mtf", "ntf", "dqe") if getattr(one, key) is not None}
    return replace(one, **{key: WidenedCurve(curve, width) for key, curve in curves.items()})


@pytest.mark.parametrize(
    ("defocus", "c12", "phi12", "c30"),
    [(600.0, 60.0, 0.4, 0.0), (1000.0, 0.0, 0.0, 1.2e7), (3000.0, 40.0, -1.0, 1.2e7)],
)
def test_focus_astigmatism_and_dose(wave: Any, defocus: float, c12: float, phi12: float, c30: float) -> None:
    aberrations = {"C12": c12, "phi12": phi12} if c12 else {}
    image = film_image(wave, defocus=defocus, C30=c30, aberrations=aberrations, dose=200.0)
    found = describe(image, pixel_size=PIXEL_SIZE, energy=300e3, spherical_aberration=c30)
    assert holds(found.defocus, defocus, max(20, 0.01 * defocus))
    assert found.images[0].sign_known == (c30 > 0)
    assert holds(found.astigmatism, c12, 20)
    assert holds(found.dose, 200, 6)
    assert found.greys == "counts"
    assert found.noise_white
    assert found.drift.low == 0
    assert found.warnings == []


@pytest.mark.parametrize(("name", "width", "mtf"), [("scintillator-good", 1.2, 0.36), ("scintillator-poor", 1.0, 0.22)])
def test_the_width_of_a_camera(wave: Any, name: str, width: float, mtf: float) -> None:
    detector = widened(name, width)
    images = [film_image(wave, detector, seed, defocus=600.0) for seed in range(4)]
    found = describe(images, pixel_size=PIXEL_SIZE)
    assert found.camera == name
    assert holds(found.mtf_half, mtf, 0.1 * mtf)
    assert holds(found.dose, 400 * detector.counted_share, 0.1 * 400 * detector.counted_share)
    assert found.greys == "proportional"
    assert found.noise_white is False
    assert found.defocus.value is None
    assert "give the beam energy" in found.defocus.how


def test_a_shifted_zero_of_greys_is_seen(wave: Any) -> None:
    image = film_image(wave, defocus=600.0)
    found = describe(3 * image - 20, pixel_size=PIXEL_SIZE)
    assert found.greys == "rescaled"
    assert found.gain.low < 3 < found.gain.high
    assert found.dose.low < 400 < found.dose.high


def test_eight_bits_are_no_doses(wave: Any) -> None:
    image = film_image(wave, defocus=600.0, pixel_size=0.4)
    low, high = np.percentile(image, (0.5, 99.5))
    stretched = np.clip(np.round(255 * (image - low) / (high - low)), 0, 255).astype(np.uint8)
    found = describe(stretched, pixel_size=0.4)
    assert found.greys == "rescaled"
    assert found.dose.value is None
    assert "no doses" in found.dose.how
    assert any("clipped above" in one for one in found.warnings)
    assert any("8 bits" in one for one in found.warnings)


def test_a_drift_damps_the_rings_along_it(wave: Any) -> None:
    still = film_image(wave, defocus=1000.0, dose=None).astype(float)
    q = np.fft.fftfreq(len(still), PIXEL_SIZE)
    along = 0.8 * q[None] + 0.6 * q[:, None]
    blurred = np.fft.ifft2(np.fft.fft2(still) * np.sinc(1.0 * along)).real
    image = detect(blurred, 400, pixel_size=PIXEL_SIZE, seed=1)
    found = describe(image, pixel_size=PIXEL_SIZE, energy=300e3)
    assert found.drift.low < 1.0 < found.drift.high
    assert holds(found.drift, 1.0, 0.25)
    assert found.drift_angle.value == pytest.approx(np.arctan2(0.6, 0.8), abs=0.15)


def test_noise_too_high(wave: Any) -> None:
    found = describe(film_image(wave, defocus=600.0, dose=0.5), pixel_size=PIXEL_SIZE, energy=300e3)
    assert found.defocus.value is None
    assert "no Thon rings" in found.defocus.how
    assert found.images[0].sign_known is None


@functools.cache
def waves_at(energy: float) -> Any:
    return film_wave(energy, side=204.8)


@pytest.mark.slow
@pytest.mark.parametrize("energy", [80e3, 200e3, 300e3])
@pytest.mark.parametrize("c30", [0.0, 1.2e7])
@pytest.mark.parametrize("defocus", [200.0, 600.0, 1200.0, 3000.0, -800.0])
def test_a_wide_sweep_is_right_or_says_that_it_cannot(energy: float, c30: float, defocus: float) -> None:
    pytest.importorskip("ase")
    lens = {"C30": c30, "aberrations": {"C12": 50.0, "phi12": -0.7}, "dose": 200.0}
    image = film_image(waves_at(energy), defocus=defocus, **lens)
    found = describe(image, pixel_size=PIXEL_SIZE, energy=energy, spherical_aberration=c30)
    if defocus >= 600 and not (energy < 100e3 and c30):  # the rings of 80 kV and 1.2 mm lie too close to each other
        assert found.defocus.value is not None
    if found.defocus.value is None:
        assert found.defocus.how
        return
    sign = 1 if found.images[0].sign_known or defocus > 0 else -1  # underfocus is said where the sign is not known
    assert holds(found.defocus, sign * defocus, max(20, 0.01 * abs(defocus)))
    angle = -0.7 if sign > 0 else -0.7 + np.pi / 2
    told = (found.astigmatism.value or 0.0) * np.exp(2j * (found.astigmatism_angle.value or 0.0))
    assert abs(told - 50 * np.exp(2j * angle)) < 20


def fringes(pixel_size: float) -> np.ndarray:
    """Fringes of the planes {111}, {200} and {220} of gold in twelve patches, each turned otherwise; counts."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:512, :512] * pixel_size
    image = np.zeros(x.shape)
    for patch in range(12):
        spacing, angle = (2.355, 2.039, 1.442)[patch % 3], rng.uniform(0, np.pi)
        middle = rng.uniform(0.1, 0.9, 2) * 512 * pixel_size
        inside = np.hypot(x - middle[0], y - middle[1]) < 20
        image += inside * np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / spacing)
    return rng.poisson(30 * (1 + 0.25 * image.clip(-2, 2))).astype(float)


@pytest.mark.parametrize("error", [0.96, 1.0, 1.05])
def test_lattice_spots_give_the_pixel_size(error: float) -> None:
    found = describe(fringes(0.2), pixel_size=0.2 / error, crystal="Au")
    assert holds(found.pixel_size_of_crystal, 0.2, 0.001)
    assert found.pixel_size_of_crystal.low < 0.2 < found.pixel_size_of_crystal.high
    assert "3 reflections of Au" in found.pixel_size_of_crystal.how
    assert any("the lattice has pixels of" in one for one in found.warnings) == (error != 1)


def test_without_a_crystal_there_is_no_check(wave: Any) -> None:
    image = film_image(wave, defocus=600.0)
    assert "too few" in describe(image, pixel_size=PIXEL_SIZE, crystal="Au").pixel_size_of_crystal.how
    assert "no crystal is given" in describe(image, pixel_size=PIXEL_SIZE).pixel_size_of_crystal.how


def test_odd_pixels(wave: Any) -> None:
    image = film_image(wave, camera("scintillator-good"), defocus=600.0)
    image[40, 50], image[100, 7], image[300, 300] = 0.0, 0.0, 5000.0
    found = describe(image, pixel_size=PIXEL_SIZE)
    assert (found.images[0].dead, found.images[0].hot) == (2, 1)
    assert any("2 dead and 1 hot" in one for one in found.warnings)
    counts = film_image(wave, defocus=600.0)
    counts[::40, ::50] = 4000.0
    assert holds(describe(counts, pixel_size=PIXEL_SIZE).dose, 400, 12)


def test_a_constant_image_beside_a_good_one(wave: Any) -> None:
    found = describe([np.full((512, 512), 7.0), film_image(wave, defocus=600.0)], pixel_size=PIXEL_SIZE, energy=300e3)
    assert "constant" in found.images[0].defocus.how
    assert holds(found.defocus, 600, 20)
    assert any("nothing to measure" in one for one in found.warnings)


def test_mixed_sizes_and_pixel_sizes(wave: Any, tmp_path: Path) -> None:
    image = film_image(wave, defocus=600.0)
    found = describe([image, image[:256, :300]], pixel_size=PIXEL_SIZE)
    assert [one.shape for one in found.images] == [(512, 512), (256, 300)]
    assert any("mixed sizes, 256 x 300, 512 x 512" in one for one in found.warnings)
    tifffile = pytest.importorskip("tifffile")
    for name, size in (("a", 0.02), ("b", 0.04)):
        tifffile.imwrite(tmp_path / f"{name}.tif", image, imagej=True, resolution=(1 / size, 1 / size),
                         metadata={"unit": "nm"})  # fmt: skip
    mixed = describe(tmp_path)
    assert mixed.pixel_size.value is None
    assert "0.2 to 0.4 Å" in mixed.pixel_size.how
    assert any("mixed pixel sizes" in one for one in mixed.warnings)


def test_a_stack_is_one_entry(wave: Any) -> None:
    frames = np.stack([film_image(wave, seed=seed, defocus=600.0, dose=40.0) for seed in range(5)])
    found = describe(frames, pixel_size=PIXEL_SIZE, energy=300e3)
    assert [one.frames for one in found.images] == [5]
    assert holds(found.defocus, 600, 20)
    assert holds(found.dose, 40, 2)


@pytest.mark.parametrize("side", [64, 48])
def test_small_fields_say_that_there_is_nothing_to_fit(wave: Any, side: int) -> None:
    found = describe(film_image(wave, defocus=600.0)[:side, :side], pixel_size=PIXEL_SIZE, energy=300e3)
    assert found.defocus.value is None
    assert found.defocus.how


@pytest.mark.parametrize(
    ("images", "more", "said"),
    [
        ([], {}, "no images"),
        (np.eye(64), {}, "pixel size"),
        (np.eye(64), {"pixel_size": -1.0}, "pixel_size"),
        (np.eye(64) * 1j, {"pixel_size": 0.2}, "no grey image"),
        (np.where(np.eye(64), np.nan, 1.0), {"pixel_size": 0.2}, "NaN"),
        (np.eye(64), {"pixel_size": 0.2, "crystal": "Xx"}, "unknown lattice"),
        (np.eye(128), {"pixel_size": 0.2, "energy": 300}, "energy"),
        ("nowhere.tif", {}, "not there"),
    ],
)
def test_refused_in_one_line(images: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        describe(images, **more)
    assert "\n" not in str(caught.value)
    assert hb.InputError is InputError
