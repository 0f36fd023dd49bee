"""`imitate` and `tailor` from the command line."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec
import numpy as np
import pytest
import toy_datasets

import hrtem_bench.dataset
import hrtem_bench.training
from hrtem_bench.cli import run
from hrtem_bench.cli.micrographs.imitate import lengths
from hrtem_bench.dataset import generate, load_recipe, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.training import TrainingSettings

pytest.importorskip("rsciio")
pytest.importorskip("torch")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two micrographs of 128 x 128 pixels of 0.8 Å in images/, specimens that take no time, and no cards."""
    monkeypatch.chdir(tmp_path)
    text = toy_datasets.TOML.replace("pixels = 32", "pixels = 128")
    text = text.replace("pixel_size = 0.5\n", "pixel_size = 0.8\n").replace("= 0.25", "= 0.4")
    monkeypatch.setattr("hrtem_bench.generation.generate.write_card", lambda out, manifest: None)
    generate(toy_datasets.recipe(text), "truth", workers=1, simulate=toy_datasets.coarse)
    Path("images").mkdir()
    for sample in open_dataset("truth", "defocus").rows("test", ["defocus=0nm"], limit=2):
        np.save(f"images/{sample.structure_id}.npy", sample.image)
    quick = functools.partial(generate, simulate=toy_datasets.coarse)
    monkeypatch.setattr(hrtem_bench.dataset, "generate", quick)
    monkeypatch.setattr("hrtem_bench.micrographs.matched_dose.simulate", toy_datasets.coarse)
    fast = functools.partial(hrtem_bench.training.train, settings=TrainingSettings(steps=2, crop=32, most_cycles=2))
    monkeypatch.setattr(hrtem_bench.training, "train", fast)
    return tmp_path


IMITATE = ["imitate", "images", "--crystal", "Au", "--energy", "300kV", "--pixel-size", "0.8"]
TAILOR = ["tailor", "images", "--crystal", "Au", "--energy", "300kV", "--pixel-size", "0.8", "--structures", "8",
          "--workers", "1", "--out", "mine", "--network", "own"]  # fmt: skip


def test_imitate_writes_a_recipe(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*IMITATE, "--structures", "8", "--diameter", "3-5nm", "--out", "like.toml"]) == 0
    said = capsys.readouterr().out
    assert "wrote like.toml" in said
    assert "like 1.0.0: 12 structures" in said
    recipe = load_recipe("like.toml")
    assert recipe.sampling.pixel_size == 0.8
    assert recipe.scene["diameter"] == [30, 50]
    before = Path("like.toml").read_bytes()
    assert run([*IMITATE, "--out", "like.toml"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert Path("like.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--crystal", "Unobtainium"], "Unobtainium"),
        (["--energy", "fast"], "energy"),
        (["--pixel-size", "0"], "pixel size"),
        (["--diameter", "thick"], "as in 2-6nm"),
        (["--film", "butter"], "film"),
        (["--out", "recipe.txt"], ".toml"),
        (["--structures", "3"], "structures"),
    ],
)
def test_what_cannot_be_imitated(
    place: Path, capsys: pytest.CaptureFixture[str], changed: list[str], said: str
) -> None:
    assert run([*IMITATE, "--out", "new.toml", *changed]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not list(place.glob("*.toml"))


def test_lengths_in_text() -> None:
    assert lengths("--diameter", "2-6nm") == (20, 60)
    assert lengths("--diameter", "2nm-6nm") == (20, 60)
    assert lengths("--diameter", "20-60") == (20, 60)
    for text in ("6-2nm", "5nm", "a-b", "-5-3nm", "2-6kg"):
        with pytest.raises(InputError):
            lengths("--diameter", text)


def test_tailor_goes_all_the_way_and_takes_up_where_it_was(
    place: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TAILOR, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "this will take" in said
    assert not (place / "mine" / "data").exists()
    recipe = (place / "mine" / "recipe.toml").read_bytes()
    assert run(TAILOR) == 0
    said = capsys.readouterr().out
    assert "this will take" in said and "masks and overlays of 2 micrographs" in said
    assert (place / "mine" / "recipe.toml").read_bytes() == recipe
    made = {path: path.read_bytes() for path in (place / "mine").rglob("*") if path.is_file()}
    kinds = {path.relative_to(place / "mine").parts[0] for path in made}
    assert {"description.json", "recipe.toml", "data", "model", "found", "likeness.html", "origin.json"} <= kinds
    assert len(list((place / "mine" / "found").glob("*_mask.tif"))) == 2
    assert run(TAILOR) == 0  # all is there
    assert "this will take" not in capsys.readouterr().out
    weights = place / "mine" / "model" / "weights.safetensors"
    assert weights.read_bytes() == made[weights]


def test_tailor_keeps_to_the_images_and_settings_it_was_begun_with(
    place: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TAILOR, "--dry-run"]) == 0
    capsys.readouterr()
    assert run([*TAILOR, "--dry-run", "--energy", "200kV"]) == 2
    assert "other settings" in capsys.readouterr().err
    assert run([*TAILOR, "--dry-run", "--network", "unet_small"]) == 2
    assert "with the network own" in capsys.readouterr().err
    first = next((place / "images").iterdir())
    np.save(first, np.load(first) + 1)
    assert run([*TAILOR, "--dry-run"]) == 2
    assert f"other images, {first.stem} for one" in capsys.readouterr().err
    assert run([*TAILOR, "--dry-run", "--out", "new", "--crystal", "Zz"]) == 2
    assert not (place / "new").exists()
    capsys.readouterr()
    assert run([*TAILOR, "--dry-run", "--out", "truth"]) == 2
    error = capsys.readouterr().err
    assert "holds other things" in error
    assert error.count("\n") == 1


def test_imitate_takes_a_description(place: Path) -> None:
    from hrtem_bench.micrographs import describe

    Path("d.json").write_bytes(msgspec.json.encode(describe("images", pixel_size=0.8, energy=300e3)))
    assert run(["imitate", "d.json", "--crystal", "CdSe", "--structures", "8", "--out", "like.toml"]) == 0
    assert load_recipe("like.toml").scene["lattices"] == ["CdSe"]
