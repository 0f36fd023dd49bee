"""The explorer in a real browser, where there is one: its numbers and pictures are those of the package."""

from __future__ import annotations

import base64
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import CHROMIUM, browse

import hrtem_bench as hb
from hrtem_bench.cli import run
from hrtem_bench.dataset import parse_recipe
from hrtem_bench.imaging import Detector, camera, camera_names, detect, expected_intensity, noise_power
from hrtem_bench.imaging.fourier import resize_spectrum, spectrum_of
from hrtem_bench.observer import SINGLE_PARTICLES, RingPowers, exposure, foretold, loaded, specimens_of
from hrtem_bench.report import explorer_page

ORDINARY = {
    "C10": 100.0, "C30": 0.0, "C12": 0.0, "phi12": 0.0, "focal_spread": 10.0, "angular_spread": 0.0, "dose": 400.0,
    "camera": "ideal",
}  # fmt: skip
ASTIGMATIC = {"C10": -100.0, "C12": 150.0, "phi12": -1.0, "dose": 50.0, "camera": "scintillator-poor"}
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "focus": ({}, {"C10": 200.0}),
    "in focus": ({"C10": -200.0}, {"C10": 0.0}),
    "scherzer": ({"camera": "falcon4i-200kV"}, {"C10": -595.0, "C30": 1.2e7, "focal_spread": 30.0}),
    "astigmatic": ({"C12": 50.0, "phi12": 0.4, "camera": "k3-300kV"}, ASTIGMATIC),
    "steep": ({"focal_spread": 0.0, "C30": 3e7}, {"focal_spread": 3.0, "C30": 2e7, "C10": -1000.0}),
    "strong": ({"focal_spread": 60.0, "camera": "scintillator-good"}, {"C10": 1000.0, "C30": -1e6, "dose": 10.0}),
}
SPREAD = ORDINARY | {"C10": -595.0, "C30": 1.2e7, "focal_spread": 30.0, "angular_spread": 0.1}
FREQUENCIES = [0.2, 0.41, 0.77, 1.3]
PROBE = """<script>
{
  const floats = (values) => {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    return btoa(bytes.reduce((text, one) => text + String.fromCharCode(one), ""));
  };
  const found = {pairs: {}, copies: {}};
  for (const [name, [train, test]] of Object.entries($PAIRS)) {
    const now = {train, test, noise: false, seed: 1, specimen: 1};
    const numbers = {...sharedTransfer(train, test), ...lossOf(now)};
    const transfer = [train, test].map((c) => $FREQUENCIES.map((q) => lensOf(c).transfer(0.6 * q, 0.8 * q)));
    const picture = floats(pictureOf("test", {...now, test: {...test, camera: "ideal"}}));
    found.pairs[name] = {numbers, transfer, picture};
    found.copies[name] = {python: asPython(now), shell: asShell(now), recipe: asRecipe(now)};
  }
  const spectrum = imageSpectrum($SPREAD, SPECIMENS[1]);
  found.spread = floats(expectedPicture(spectrum, $SPREAD));
  found.cameras = {};
  for (const camera of Object.keys(DATA.cameras)) {
    const c = {...$SPREAD, camera, dose: 25};
    const [first, second] = [1, 2].map(() => recordedPicture(spectrum, c, 7));
    found.cameras[camera] = [expectedPicture(spectrum, c), first, second].map(floats);
  }
  const field = $("test-C10");
  field.value = "12.5"; field.dispatchEvent(new Event("input", {bubbles: true}));
  const press = new KeyboardEvent("keydown", {key: "ArrowRight", cancelable: true});
  $("train-dose-slider").dispatchEvent(press);
  document.querySelectorAll("#tested .presets button")[3].click();
  const particle = $("specimen");
  particle.value = "2"; particle.dispatchEvent(new Event("change"));
  show();
  settle();
  found.dom = {state, sigma: $("sigma").textContent, loss: [lossOf(state).loss, Number($("loss").textContent)],
    slider: $("test-C10-slider").value, code: $("code").textContent,
    back: stateOf(addressOf(state)), wide: document.documentElement.scrollWidth <= innerWidth,
    requests: performance.getEntriesByType("resource").length};
  document.body.insertAdjacentHTML("beforeend", `<pre id="probe">${btoa(JSON.stringify(found).replace(/[^\\x00-\\x7f]/g,
    (one) => "\\\\u" + one.charCodeAt(0).toString(16).padStart(4, "0")))}</pre>`);
}
</script></body>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page works out, on a phone's screen."""
    folder = tmp_path_factory.mktemp("explorer")
    probe = PROBE
    for name, value in {
        "$PAIRS": {name: [ORDINARY | one for one in pair] for name, pair in PAIRS.items()},
        "$SPREAD": SPREAD,
        "$FREQUENCIES": FREQUENCIES,
    }.items():
        probe = probe.replace(name, json.dumps(value))
    page = folder / "explorer.html"
    page.write_text(explorer_page().replace("</body>", probe), "utf-8")
    dom = browse(folder / "profile", "--window-size=500,900", "--dump-dom", f"file://{page}")
    held = re.search('<pre id="probe">(.*?)</pre>', dom)
    assert held, "the page's scripts stopped before their end"
    found: dict[str, Any] = json.loads(base64.b64decode(held[1]))
    return found


@pytest.fixture(scope="module")
def specimen() -> Any:
    """The one that the probe images."""
    return list(specimens_of(SINGLE_PARTICLES).read())[1]


def condition(settings: dict[str, Any], **changes: Any) -> hb.Condition:
    values = {key: value for key, value in (ORDINARY | settings | changes).items() if key != "camera"}
    return hb.Condition(**values)


def picture(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(256, 256).astype(float)


def with_diffuse(image: np.ndarray, specimen: Any) -> np.ndarray:
    """The image and what is scattered diffusely, on its pixels."""
    spectrum = resize_spectrum(spectrum_of(specimen.diffuse.astype(complex)), image.shape)
    return image + np.fft.ifft2(spectrum, norm="forward").real


@pytest.mark.parametrize("name", PAIRS)
def test_its_transfer_is_that_of_the_package(probed: dict[str, Any], name: str) -> None:
    train, test = map(condition, PAIRS[name])
    numbers = probed["pairs"][name]["numbers"]
    assert numbers["epsilonTrain"] == pytest.approx(hb.epsilon(train), abs=1e-3)
    assert numbers["epsilonTest"] == pytest.approx(hb.epsilon(test), abs=1e-3)
    assert numbers["sigma"] == pytest.approx(hb.sigma(train, test), abs=1e-3)
    assert numbers["coverage"] == pytest.approx(hb.coverage(train, test), abs=1e-3)
    q = np.array(FREQUENCIES)
    for one, found in zip((train, test), probed["pairs"][name]["transfer"], strict=True):
        np.testing.assert_allclose(found, hb.ctf(0.6 * q, 0.8 * q, one), atol=1e-6)


@pytest.fixture(scope="module")
def powers() -> RingPowers:
    return RingPowers(specimens_of(SINGLE_PARTICLES), loaded().settings)


@pytest.mark.parametrize("name", PAIRS)
def test_its_loss_is_the_observer_s(probed: dict[str, Any], powers: RingPowers, name: str) -> None:
    train, test = (exposure(condition(one), camera((ORDINARY | one)["camera"])) for one in PAIRS[name])
    expected = foretold(train, test, powers)
    numbers = probed["pairs"][name]["numbers"]
    assert numbers["loss"] == pytest.approx(expected.loss.value, rel=1e-3)
    assert numbers["matched"] == pytest.approx(expected.matched.value, rel=1e-3)
    assert numbers["hardness"] == pytest.approx(expected.terms.hardness, abs=1e-3)
    assert numbers["mismatch"] == pytest.approx(expected.terms.mismatch, abs=1e-3)


@pytest.mark.parametrize("name", PAIRS)
def test_its_picture_is_that_of_render(probed: dict[str, Any], specimen: Any, name: str) -> None:
    image = hb.render(
        specimen.wave,
        condition(PAIRS[name][1], dose=None),
        pixel_size=specimen.field / len(specimen.wave),
        output_pixel_size=0.2,
        zero_focus=specimen.zero_focus,
    )
    found = picture(probed["pairs"][name]["picture"])
    np.testing.assert_allclose(found, with_diffuse(image, specimen), atol=1e-4)
    assert np.corrcoef(found.ravel(), with_diffuse(image, specimen).ravel())[0, 1] > 0.9999


def spread_intensity(specimen: Any) -> np.ndarray:
    (image,) = expected_intensity(
        specimen.wave,
        [condition(SPREAD)],
        pixel_size=specimen.field / len(specimen.wave),
        output_pixel_size=0.2,
        zero_focus=specimen.zero_focus,
    )
    return with_diffuse(image, specimen)


def test_an_angular_spread_blurs_as_in_the_package(probed: dict[str, Any], specimen: Any) -> None:
    np.testing.assert_allclose(picture(probed["spread"]), spread_intensity(specimen), atol=1e-4)


@pytest.mark.parametrize("name", camera_names())
def test_its_cameras_record_as_the_package_s(probed: dict[str, Any], specimen: Any, name: str) -> None:
    """The mean through the MTF; the noise by its spectrum, which 65,536 pixels fix to some per cent."""
    expected, counts, again = map(picture, probed["cameras"][name])
    blurred = detect(
        spread_intensity(specimen), 1e9, pixel_size=0.2, seed=1, detector=Detector(mtf=camera(name).mtf)
    ) / (1e9 * 0.04)  # fmt: skip
    np.testing.assert_allclose(expected, blurred, atol=2e-3)
    np.testing.assert_array_equal(counts, again)
    theirs = detect(spread_intensity(specimen), 25.0, pixel_size=0.2, seed=1, detector=camera(name))
    deviation = float(np.sqrt(noise_power(camera(name), 25.0 * 0.04, 0.0, 0.0)) / 256)
    mean = 25.0 * 0.04 * camera(name).gain * spread_intensity(specimen).mean()
    assert counts.mean() == pytest.approx(mean, abs=4 * deviation)
    ours, other = (np.abs(np.fft.rfft2(one - one.mean())) ** 2 for one in (counts, theirs))
    q = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    for low, high in ((0.05, 0.15), (0.3, 0.5)):
        ring = (q > low) & (q < high)
        assert ours[ring].mean() == pytest.approx(other[ring].mean(), rel=0.1)


def test_controls_move_it(probed: dict[str, Any]) -> None:
    """12.5 nm typed, an arrow pressed on the training dose, and the preset of Scherzer's focus, 0 without a C30."""
    dom = probed["dom"]
    assert dom["state"]["test"]["C10"] == 0 and float(dom["slider"]) == 0
    assert dom["state"]["train"]["dose"] == 450
    assert dom["state"]["specimen"] == 2 and "list(specimens.read())[2]" in dom["code"]
    assert dom["sigma"] == "0.000"
    assert dom["loss"][1] == pytest.approx(dom["loss"][0], abs=1e-3)
    assert "defocus=0.0" in dom["code"]
    assert dom["back"] == dom["state"]
    assert dom["wide"] and dom["requests"] == 0


def test_what_is_copied_is_understood(probed: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for name, (train, _) in PAIRS.items():
        copies = probed["copies"][name]
        recipe = parse_recipe(copies["recipe"])
        assert recipe.settings["C10"] == (ORDINARY | train)["C10"]
        assert tomllib.loads(copies["recipe"])["detector"]["camera"] == (ORDINARY | train)["camera"]
        compile(copies["python"], name, "exec")
    held: dict[str, Any] = {}
    exec(probed["copies"]["astigmatic"]["python"], held)
    assert [held["train"], held["test"]] == list(map(condition, PAIRS["astigmatic"]))
    assert held["image"].shape == (256, 256)
    numbers = probed["pairs"]["astigmatic"]["numbers"]
    assert float(capsys.readouterr().out.split()[-1]) == pytest.approx(numbers["loss"], rel=1e-3)
    for command in probed["copies"]["astigmatic"]["shell"].replace("\\\n", " ").split("\n\n"):
        assert run(shlex.split(command)[1:]) == 0
    printed = [float(one) for one in re.findall(r"\d\.\d{3,4}\b", capsys.readouterr().out)]
    for key in ("sigma", "coverage", "loss", "matched"):
        assert any(one == pytest.approx(numbers[key], abs=1e-3) for one in printed)


def test_no_script_is_fetched_and_the_file_is_small() -> None:
    page = explorer_page()
    assert "http://" not in page and "https://" not in page
    assert len(page) < 500_000


def test_every_camera_of_the_package_is_offered(probed: dict[str, Any]) -> None:
    assert sorted(probed["cameras"]) == camera_names()


def test_the_command_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "new" / "explorer.html"
    assert run(["explore", "--out", str(out)]) == 0
    assert out.read_text("utf-8") == explorer_page()
    assert run(["explore", "--out", str(tmp_path / "explorer.txt")]) == 2
