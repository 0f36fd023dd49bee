"""Specimens as the package ships them are those of the dataset, within half precision and the kept band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import fft

from hrtem_bench.dataset import open_exit_waves
from hrtem_bench.generation.waves import inside
from hrtem_bench.observer import KINDS, ship, specimens_of
from hrtem_bench.observer.sources import SHIPPED_BAND
from hrtem_bench.recipes.loading import recipe_from_dict


def test_what_is_shipped_is_what_the_dataset_has(
    kept_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = specimens_of(kept_folder, structures=2)
    recipe = recipe_from_dict(open_exit_waves(kept_folder).manifest.recipe)
    ship(own, recipe, tmp_path / "toy.npz")
    monkeypatch.setitem(KINDS, "toy", str(tmp_path / "toy.npz"))
    shipped = specimens_of("toy")
    assert (shipped.lens, shipped.coherence, shipped.pixel_size) == (own.lens, own.coherence, own.pixel_size)
    pairs = list(zip(shipped.read(), own.read(), strict=True))
    assert len(pairs) == 2
    for found, expected in pairs:
        assert (found.structure_id, found.zero_focus, found.field) == (
            expected.structure_id, expected.zero_focus, expected.field,
        )  # fmt: skip
        np.testing.assert_array_equal(found.mask, expected.mask)
        spectra = [fft.fft2(one.wave, norm="forward") for one in (found, expected)]
        chosen = inside(len(expected.wave), expected.field, SHIPPED_BAND)
        assert np.abs(spectra[0] - spectra[1])[chosen].max() < 1e-3 * np.abs(spectra[1]).max()
        assert np.abs(spectra[0][~chosen]).max(initial=0) < 1e-6
        np.testing.assert_allclose(
            found.diffuse, expected.diffuse, atol=1e-3 * max(np.abs(expected.diffuse).max(), 1.0)
        )


def test_the_shipped_kinds_are_read() -> None:
    for name in KINDS:
        (one,) = specimens_of(name, structures=1).read()
        assert one.mask.any() and np.isfinite(one.wave).all()
