"""What tests of several layers share."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_datasets


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy dataset, to be read and not written: it keeps the exit waves of two of its three test structures."""
    from hrtem_bench.dataset import generate

    folder = tmp_path_factory.mktemp("shared") / "toy"
    generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder
