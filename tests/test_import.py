"""What `import hrtem_bench` loads, and what it offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hrtem_bench

PUBLIC = {
    "expected_loss",
    "fit_thon_rings", "compare_images", "describe", "imitate", "predict",
    "power_spectrum",
    "plot_ctf", "plot_image", "plot_spectrum", "save_image",
    "Condition", "ConditionSet", "Spread",
    "Waves", "chi", "coverage", "ctf", "epsilon", "exit_waves", "information_limit",
    "interaction_parameter", "parse_condition", "point_resolution", "render", "scherzer_defocus", "sigma",
    "wave_transfer", "wavelength",
    "InputError", "compare", "design", "evaluate", "generate", "open_dataset", "train",
}  # fmt: skip


def loaded_after(statement: str) -> set[str]:
    """Top-level packages outside the standard library in a fresh interpreter, after the statement."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    packages = {name.split(".")[0] for name in answer.stdout.split()}
    return {name for name in packages if name not in sys.stdlib_module_names and not name.startswith("_")}


def test_import_loads_numpy_at_most() -> None:
    assert loaded_after("import hrtem_bench") <= {"hrtem_bench", "numpy"}


@pytest.mark.parametrize("statement", [
    "import hrtem_bench; hrtem_bench.Condition(C10=-100.0)",
    "import hrtem_bench as hb; hb.sigma(hb.Condition(C10=-100.0), hb.Condition(C10=100.0), q_max=1.25)",
])  # fmt: skip
def test_physics_on_numpy_arrays_needs_no_heavy_package(statement: str) -> None:
    heavy = {"torch", "numba", "ase", "matplotlib", "datasets", "pyarrow", "PIL", "cupy", "typer", "rich"}
    assert loaded_after(statement) & heavy == set()


def test_the_public_names() -> None:
    assert set(hrtem_bench.__all__) == PUBLIC | {"__version__"}
    assert set(dir(hrtem_bench)) == set(hrtem_bench.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    thing = getattr(hrtem_bench, name)
    assert callable(thing)
    assert thing.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sigmoid'"):
        hrtem_bench.sigmoid  # noqa: B018
