"""Settings in the wrong unit are let in with a warning; settings of real microscopes without."""

from __future__ import annotations

import pickle
import warnings

import pytest

from hrtem_bench.cli import run
from hrtem_bench.conditions import (
    Condition,
    UnlikelySetting,
    condition_from_dict,
    condition_to_dict,
    parse_condition,
    suspicious,
)

LIKELY = [
    Condition(),
    Condition(C10=-1e-9, dose=30.0),
    Condition.from_microscope(kilovolts=300, cs_mm=0.6, cc_mm=1.3, energy_spread_ev=0.9, defocus_nm=40,
                              convergence_mrad=0.05, aperture_mrad=8),
    Condition.from_microscope(kilovolts=80, cs_mm=-0.015, cc_mm=1.1, energy_spread_ev=0.1, defocus_nm=-8,
                              A1="1nm", phiA1="170deg", B2="20nm", C5="4mm"),
    Condition.from_microscope(kilovolts=20, cs_mm=3.2, cc_mm=2.0, energy_spread_ev=1.5, defocus_nm=3000),
]  # fmt: skip


@pytest.mark.parametrize("condition", LIKELY)
def test_real_microscopes_are_not_suspicious(condition: Condition) -> None:
    assert suspicious(condition) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aperture=0.02", ["aperture is 0.02 mrad", "0.02 rad is 20"]),
        ("aperture=20000", ["20000 µrad is 20"]),
        ("angular_spread=0.0003", ["angular_spread is 0.0003 mrad", "0.0003 rad is 0.3"]),
        ("angular_spread=300", ["300 µrad is 0.3"]),
        ("C30=1.2", ["C30 is 1.2 Å", "1.2 mm is 1.2e+07"]),
        ("C30=-0.7", ["-0.7 mm is -7e+06"]),
        ("C30=1.2e12", ["1.2e+12 pm is 1.2e+10"]),
        ("C12=2,phi12=45", ["phi12 is 45 rad", "45 deg is 0.7854"]),
        ("focal_spread=0.004", ["0.004 µm is 40"]),
        ("dose=4000000", ["4e+06 e/nm² is 40000"]),
    ],
)
def test_a_unit_mixed_up_is_warned_of(text: str, words: list[str]) -> None:
    with pytest.warns(UnlikelySetting) as seen:
        condition = parse_condition(text)
    (said,) = suspicious(condition)
    assert [str(one.message) for one in seen] == [said]
    assert "\n" not in said
    for one in words:
        assert one in said
    assert issubclass(UnlikelySetting, UserWarning)


def test_who_writes_a_condition_is_warned_at_their_own_line() -> None:
    with pytest.warns(UnlikelySetting) as seen:
        Condition(aperture=0.02)
    assert seen[0].filename == __file__
    with pytest.warns(UnlikelySetting) as seen:
        Condition.from_microscope(kilovolts=200, aperture_mrad=0.02)
    assert seen[0].filename == __file__


def test_programs_that_read_or_change_conditions_are_not_warned() -> None:
    with pytest.warns(UnlikelySetting):
        odd = Condition(aperture=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps(odd)) == condition_from_dict(condition_to_dict(odd)) == odd
        assert odd.replace(C10=3.0).aperture == 0.02


def test_the_command_line_warns_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run(["transfer", "--train", "C10=100,C30=1.2", "--test", "C10=100"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hrtem-bench: warning: C30 is 1.2 Å")
