"""Specimens: a seed becomes atoms on a film, with the geometry of every particle."""

from __future__ import annotations

from hrtem_bench.specimens.cif import lattice_from_cif
from hrtem_bench.specimens.crystals import lattice_from_dict, lattice_to_dict
from hrtem_bench.specimens.films import amorphous_film
from hrtem_bench.specimens.glasses import GLASSES, Glass, glass
from hrtem_bench.specimens.lattices import LATTICES, PROTOCOL, Lattice, lattice, unit_cell
from hrtem_bench.specimens.particles import core_shell, cut, five_fold, random_rotation, sphere
from hrtem_bench.specimens.scenes import Particle, Scene, scene, vacuum
from hrtem_bench.specimens.shapes import cap_outline, lens_outline, sphere_outline, wulff_outline
from hrtem_bench.specimens.slabs import crystalline_slab
from hrtem_bench.specimens.spec import SceneSpec, spec_from_dict
from hrtem_bench.specimens.tilt import tilted

__all__ = [
    "GLASSES", "LATTICES", "PROTOCOL", "Glass", "Lattice", "Particle", "Scene", "SceneSpec", "amorphous_film",
    "cap_outline", "core_shell", "crystalline_slab", "cut", "five_fold", "glass", "lattice", "lattice_from_cif",
    "lattice_from_dict", "lattice_to_dict", "lens_outline", "random_rotation", "scene", "spec_from_dict", "sphere",
    "sphere_outline", "tilted", "unit_cell", "vacuum", "wulff_outline",
]  # fmt: skip
