"""A track on one sheet: which images stand where, and what the columns are called."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hrtem_bench.dataset import open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.report import figure_png, track_sheet
from hrtem_bench.report.image_figures import MOST_CONDITIONS, evenly_chosen


@pytest.fixture(scope="module")
def folder(toy_folder: Path) -> Path:
    return toy_folder


def test_images_stand_in_the_row_of_their_structure_and_the_column_of_their_condition(folder: Path) -> None:
    track = open_dataset(folder, "defocus")
    sheet = track_sheet(track, 2)
    images = {(s.structure_id, s.condition_id): s for s in track.rows("test")}
    assert len(sheet.axes) == 2 * 3
    for place, ax in enumerate(sheet.axes):
        sample = images[f"test-{place // 3:05d}", track.conditions[place % 3].condition_id]
        assert np.array_equal(ax.images[0].get_array(), sample.image)
    assert [ax.get_ylabel() for ax in sheet.axes[::3]] == ["test-00000", "test-00001"]
    assert [ax.get_title() for ax in sheet.axes[:3]] == ["−10 nm", "0 nm", "+10 nm"]
    assert [ax.title.get_fontweight() for ax in sheet.axes[:3]] == ["bold", "bold", "normal"]
    assert sheet.get_suptitle() == "Defocus (nm), underfocus > 0: test images of toy 1.2.3"
    assert sheet.axes[3].texts[0].get_text() == "0.2 nm"  # of a field of 1.6 nm
    assert figure_png(sheet, 30).startswith(b"\x89PNG")


def test_conditions_without_a_unit_are_named_by_specimen_or_by_the_settings_that_differ(folder: Path) -> None:
    assert [ax.get_title() for ax in track_sheet(open_dataset(folder, "structure"), 1).axes] == ["CdSe", "silicon"]
    joint = open_dataset(folder, "joint")
    for ax, c in zip(track_sheet(joint, 1).axes, joint.conditions, strict=True):
        focus, dose = ax.get_title().replace("−", "-").split("\n")
        assert focus.endswith(" nm")
        assert float(focus.split()[1]) == pytest.approx(-c.condition.C10 / 10, abs=0.051)
        assert dose.endswith(" e/Å²")
        assert float(dose.split()[0]) == pytest.approx(c.condition.dose, abs=0.051)


def test_of_many_conditions_a_dozen_are_shown(folder: Path) -> None:
    conditions = open_dataset(folder, "defocus").conditions
    assert evenly_chosen(conditions, MOST_CONDITIONS) == list(conditions)
    many = [*conditions[:1], *conditions[1:2] * 40, *conditions[2:]]
    assert len(evenly_chosen(many, MOST_CONDITIONS)) == MOST_CONDITIONS
    assert (evenly_chosen(many, 12)[0], evenly_chosen(many, 12)[-1]) == (conditions[0], conditions[2])


def test_a_track_without_test_images_is_an_input_error(folder: Path) -> None:
    track = open_dataset(folder, "defocus")
    trained = tuple(s for s in track.manifest.shards if "test" not in s.path)
    manifest = msgspec.structs.replace(track.manifest, shards=trained, checksum="")
    with pytest.raises(InputError, match="no test images"):
        track_sheet(dataclasses.replace(track, manifest=manifest))
