"""Trains the small U-Net on chosen conditions of one track; writes a folder that `evaluate` takes as it is.

The same data, seed, number of epochs, machine and number of threads give the same weights. An interrupted
training goes on from its last whole epoch when the same command is given again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from hrtem_bench.conditions import Condition, condition_to_dict
from hrtem_bench.dataset import open_dataset
from hrtem_bench.errors import InputError

from .model import UNet, probabilities
from .record import State, finish_folder, load_state, partial_folder, save_state

BATCH_SIZE = 8
LEARNING_RATE = 1e-3
PRESENTATIONS = 16_000
"""Images shown where the number of epochs is not given: about eight minutes at 256² on two cores."""

_EPOCH = 1  # tag of the seeds derived for an epoch


@dataclass(frozen=True)
class Pairs:
    """Standardised images (N, ny, nx) float32, masks (N, ny, nx) uint8, and the condition of each image."""

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    conditions: tuple[Condition, ...]


def train(
    data: Path | str,
    track: str,
    conditions: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
) -> None:
    """Train on the named conditions of a track and write the folder `out`.

    It then holds card.toml, weights.safetensors, train_log.csv and the code. The weights are those of the
    epoch with the lowest validation loss. epochs None: as many as show the network 16,000 images. Raises
    InputError if `out` exists, or for conditions that the track does not have.
    """
    if out.exists():
        raise InputError(f"{out} exists already: remove it or give another --out")
    fit(open_dataset(data, track), conditions, out, seed=seed, epochs=epochs, data_name=Path(data).name)


def fit(
    track: Any,
    conditions: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    data_name: str = "DIR",
) -> None:
    """`train` on an opened Track; `data_name` is how the recorded command names the data."""
    training, validation = (read_pairs(track, split, conditions) for split in ("train", "validation"))
    epochs = epochs or max(1, round(PRESENTATIONS / len(training.images)))
    settings = {
        "track": track.name,
        "conditions": list(conditions),
        "dataset_checksum": track.checksum,
        "seed": seed,
        "epochs": epochs,
        "batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
    }
    partial = partial_folder(out)
    partial.mkdir(parents=True, exist_ok=True)  # before any epoch: an unwritable place costs no time
    state = load_state(partial, settings, _initial(seed))
    for _ in _shown(range(len(state.log), epochs), state, epochs):
        _run_epoch(state, training, validation, seed=seed, epochs=epochs)
        save_state(partial, settings, state)
    best = min(state.log, key=lambda row: row["validation_loss"])
    trained_on = {
        **settings,
        "n_images": len(training.images),
        "best_epoch": best["epoch"],
        "validation_dice": best["validation_dice"],
        "seconds": round(sum(row["seconds"] for row in state.log), 1),
        "threads": torch.get_num_threads(),
        "command": f"hrtem-bench train unet_small --data {data_name} --track {track.name} "
        + " ".join(f"--conditions {c}" for c in conditions)
        + f" --seed {seed} --epochs {epochs} --out {out.name}",
        "condition": [condition_to_dict(c) for c in dict.fromkeys(training.conditions)],
    }
    finish_folder(partial, out, state.best, pixel_size=track.pixel_size, trained_on=trained_on)


def read_pairs(track: Any, split: str, conditions: Sequence[str]) -> Pairs:
    """Every image of the split at the given conditions, each standardised to mean 0, variance 1."""
    samples = list(track.rows(split, conditions=list(conditions)))
    if not samples:
        raise InputError(f"the track {track.name} has no {split} images at {', '.join(conditions) or 'no condition'}")
    if len({s.image.shape for s in samples}) > 1:
        raise InputError(f"the {split} images of the track {track.name} differ in size: train on one size")
    return Pairs(
        np.stack([_standardised(s.image) for s in samples]),
        np.stack([s.mask.astype(np.uint8) for s in samples]),
        tuple(s.condition for s in samples),
    )


def dihedral(image: NDArray[Any], element: int) -> NDArray[Any]:
    """One of the eight rotations and reflections of a square; an oblong image is never turned on its side.

    image (ny, nx); element 0 to 7: quarter turns element // 2, mirrored if odd.
    """
    turns = element // 2 if image.shape[0] == image.shape[1] else element // 4 * 2
    turned = np.rot90(image, turns)
    return turned[:, ::-1] if element % 2 else turned


def _standardised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = image.std(dtype=np.float64)
    return ((image - image.mean(dtype=np.float64)) / (spread if spread > 0 else 1.0)).astype(np.float32)


def _initial(seed: int) -> State:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = UNet()
    network = convert_conv2d_weight_memory_format(network, torch.channels_last)
    return State(network, torch.optim.Adam(network.parameters(), lr=LEARNING_RATE))


def _run_epoch(state: State, training: Pairs, validation: Pairs, *, seed: int, epochs: int) -> None:
    """One pass over the training images; the learning rate falls to zero along half a cosine."""
    start, epoch = time.perf_counter(), len(state.log)
    rate = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    losses = [
        _step(state, images, masks)
        for images, masks in _batches(training, np.random.default_rng(np.random.SeedSequence([seed, _EPOCH, epoch])))
    ]
    loss, dice = _validated(state.network, validation)
    if all(loss < row["validation_loss"] for row in state.log):
        state.best = {name: tensor.clone() for name, tensor in state.network.state_dict().items()}
    state.log.append({
        "epoch": epoch + 1,
        "learning_rate": rate,
        "loss": float(np.mean(losses)),
        "validation_loss": loss,
        "validation_dice": dice,
        "seconds": time.perf_counter() - start,
    })  # fmt: skip


def _step(state: State, images: torch.Tensor, masks: torch.Tensor) -> float:
    state.optimizer.zero_grad()
    loss = functional.binary_cross_entropy_with_logits(state.network(images), masks)
    loss.backward()
    state.optimizer.step()
    return float(loss.detach())


def _batches(pairs: Pairs, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    order = rng.permutation(len(pairs.images))
    elements = rng.integers(8, size=len(order))
    for start in range(0, len(order), BATCH_SIZE):
        chosen = [(i, int(elements[i])) for i in order[start : start + BATCH_SIZE]]
        images = np.stack([dihedral(pairs.images[i], e) for i, e in chosen])
        masks = np.stack([dihedral(pairs.masks[i], e) for i, e in chosen]).astype(np.float32)
        batch = torch.from_numpy(images)[:, None].contiguous(memory_format=torch.channels_last)
        yield batch, torch.from_numpy(masks)[:, None]


def _validated(network: torch.nn.Module, pairs: Pairs) -> tuple[float, float]:
    """Mean cross-entropy and mean Dice (threshold 0.5; 1 where both are empty) over the images."""
    losses, dices = [], []
    for image, mask in zip(pairs.images, pairs.masks, strict=True):
        p = np.clip(probabilities(network, image[None])[0].astype(np.float64), 1e-7, 1 - 1e-7)
        losses.append(-np.mean(np.where(mask > 0, np.log(p), np.log1p(-p))))
        total = int((p > 0.5).sum()) + int((mask > 0).sum())
        dices.append(2 * int(((p > 0.5) & (mask > 0)).sum()) / total if total else 1.0)
    return float(np.mean(losses)), float(np.mean(dices))


def _shown(steps: range, state: State, epochs: int) -> Iterator[int]:
    """The steps, behind a progress bar with the last epoch's loss and validation Dice."""
    columns = (TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}")) as progress:
        task = progress.add_task("", total=epochs, completed=steps.start)
        for step in steps:
            yield step
            row = state.log[-1]
            progress.update(
                task,
                advance=1,
                description=f"loss {row['loss']:.4f}, validation Dice {row['validation_dice']:.4f}",
            )
