"""Specimens as on real grids: rough and uneven films on either side, caps, lenses, rough particles, coatings."""

import dataclasses
import tomllib

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import ConvexHull, cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import (
    SceneSpec,
    cap_outline,
    cut,
    lattice,
    lens_outline,
    scene,
    spec_from_dict,
    sphere_outline,
    vacuum,
)
from hrtem_bench.specimens.random_fields import surface_field

GOLD = SceneSpec(box=(70.0, 70.0), diameter=(20.0, 24.0), count=1, film_thickness=15.0, lattices=("Au",))
UP = np.array([0.0, 0.0, 1.0])


def change(**values):
    return dataclasses.replace(GOLD, **values)


def film(made):
    return made.atoms.positions[made.particle == 0]


def grains(made):
    return made.atoms.positions[made.particle > 0]


# Sides of the film


@pytest.mark.parametrize("shape", ["sphere", "cap"])
@pytest.mark.parametrize("side", ["below", "above", "both"])
def test_the_film_lies_on_its_side_of_the_particles_in_contact(side, shape):
    made = scene(change(film_side=side, count=2, shapes=shape), 3)
    middle = vacuum(made).positions[:, 2].mean()
    before, after = (film(made)[:, 2] < middle).sum(), (film(made)[:, 2] > middle).sum()
    assert (before > 0) == (side in ("below", "both"))
    assert (after > 0) == (side in ("above", "both"))
    near = cKDTree(film(made), boxsize=(70, 70, 1e6))
    distances = [near.query(made.atoms.positions[made.particle == k])[0].min() for k in (1, 2)]
    np.testing.assert_allclose(distances, GOLD.contact, atol=1e-9)
    z = made.atoms.positions[:, 2]
    assert z.min() == pytest.approx(GOLD.margin) and made.atoms.cell[2, 2] - z.max() == pytest.approx(GOLD.margin)


def test_two_films_have_a_thickness_each_and_the_upper_touches_the_highest_particle():
    spec = change(film_side="both", film_thickness=(12.0, 20.0), count=2)
    made = scene(spec, 1)
    middle = vacuum(made).positions[:, 2].mean()
    heights = film(made)[:, 2]
    lower, upper = heights[heights < middle], heights[heights > middle]
    spans = [np.ptp(lower), np.ptp(upper)]
    assert all(11.0 < span <= 20.0 for span in spans) and abs(spans[0] - spans[1]) > 0.1
    assert made.film_thickness == pytest.approx(sum(spans), abs=1.0)
    near = cKDTree(film(made)[heights > middle], boxsize=(70, 70, 1e6)).query(grains(made))[0]
    assert near.min() == pytest.approx(spec.contact, abs=1e-9)


def test_without_a_film_the_particles_are_those_that_lie_on_one():
    bare, held = scene(change(film_side="none"), 2), scene(GOLD, 2)
    assert not len(film(bare)) and bare.film_thickness == 0
    assert [p.orientation for p in bare.particles] == [p.orientation for p in held.particles]
    np.testing.assert_allclose(np.diff(grains(bare), axis=0), np.diff(grains(held), axis=0), atol=1e-9)


def test_a_film_on_the_other_side_leaves_the_particles_as_they_are():
    """Not mirrored: a mirror image would turn a crystal without a centre of symmetry into its other hand."""
    below, above = (scene(change(film_side=side, lattices="CdSe"), 4) for side in ("below", "above"))
    np.testing.assert_allclose(np.diff(grains(below), axis=0), np.diff(grains(above), axis=0), atol=1e-9)


# Films that vary


def columns(positions, weights, box, step):
    """Sums of weights in square columns of the field."""
    counts = [round(side / step) for side in box[::-1]]
    return np.histogram2d(
        positions[:, 1], positions[:, 0], bins=counts, range=((0, box[1]), (0, box[0])), weights=weights
    )[0]


def test_a_rough_film_has_the_mean_and_the_standard_deviation_of_its_thickness():
    spec = SceneSpec(box=(100.0, 100.0), count=0, film_thickness=20.0, film_roughness=4.0, film_correlation=12.0)
    thickness = []
    for seed in range(4):
        atoms = film(scene(spec, seed))
        # 0.1003 carbon atoms in 1 Å³ at 2.0 g/cm³; columns of 5 Å hold 50.
        thickness.append(columns(atoms, None, spec.box, 5.0) / 25 / (2.0 / 12.011 / 1.66053907))
    thickness = np.array(thickness)
    assert thickness.mean() == pytest.approx(20.0, rel=0.02)
    flat = [
        columns(film(scene(dataclasses.replace(spec, film_roughness=0.0), s)), None, spec.box, 5.0) for s in range(2)
    ]
    noise = np.var(flat) / (25 * 2.0 / 12.011 / 1.66053907) ** 2  # of where single atoms lie
    # A column of width w averages a Gaussian correlation: its variance is lowered by about exp(-w² / 6 l²).
    expected = 4.0**2 * np.exp(-(5.0**2) / (6 * 12.0**2))
    assert np.sqrt(thickness.var() - noise) == pytest.approx(np.sqrt(expected), rel=0.2)


def test_both_faces_of_a_rough_film_are_rough_and_particles_still_touch_it():
    spec = change(film_roughness=4.0, film_correlation=10.0, film_thickness=20.0, count=2)
    made = scene(spec, 0)
    atoms = film(made)
    cells = (atoms[:, :2] // 5).astype(int)
    names = cells[:, 0] * 14 + cells[:, 1]
    tops = stats.binned_statistic(names, atoms[:, 2], "max", bins=np.arange(197) - 0.5).statistic
    bottoms = stats.binned_statistic(names, atoms[:, 2], "min", bins=np.arange(197) - 0.5).statistic
    for face in (tops, bottoms):
        assert 1.4 < np.nanstd(face) < 4.5  # 4 / sqrt(2) = 2.8 in the mean of many films
    assert abs(np.corrcoef(tops, bottoms)[0, 1]) < 0.6
    near = cKDTree(atoms, boxsize=(70, 70, 1e6))
    for k in (1, 2):
        assert near.query(made.atoms.positions[made.particle == k])[0].min() == pytest.approx(spec.contact, abs=1e-9)


def test_density_varies_by_the_share_asked_for_and_keeps_its_mean():
    spec = SceneSpec(box=(100.0, 100.0), count=0, film_thickness=20.0, film_correlation=12.0)
    uneven = dataclasses.replace(spec, film_density_variation=0.08)
    even, varied = (np.array([columns(film(scene(s, k)), None, s.box, 5.0) for k in range(4)]) for s in (spec, uneven))
    assert varied.mean() == even.mean()
    added = np.sqrt(varied.var() - even.var()) / even.mean()
    assert added == pytest.approx(0.08 * np.exp(-(5.0**2) / (12 * 12.0**2)), rel=0.2)


def test_a_crystalline_film_can_be_rough():
    flat, rough = (scene(change(film="MgO", film_roughness=r, film_thickness=20.0), 1) for r in (0.0, 3.0))
    assert np.ptp(film(rough)[:, 2]) > np.ptp(film(flat)[:, 2]) + 3
    assert len(film(rough)) == pytest.approx(len(film(flat)), rel=0.15)


# Shapes


def inside_volume(outline, samples=200_000):
    reach = outline.reach
    points = np.random.default_rng(0).uniform(-reach, reach, (samples, 3))
    return outline.holds(points).mean() * (2 * reach) ** 3


@pytest.mark.parametrize("angle", [30.0, 60.0, 90.0, 130.0, 180.0])
def test_a_cap_has_the_volume_asked_for_and_its_contact_angle(angle):
    outline = cap_outline(40.0, angle, -UP)
    assert inside_volume(outline) == pytest.approx(np.pi / 6 * 40**3, rel=0.03)
    cosine = np.cos(np.radians(angle))
    ball = 20 * (4 / (2 - 3 * cosine + cosine**3)) ** (1 / 3)  # of a spherical cap of volume pi R³ (2 - 3 c + c³) / 3
    half = ball * (1 - cosine) / 2
    base = np.column_stack([np.linspace(0, 2 * ball, 4001), np.zeros(4001), np.full(4001, -half + 1e-6)])
    assert base[outline.holds(base)][:, 0].max(initial=0) == pytest.approx(ball * np.sin(np.radians(angle)), abs=0.1)
    along = np.column_stack([np.zeros(4001), np.zeros(4001), np.linspace(-2 * ball, 2 * ball, 4001)])
    held = along[outline.holds(along)][:, 2]
    assert (held.min(), held.max()) == pytest.approx((-half, half), abs=0.1)


@pytest.mark.parametrize("aspect", [0.2, 0.5, 1.0])
def test_a_lens_has_the_volume_and_the_aspect_asked_for_and_a_thin_edge(aspect):
    outline = lens_outline(40.0, aspect, UP)
    assert inside_volume(outline) == pytest.approx(np.pi / 6 * 40**3, rel=0.03)
    line = np.linspace(-60, 60, 12001)
    wide, high = (np.ptp(line[outline.holds(np.outer(line, axis))]) for axis in (np.array([1.0, 0, 0]), UP))
    assert high / wide == pytest.approx(aspect, abs=1e-3)
    if aspect < 1:
        edge = np.column_stack([np.full(12001, 0.49 * wide), np.zeros(12001), line])
        assert np.ptp(line[outline.holds(edge)]) < 0.1 * high


@pytest.mark.parametrize(("side", "sign"), [("below", -1), ("above", 1)])
def test_caps_of_a_scene_lie_flat_on_their_film_and_have_their_atoms(side, sign):
    spec = change(shapes="cap", contact_angle=80.0, diameter=30.0, film_side=side)
    made = scene(spec, 0)
    atoms = grains(made)
    assert made.particles[0].shape == "cap"
    assert len(atoms) == pytest.approx(np.pi / 6 * 30**3 * 4 / 4.08**3, rel=0.08)
    flat, tip = (
        (atoms[:, 2] * sign > (atoms[:, 2] * sign).max() - 2.0),
        (atoms[:, 2] * sign < (atoms[:, 2] * sign).min() + 2.0),
    )
    assert np.ptp(atoms[flat][:, 0]) > 2 * np.ptp(atoms[tip][:, 0])
    hull = ConvexHull(atoms)
    assert hull.volume == pytest.approx(np.pi / 6 * 30**3, rel=0.25)  # of the atoms' centres, so somewhat less


def test_lenses_lie_across_the_beam():
    made = scene(change(shapes="lens", lens_aspect=0.4, diameter=30.0), 0)
    width, height = np.ptp(grains(made)[:, :2], axis=0).mean(), np.ptp(grains(made)[:, 2])
    assert height / width == pytest.approx(0.4, abs=0.08)


def test_shapes_are_drawn_with_their_weights():
    spec = change(shapes=("sphere", "lens"), shape_weights=(1, 3), count=3, diameter=12.0, film_thickness=0)
    drawn = [p.shape for seed in range(60) for p in scene(spec, seed).particles]
    assert len(drawn) > 150
    assert stats.binomtest(drawn.count("lens"), len(drawn), 0.75).pvalue > 1e-3
    only = dataclasses.replace(spec, shape_weights=(1, 0))
    assert {p.shape for seed in range(5) for p in scene(only, seed).particles} == {"sphere"}


# Roughness


def edges(outline, directions):
    """Distance, Å, of the surface from the origin in each direction, by bisection."""
    low, high = np.zeros(len(directions)), np.full(len(directions), outline.reach + 1)
    for _ in range(16):
        middle = (low + high) / 2
        held = outline.holds(directions * middle[:, None])
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    return low


def test_a_rough_sphere_has_the_roughness_and_the_volume_asked_for():
    directions = np.random.default_rng(0).standard_normal((800, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = []
    for seed in range(12):
        relief = surface_field(20.0, 2.0, 6.0, np.random.default_rng(seed))
        radii.append(edges(dataclasses.replace(sphere_outline(40.0), relief=relief), directions))
    radii = np.array(radii)
    assert radii.std() == pytest.approx(2.0, rel=0.05)
    assert (radii**3).mean() == pytest.approx(20.0**3, rel=0.03)
    smooth = sphere_outline(40.0)
    atoms = [
        len(cut(lattice("Au"), dataclasses.replace(smooth, relief=surface_field(20.0, 2.0, 6.0, rng)), rng).atoms)
        for rng in map(np.random.default_rng, range(10))
    ]
    assert np.mean(atoms) == pytest.approx(np.pi / 6 * 40**3 * 4 / 4.08**3, rel=0.05)


@pytest.mark.parametrize("shape", ["sphere", "cap", "lens", "wulff"])
def test_the_surface_of_atoms_is_as_rough_as_asked_for(shape):
    base = change(shapes=shape, diameter=36.0, film_thickness=15.0, surface_energies={"111": 1.0, "100": 1.15})
    rough = dataclasses.replace(base, particle_roughness=2.5, particle_correlation=8.0)
    smooth, bumpy = ([scene(spec, seed) for seed in range(3)] for spec in (base, rough))
    ratio = np.sum([m.particles[0].atom_count for m in bumpy]) / np.sum([m.particles[0].atom_count for m in smooth])
    assert ratio == pytest.approx(1.0, abs=0.12)
    # The convex hull goes from bump to bump: a rough particle fills less of it.
    filled = [
        np.mean([m.particles[0].atom_count * 4.08**3 / 4 / ConvexHull(grains(m)).volume for m in made])
        for made in (smooth, bumpy)
    ]
    assert filled[1] < filled[0] - 0.05


# Coatings


def test_ligands_cover_particles_alone_and_contamination_everything():
    covered = scene(change(ligand_thickness=6.0), 0)
    plain = scene(GOLD, 0)
    np.testing.assert_allclose(
        np.diff(vacuum(covered).positions, axis=0), np.diff(vacuum(plain).positions, axis=0), atol=1e-9
    )
    added = covered.atoms[len(plain.atoms) :]
    assert set(added.numbers) == {1, 6} and not covered.particle[len(plain.atoms) :].any()
    period = (70, 70, 1e6)
    near = cKDTree(vacuum(covered).positions, boxsize=period).query(added.positions)[0]
    assert near.min() >= 2.2 and near.max() <= 2.2 + 6.0 + 1e-9
    dirty = scene(change(contamination_thickness=5.0), 0)
    layer = dirty.atoms.positions[len(plain.atoms) :]
    specimen = dirty.atoms.positions[: len(plain.atoms)]
    assert layer[:, 2].min() < specimen[:, 2].min() - 4 and layer[:, 2].max() > specimen[:, 2].max() + 4
    assert cKDTree(specimen, boxsize=period).query(layer)[0].max() <= 2.2 + 5.0 + 1e-9
    assert set(vacuum(dirty).numbers) == {79}
    assert dirty.atoms.positions[:, 2].min() == pytest.approx(GOLD.margin)


def test_everything_at_once_is_a_function_of_the_seed():
    spec = change(
        film_side="both", film_roughness=2.0, film_density_variation=0.05, shapes=("cap", "lens"), shape_weights=(1, 1),
        particle_roughness=1.0, ligand_thickness=(2.0, 4.0), contamination_thickness=(2.0, 4.0), count=2,
    )  # fmt: skip
    first, again, other = (scene(spec, seed) for seed in (1, 1, 2))
    assert first.atoms.positions.tobytes() == again.atoms.positions.tobytes() != other.atoms.positions.tobytes()
    assert np.all(first.atoms.positions >= 0) and np.all(first.atoms.positions < first.atoms.cell.lengths())
    assert cKDTree(first.atoms.positions).query(first.atoms.positions, k=2)[0][:, 1].min() > 0.9


def test_all_of_it_can_be_said_in_a_recipe():
    table = tomllib.loads("""
        box = [90, 90]
        lattices = ["Au"]
        diameter = [20, 30]
        shapes = ["cap", "lens", "sphere"]
        shape_weights = [2, 1, 1]
        contact_angle = [70, 110]
        lens_aspect = 0.4
        particle_roughness = 1.5
        film_side = "both"
        film_thickness = [15, 20]
        film_roughness = 3
        film_correlation = 20
        film_density_variation = 0.05
        ligand_thickness = 5
        contamination_thickness = [0, 10]
    """)
    assert spec_from_dict(table) == SceneSpec(
        box=(90.0, 90.0), lattices=("Au",), diameter=(20.0, 30.0), shapes=("cap", "lens", "sphere"),
        shape_weights=(2.0, 1.0, 1.0), contact_angle=(70.0, 110.0), lens_aspect=(0.4, 0.4), particle_roughness=1.5,
        film_side="both", film_thickness=(15.0, 20.0), film_roughness=3.0, film_correlation=20.0,
        film_density_variation=0.05, ligand_thickness=(5.0, 5.0), contamination_thickness=(0.0, 10.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"film_side": "left"}, "film_side must be one of below, above, both, none, not 'left'"),
        ({"film_thickness": 90.0}, r"film_thickness goes up to 90 Å, beyond the box of .*: 80 Å is the most"),
        ({"film_roughness": 6.0}, "film_roughness is 6 Å: at most a third of the thinnest film"),
        ({"film_roughness": -1.0}, "film_roughness must not be negative"),
        ({"film_roughness": 2.0, "film_correlation": 1.0}, "film_correlation must be 4 Å or more"),
        ({"film_density_variation": 0.3}, "film_density_variation of a-C is 0.1 at most"),
        (
            {"film_density_variation": 0.1, "film": "MgO"},
            "film_density_variation is for amorphous films; MgO is a crystal",
        ),
        ({"shapes": "cap", "film_thickness": 0}, "shapes has cap, which lies on a film"),
        ({"shapes": "cap", "film_side": "none"}, "shapes has cap, which lies on a film"),
        ({"shapes": "cap", "contact_angle": 10}, "contact_angle must be from 30 to 180 degrees"),
        ({"shapes": "lens", "lens_aspect": (0.1, 2)}, "lens_aspect must be from 0.2 to 1"),
        (
            {"particle_roughness": 4.0},
            "particle_roughness is 4 Å: at most a third of the radius of the smallest particle",
        ),
        ({"particle_roughness": 30.0}, "radius of the smallest particle"),
        ({"particle_roughness": 1.0, "particle_correlation": 0.0}, "particle_correlation must be 4 Å or more"),
        ({"particle_roughness": 1.0, "shapes": "icosahedron"}, "particle_roughness is for sphere, wulff, cap, lens"),
        ({"shapes": ("sphere", "lens"), "shape_weights": (1,)}, "shape_weights must have one number for each"),
        ({"shapes": ("sphere", "lens"), "shape_weights": (0, 0)}, "shape_weights must have one number for each"),
        ({"shape_weights": "heavy"}, "shape_weights must be a list of numbers"),
        ({"ligand_thickness": 50}, "ligand_thickness goes up to 50 Å: 30 Å is the most"),
        ({"contamination_thickness": (5, 2)}, "contamination_thickness must run from low to high"),
        ({"count": 0, "film_side": "none"}, "could be empty"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(values, words):
    with pytest.raises(InputError, match=words) as caught:
        change(**values)
    assert "\n" not in str(caught.value)
