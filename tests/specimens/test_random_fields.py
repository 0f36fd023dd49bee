"""Random fields: variance, correlation length and mean, against the Gaussian correlation they are to have."""

import numpy as np
import pytest

from hrtem_bench.specimens.random_fields import plane_field, spread_by, surface_field

BOX = np.array([160.0, 120.0])


def fields(correlation, count=150):
    return [plane_field(BOX, correlation, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize("correlation", [6.0, 15.0])
def test_a_plane_field_has_its_variance_and_correlation_length(correlation):
    made = fields(correlation)
    np.testing.assert_allclose([f.values.mean() for f in made], 0, atol=1e-12)
    assert np.mean([f.values.var() for f in made]) == pytest.approx(1.0, rel=0.05)
    rng = np.random.default_rng(0)
    points = rng.random((4000, 2)) * BOX
    for distance in (0.5 * correlation, correlation, 2 * correlation):
        angle = rng.uniform(0, 2 * np.pi, 4000)
        other = points + distance * np.column_stack([np.cos(angle), np.sin(angle)])
        covariance = np.mean([np.mean(f.at(points) * f.at(other)) for f in made])
        # The mean over the plane is taken out, which lowers all correlations by what it would have had.
        removed = 2 * np.pi * correlation**2 / BOX.prod()
        assert covariance == pytest.approx(
            (np.exp(-0.5 * (distance / correlation) ** 2) - removed) / (1 - removed), abs=0.04
        )


def test_a_plane_field_is_periodic_and_goes_through_its_points():
    field = plane_field(BOX, 12.0, np.random.default_rng(1))
    points = np.random.default_rng(2).random((100, 2)) * BOX
    np.testing.assert_allclose(field.at(points), field.at(points + 3 * BOX), atol=1e-9)
    ny, nx = field.values.shape
    j, i = np.indices((ny, nx)).reshape(2, -1)
    grid = np.column_stack([i * BOX[0] / nx, j * BOX[1] / ny])
    np.testing.assert_allclose(field.at(grid), field.values.ravel(), atol=1e-9)


def test_a_length_beyond_the_box_leaves_its_longest_wave():
    made = [plane_field(BOX, 1000.0, np.random.default_rng(seed)).values for seed in range(200)]
    assert np.mean([values.var() for values in made]) == pytest.approx(1.0, rel=0.25)
    assert np.abs(made[0] - made[0][:1]).max() < 1e-6  # along the longer side alone


def test_spreading_makes_the_density_of_the_field():
    field = plane_field(BOX, 15.0, np.random.default_rng(3))
    rng = np.random.default_rng(0)
    points, step = np.column_stack([rng.random((500, 2)) * BOX, np.full(500, 7.0)]), 0.05

    def moved_along(axis, way):
        shifted = points + way * step * np.eye(3)[axis]
        apart = spread_by(field, shifted, 0.05)[:, axis] - shifted[:, axis]
        return apart - BOX[axis] * np.rint(apart / BOX[axis])

    divergence = sum((moved_along(axis, 1) - moved_along(axis, -1)) / (2 * step) for axis in (0, 1))
    np.testing.assert_allclose(divergence, -0.05 * field.at(points), atol=0.003)
    moved = spread_by(field, points, 0.05)
    np.testing.assert_array_equal(moved[:, 2], 7.0)
    assert np.all(moved[:, :2] >= 0) and np.all(moved[:, :2] <= BOX)


def test_a_surface_field_has_its_deviation_and_correlation():
    rng = np.random.default_rng(4)
    unit = rng.standard_normal((1500, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    made = [surface_field(25.0, 1.5, 6.0, np.random.default_rng(seed)) for seed in range(60)]
    heights = np.array([field.height(unit * 40) for field in made])
    np.testing.assert_allclose(heights[0], made[0].height(unit * 3), atol=1e-9)  # by direction alone
    assert heights.mean() == pytest.approx(-(1.5**2) / 25, abs=0.05)
    assert heights.std() == pytest.approx(1.5, rel=0.03)
    deviates = heights - heights.mean()
    chords = 25 * np.linalg.norm(unit[:750] - unit[750:], axis=1)
    near = deviates[:, :750] * deviates[:, 750:]
    for low, high in ((2, 4), (5, 7), (10, 14)):
        chosen = (chords > low) & (chords < high)
        expected = 1.5**2 * np.exp(-0.5 * (chords[chosen] / 6) ** 2).mean()
        assert near[:, chosen].mean() == pytest.approx(expected, abs=0.25)
