"""How long a training takes, from a step and an answer that are timed on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.loop import begin, network_probabilities, run_cycle
from hrtem_bench.training.settings import TrainingSettings


def seconds_of_step(network: Any, settings: TrainingSettings, pixels: int) -> tuple[float, float]:
    """Processor seconds of one training step, and of one answer to an image of so many pixels along a side.

    network: a torch.nn.Module, which two steps train.
    """
    one = msgspec.structs.replace(settings, steps=1)
    noise = np.random.default_rng(0).standard_normal((2, pixels, pixels), np.float32)
    data = TrainingImages(noise, (noise > 0).astype(np.uint8), ())
    state = begin(network, one)
    run_cycle(state, data, data, one)
    answer = processor_seconds(lambda: network_probabilities(state.network, noise)) / len(noise)
    return processor_seconds(lambda: run_cycle(state, data, data, one)) - len(noise) * answer, answer


def processor_seconds(call: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start
