"""How fast a network is trained to the end, beside another optimiser and the floor of the machine's arithmetic.

    python benchmarks/training.py --data mini [--track defocus] [--condition defocus=10nm] [--function model:half]

Prints, on one thread: processor seconds and validation loss of `unet_small` (or the function named) after each cycle
of the default schedule; the same steps with AdamW alone; what a step of the optimiser takes, and one of PyTorch's own
Muon; and the time that the multiplications of a step take at the speed of a large matrix product.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import msgspec
import torch

from hrtem_bench.dataset import open_dataset
from hrtem_bench.models.python_models import function_in_folder
from hrtem_bench.models.shipped_baselines import baseline_at
from hrtem_bench.training import TrainingSettings
from hrtem_bench.training.images import TrainingImages, track_images
from hrtem_bench.training.loop import Training, begin, run_cycle, seeded
from hrtem_bench.training.optimisation import share_of_peak


class AdamWAlone:
    """The optimiser's interface with AdamW for every parameter."""

    def __init__(self, network: Any, settings: TrainingSettings) -> None:
        self._peak = 1e-2
        self._adamw = torch.optim.AdamW(network.parameters(), lr=self._peak, weight_decay=settings.weight_decay)

    def step(self, share: float) -> None:
        for group in self._adamw.param_groups:
            group["lr"] = share * self._peak
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)


def losses(state: Training, data: TrainingImages, validation: TrainingImages, settings: TrainingSettings) -> None:
    """Run the cycles, and print processor seconds and losses after each."""
    start = time.process_time()
    for _ in range(settings.most_cycles):
        run_cycle(state, data, validation, settings)
        row = state.log[-1]
        print(
            f"  {len(state.log) * settings.steps:4d} steps, {time.process_time() - start:6.1f} s: "
            f"validation loss {row['validation_loss']:.4f}, Dice {row['validation_dice']:.4f}"
        )


def multiplications(network: Any, settings: TrainingSettings) -> float:
    """Multiply-adds of one step: those of the forward pass, and twice as many backward."""
    total = 0.0

    def count(module: Any, _: Any, output: Any) -> None:
        nonlocal total
        total += output.numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    with torch.no_grad():
        network(torch.zeros(settings.batch_size, 1, settings.crop, settings.crop))
    for hook in hooks:
        hook.remove()
    return 3 * total


def seconds_of_product(side: int = 1024) -> float:
    """Processor seconds of one multiply-add in a product of two matrices of `side`², the best of five."""
    a, times = torch.randn(side, side), []
    for _ in range(5):
        start = time.process_time()
        torch.mm(a, a)
        times.append(time.process_time() - start)
    return min(times) / side**3


def seconds_of_muon(network: Any) -> float:
    """Processor seconds of one step of PyTorch's own Muon on the network's kernels."""
    kernels = [m.weight for m in network.modules() if isinstance(m, torch.nn.Conv2d) and min(m.weight.shape[:2]) >= 4]
    matrices = [torch.nn.Parameter(one.detach().reshape(len(one), -1).clone()) for one in kernels]
    for one in matrices:
        one.grad = torch.randn_like(one)
    muon, times = torch.optim.Muon(matrices, lr=0.0, ns_steps=4), []
    for _ in range(5):
        start = time.process_time()
        muon.step()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--track", default="defocus")
    parser.add_argument("--condition", default="defocus=10nm")
    parser.add_argument("--function", default="model:network", help="of unet_small: model:network or model:half")
    parser.add_argument("--cycles", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    make = function_in_folder(baseline_at("unet_small"), given.function)
    settings = msgspec.structs.replace(TrainingSettings(), most_cycles=given.cycles)
    track = open_dataset(given.data, given.track)
    data, validation = (track_images(track, split, [given.condition]) for split in ("train", "validation"))
    print("Muon and AdamW, the default schedule:")
    state = begin(seeded(make, 0), settings)
    losses(state, data, validation, settings)
    print("AdamW alone, 1e-2:")
    other = begin(seeded(make, 0), settings)
    other.optimiser = AdamWAlone(other.network, settings)  # type: ignore[assignment]
    losses(other, data, validation, settings)
    each = 1e3 * state.log[0]["seconds"] / settings.steps
    floor = 1e3 * multiplications(state.network, settings) * seconds_of_product()
    print(f"a step took {each:.0f} ms by the clock; its multiplications as a matrix product: {floor:.0f} ms")
    state.network(torch.zeros(settings.batch_size, 1, settings.crop, settings.crop)).mean().backward()
    start = time.process_time()
    state.optimiser.step(share_of_peak(0, settings.steps))
    own = time.process_time() - start
    theirs = seconds_of_muon(state.network)
    print(f"a step of the optimiser: {1e3 * own:.1f} ms; of PyTorch's own Muon: {1e3 * theirs:.1f} ms")


if __name__ == "__main__":
    main()
