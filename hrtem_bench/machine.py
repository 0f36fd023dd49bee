"""What the machine at hand has, and which part of it work is given to."""

from __future__ import annotations

import os

from hrtem_bench.errors import InputError

DEVICES = ("cpu", "cuda")


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_gpu(device: str) -> bool:
    """Whether device is "cuda" and not "cpu"; InputError for another."""
    if device not in DEVICES:
        raise InputError(f"unknown device {device!r}: known are {', '.join(DEVICES)}")
    return device == "cuda"
