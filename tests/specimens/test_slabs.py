"""Crystalline supports: density, distances across the periodic edges, strain, layers."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import crystalline_slab, lattice, unit_cell


@pytest.mark.parametrize(
    ("name", "surface", "bond"),
    [
        ("graphite", (0, 0, 1), 2.461 / 3**0.5),
        ("MgO", (0, 0, 1), 2.106),
        ("MgO", (1, 1, 0), 2.106),
        ("Au", (1, 1, 1), 2.885),
        ("CdSe", (0, 0, 1), 2.631),
    ],
)
@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_bonds_and_density_hold_across_the_edges_to_within_the_strain(name, surface, bond, angle):
    size = (90.0, 80.0, 25.0)
    numbers, positions, strain = crystalline_slab(lattice(name), surface, size, angle)
    assert strain < 0.03
    nearest = cKDTree(positions, boxsize=(*size[:2], 1e6)).query(positions, k=2)[0][:, 1]
    assert nearest.min() >= bond * (1 - strain) - 1e-3
    assert np.median(nearest) <= bond * (1 + strain) + 1e-3
    cell = unit_cell(lattice(name))
    expected = np.prod(size) * len(cell) / cell.get_volume()
    assert len(numbers) == pytest.approx(expected, rel=0.25)
    assert np.all(positions >= 0) and np.all(positions[:, :2] < size[:2]) and positions[:, 2].max() < 25


def test_graphene_is_one_layer_of_graphite():
    numbers, positions, _ = crystalline_slab(lattice("graphite"), (0, 0, 1), (100.0, 90.0, 3.3), 0.2)
    assert np.all(positions[:, 2] == 0)
    assert set(numbers) == {6}
    # 0.3818 atoms on 1 Å²: two in a cell of 2.461 Å.
    assert len(numbers) / 9000 == pytest.approx(2 / (2.461**2 * 3**0.5 / 2), rel=0.02)
    neighbours = cKDTree(positions, boxsize=(100, 90, 1e6)).query_ball_point(positions, 1.6, return_length=True) - 1
    assert set(neighbours) == {3}


def test_a_slab_has_whole_layers_of_its_stoichiometry():
    numbers, positions, _ = crystalline_slab(lattice("MgO"), (0, 0, 1), (60.0, 60.0, 10.0), 0.0)
    assert (numbers == 12).sum() == (numbers == 8).sum()
    np.testing.assert_allclose(np.unique(positions[:, 2].round(6)), np.arange(5) * 2.106, atol=1e-6)


def test_a_box_too_small_for_the_cell_is_refused():
    with pytest.raises(InputError, match="larger box"):
        crystalline_slab(lattice("Fe3O4"), (0, 0, 1), (12.0, 12.0, 10.0), 0.3)
