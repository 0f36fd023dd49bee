"""Installs the wheel of a folder beside nothing of the checkout, and asks it for what it ships.

Usage: python tests/check_wheel.py FOLDER. Dependencies are those of the interpreter that runs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTIONS = """
import sys
from pathlib import Path
import hrtem_bench
from hrtem_bench.dataset import load_recipe
from hrtem_bench.models import baseline_at, baseline_names, load_submission
from hrtem_bench.models.shipped_baselines import shipped_results
from hrtem_bench.multislice.real_space_cuda import source
from hrtem_bench.report import explorer_page
assert Path(hrtem_bench.__file__).is_relative_to(sys.argv[1]), hrtem_bench.__file__
assert baseline_names() == sys.argv[2:], baseline_names()
for name in baseline_names():
    if name == "unet_resnet18":  # shipped to be trained, without weights
        assert (baseline_at(name) / "model.py").is_file()
        continue
    submission = load_submission(name)
    print(name, submission.name, submission.parameters, sep=": ")
assert any(folder.name == "unet_small" for folder in shipped_results())
assert load_recipe("mini").name == "mini"
assert "slice_pass" in source()
assert "recordedPicture" in explorer_page()
"""
BASELINES = Path(__file__).parents[1] / "baselines"


def main(folder: Path) -> int:
    (wheel,) = folder.glob("hrtem_bench-*.whl")
    with tempfile.TemporaryDirectory() as target:
        install = ["-m", "pip", "--quiet", "install", "--no-deps", "--target", target, str(wheel)]
        subprocess.run([sys.executable, *install], check=True)
        environment = os.environ | {"PYTHONPATH": target}
        shipped = sorted(card.parent.name for card in BASELINES.glob("*/card.toml"))
        question = [sys.executable, "-c", QUESTIONS, target, *shipped]
        return subprocess.run(question, check=False, cwd=target, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
