"""What `predict` and `evaluate-images` print of a run over a user's own micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hrtem_bench.cli.printing import fixed, limits

if TYPE_CHECKING:
    from hrtem_bench.micrographs.expectation import Expectation


def print_warnings(warnings: Sequence[str]) -> None:
    """A line for each."""
    for warning in warnings:
        print(f"warning: {warning}")


def print_expectation(expected: Expectation | None) -> None:
    """What Dice is expected, from the model's own curve."""
    if expected is None:
        return
    print(
        f"expected Dice {fixed(expected.dice)} ({limits(expected.dice)}), from the model's results on "
        f"simulated images: σ(train, condition) = {expected.sigma:.3f}, tested from {fixed(expected.tested_low)} to "
        f"{fixed(expected.tested_high)}"
    )
    for warning in expected.warnings:
        print(f"note: {warning}")
