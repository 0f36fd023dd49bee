"""Images of the GPU's code: on NumPy and PyTorch, through a stand-in for CuPy, and on a real GPU."""

from __future__ import annotations

import numpy as np
import pytest
from array_libraries import libraries
from cupy_on_host import TooLargeError, install, stand_in

import hrtem_bench as hb
from hrtem_bench.errors import InputError, MissingPackage
from hrtem_bench.imaging import expected_intensity, formation, render_each
from hrtem_bench.imaging.formation import image_of, transformed
from hrtem_bench.multislice import has_gpu

SIZE, OUT = 0.2, 0.4
CONDITIONS = [
    hb.Condition(C10=-150.0, C30=1e5, focal_spread=10.0),
    hb.Condition(C10=200.0, aberrations={"C12": 50.0, "phi12": 0.4, "C21": 2000.0}, angular_spread=0.2),
    hb.Condition(C10=-80.0, aperture=15.0),
]
needs_gpu = pytest.mark.skipif(not has_gpu(), reason="no CUDA GPU")


def waves_of(count=3):
    noise = np.random.default_rng(0).normal(size=(2, count, 60, 56))
    inside = np.hypot(np.fft.fftfreq(60)[:, None], np.fft.fftfreq(56)[None]) < 0.25
    return (1 + 0.3 * np.fft.ifft2(np.fft.fft2(noise[0] + 1j * noise[1]) * inside)).astype(np.complex64)


def images(device, coherence="envelope", conditions=CONDITIONS):
    return expected_intensity(
        waves_of(), conditions, pixel_size=SIZE, output_pixel_size=OUT, zero_focus=-40.0, device=device,
        coherence=coherence,
    )  # fmt: skip


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("coherence", ["envelope", "quadrature"])
def test_in_any_library_and_any_batches_images_are_the_cpus(library, batch, coherence):
    _, to_device = libraries()[library]
    spectra = transformed(waves_of(), (SIZE, SIZE), (30, 28), batch, to_device, np.asarray)
    made = [image_of(spectra, c, zero_focus=-40.0, coherence=coherence) for c in CONDITIONS]
    assert {image.dtype for image in made} == {np.dtype(np.float32)}
    np.testing.assert_allclose(made, images("cpu", coherence), atol=1e-5)


@pytest.mark.parametrize("free", [1e9, 1e3])
@pytest.mark.parametrize("coherence", ["envelope", "quadrature"])
def test_by_way_of_a_stand_in_for_cupy(monkeypatch, free, coherence):
    expected = images("cpu", coherence)
    install(monkeypatch, *stand_in(int(free)))
    made = images("cuda", coherence)
    assert type(made) is np.ndarray
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_noise_is_drawn_on_the_host_from_the_same_seed(monkeypatch):
    settings = [(CONDITIONS[0].replace(dose=200.0), 3), (CONDITIONS[2], None)]
    sizes = {"pixel_size": SIZE, "output_pixel_size": OUT}
    expected = list(render_each(waves_of(), settings, **sizes))
    install(monkeypatch, *stand_in(10**9))
    made = list(render_each(waves_of(), iter(settings), **sizes, device="cuda"))
    # a count differs where the rate's rounding does, which is rare
    assert (made[0] != expected[0]).mean() < 0.01
    np.testing.assert_allclose(made[1], expected[1], atol=1e-5)
    np.testing.assert_array_equal(hb.render(waves_of(), settings[0][0], **sizes, seed=3, device="cuda"), made[0])


def test_too_little_memory_is_said_in_one_line(monkeypatch):
    install(monkeypatch, *stand_in(10**9))

    def fail(*arguments, **options):
        raise TooLargeError

    monkeypatch.setattr(formation, "_sum_of_images", fail)
    with pytest.raises(InputError, match="do not fit in the GPU's memory: use device='cpu'"):
        images("cuda")


@pytest.mark.skipif(has_gpu(), reason="a GPU is there")
def test_no_gpu_is_said_in_one_line():
    with pytest.raises((InputError, MissingPackage), match=r"device='cpu'|hrtem-bench\[cuda12\]"):
        images("cuda")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"device": "gpu"}, "known are cpu, cuda"), ({"device": "cuda", "coherence": "tcc"}, "worked out on the CPU")],
)
def test_what_cannot_be_is_said_in_one_line(options, message):
    with pytest.raises(InputError, match=message):
        hb.render(waves_of(), CONDITIONS[0], pixel_size=SIZE, **options)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("coherence", ["envelope", "quadrature"])
def test_images_of_a_gpu_are_the_cpus(coherence):
    np.testing.assert_allclose(images("cuda", coherence), images("cpu", coherence), atol=1e-5)


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_gives_the_same_bytes_again():
    assert images("cuda").tobytes() == images("cuda").tobytes()
