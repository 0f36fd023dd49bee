"""From atoms to exit waves: potentials, transmission, propagation."""

from hrtem_bench.multislice.grid import Grid, GridWarning, choose_grid
from hrtem_bench.multislice.parametrization import (
    PARAMETRIZATIONS,
    elements,
    projected_potential,
    scattering_factor,
)
from hrtem_bench.multislice.simulate import displaced, exit_waves
from hrtem_bench.multislice.waves import Waves, check_agreement
from hrtem_bench.support.gpu import has_gpu

__all__ = [
    "PARAMETRIZATIONS",
    "Grid",
    "GridWarning",
    "Waves",
    "check_agreement",
    "choose_grid",
    "displaced",
    "elements",
    "exit_waves",
    "has_gpu",
    "projected_potential",
    "scattering_factor",
]
