"""The card and its pictures: filled, referring to what is there, showing what the dataset holds."""

import io
import re
import string
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import toy_datasets
from PIL import Image

import hrtem_bench as hb
from hrtem_bench.dataset import generate, load_recipe, open_dataset, shipped_recipes
from hrtem_bench.generation.pictures import Line, curves_svg, drawn_by, examples_shown, histogram_svg
from hrtem_bench.generation.png import preview

SOURCES = Path(__file__).parents[2] / "data_cards"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures") / "toy"
    return folder, generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)


def test_every_field_of_the_card_is_filled(made):
    card = (made[0] / "README.md").read_text(encoding="utf-8")
    fields = {m[1] for m in re.finditer(r"\$(\w+)", (SOURCES / "dataset.md").read_text(encoding="utf-8"))}
    assert len(fields) > 20
    assert not [m[0] for m in string.Template.pattern.finditer(card) if m["named"] or m["braced"]]
    for line in (SOURCES / "dataset.md").read_text(encoding="utf-8").splitlines():
        assert "$" in line or line in card  # the source's own sentences stand in the card


def test_the_card_states_how_far_each_track_moves(made):
    folder, manifest = made
    for name, text in zip(
        manifest.tracks, (folder / "README.md").read_text(encoding="utf-8").split("\n### ")[1:], strict=True
    ):
        track = open_dataset(folder, name)
        sets = [hb.ConditionSet.about(c.condition, c.spread) for c in track.conditions]
        trained = hb.ConditionSet.mixture([one for one, c in zip(sets, track.conditions, strict=True) if c.train])
        spans = [hb.sigma(trained, one, q_max=1.0) for one in sets]  # 1/(2 × 0.5 Å)
        low, high = re.search(r"σ from (\S+) to (\S+)\.\n", text).groups()
        assert text.startswith(name)
        assert (float(low), float(high)) == pytest.approx((min(spans), max(spans)), abs=6e-4)


def test_pictures_in_the_card_are_there(made):
    folder, manifest = made
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert len(named) == 2 * len(manifest.tracks) + 2
    assert all((folder / name).is_file() for name in named)
    assert {str(p.relative_to(folder)) for p in (folder / "pictures").iterdir()} == set(named)


def test_examples_are_the_previews_in_their_places(made):
    folder, manifest = made
    picture = np.asarray(Image.open(io.BytesIO((folder / "pictures/defocus.png").read_bytes())))
    shown = examples_shown(manifest, "defocus")
    assert picture.shape == (2 * 32, len(shown) * 32)
    samples = {(s.structure_id, s.condition_id): s for s in open_dataset(folder, "defocus").rows("test")}
    for row in range(2):
        for column, condition in enumerate(shown):
            sample = samples[f"test-{row:05d}", condition]
            tile = picture[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
            np.testing.assert_array_equal(tile, preview(sample.image, sample.mask))


def paths(svg: str) -> list[str]:
    return [path.get("d") for path in ET.fromstring(svg).findall(".//{*}path")]


def test_a_curve_is_drawn_where_its_numbers_say():
    svg = curves_svg([Line("a<b $c", np.array([0, 1.0, 2.0]), np.array([-1.0, 1.0, 0.0]))], "x", "y", (-1, 1))
    line, *_legend = [
        found for found in (re.findall(r"[-.\d]+", d) for d in paths(svg) if d.count("L") == 2) if len(found) == 6
    ]
    x, y = np.array(line, float).reshape(3, 2).T  # points of the page, y downwards
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], rel=1e-3)
    assert y[0] - y[1] == pytest.approx(2 * (y[2] - y[1]), rel=1e-3) and y[0] > y[1]
    assert "a<b $c" in [t.text for t in ET.fromstring(svg).findall(".//{*}text")]


def test_a_histogram_s_bars_are_its_counts():
    svg = histogram_svg([0, 0, 0, 1, 3.2], "x", "y", bins=4)
    bars = [np.array(re.findall(r"[-.\d]+", d), float).reshape(-1, 2) for d in paths(svg) if d.count("L") == 3]
    heights = [np.ptp(bar[:, 1]) for bar in bars][-4:]  # the first are the background of page and axes
    assert np.array(heights) / heights[0] == pytest.approx([1, 1 / 3, 0, 1 / 3], abs=1e-3)


def test_figures_are_the_same_whatever_the_user_s_settings():
    lines = [Line(str(k), np.arange(3.0), np.arange(3.0) * k, k > 0) for k in range(20)]
    first = curves_svg(lines, "x", "y", (0, 60))
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "path", "svg.hashsalt": "mine"}):
        assert curves_svg(lines, "x", "y", (0, 60)) == first
    assert drawn_by(first) == f"Matplotlib v{matplotlib.__version__}, https://matplotlib.org/"


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_track_of_a_shipped_recipe_says_why(name):
    assert all(len(track.why.strip()) > 80 for track in load_recipe(name).tracks.values())
