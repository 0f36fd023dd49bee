"""What is measured in an image without labels: noise, Thon rings, lattice spots, texture."""

from hrtem_bench.measurement.power_spectrum import PowerSpectrum, power_spectrum
from hrtem_bench.measurement.readings import Reading
from hrtem_bench.measurement.thon_rings import ThonRings, fit_thon_rings

__all__ = ["PowerSpectrum", "Reading", "ThonRings", "fit_thon_rings", "power_spectrum"]
