"""Specimens: a seed becomes atoms on a film, with the geometry of every particle."""

from __future__ import annotations

from hrtem_bench.specimens.films import amorphous_film
from hrtem_bench.specimens.glasses import GLASSES, Glass, glass
from hrtem_bench.specimens.lattices import LATTICES, Lattice, lattice, unit_cell
from hrtem_bench.specimens.particles import random_rotation, sphere
from hrtem_bench.specimens.scenes import Particle, Scene, scene, vacuum
from hrtem_bench.specimens.spec import SceneSpec, spec_from_dict

__all__ = [
    "GLASSES", "LATTICES", "Glass", "Lattice", "Particle", "Scene", "SceneSpec", "amorphous_film", "glass",
    "lattice", "random_rotation", "scene", "spec_from_dict", "sphere", "unit_cell", "vacuum",
]  # fmt: skip
