"""hrtem-bench: how far apart two imaging conditions are, and what a network loses between them.

The public names are imported on first use, so that `import hrtem_bench` stays light.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.2.0"

_HOME = {
    "Condition": "conditions",
    "ConditionSet": "conditions",
    "Spread": "conditions",
    "parse_condition": "conditions",
    "wavelength": "physics",
    "interaction_parameter": "physics",
    "chi": "physics",
    "ctf": "physics",
    "wave_transfer": "physics",
    "scherzer_defocus": "physics",
    "point_resolution": "physics",
    "information_limit": "physics",
    "epsilon": "physics",
    "sigma": "physics",
    "coverage": "physics",
    "exit_waves": "multislice",
    "Waves": "multislice",
    "render": "imaging",
    "open_dataset": "dataset",
    "evaluate": "interactive",
    "compare": "interactive",
    "generate": "interactive",
    "train": "interactive",
    "design": "interactive",
    "InputError": "errors",
    "expected_loss": "observer",
    "power_spectrum": "measurement",
    "fit_thon_rings": "measurement",
    "compare_images": "micrographs",
    "describe": "micrographs",
    "imitate": "micrographs",
    "predict": "interactive",
    "save_image": "image_files",
    "plot_ctf": "report",
    "plot_image": "report",
    "plot_spectrum": "report",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hrtem_bench' has no attribute {name!r}")
    return getattr(importlib.import_module(f"hrtem_bench.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
