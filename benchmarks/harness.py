"""Seconds that an evaluation takes beside a bare PyTorch loop over the same images, and its memory. Prints Markdown.

    python benchmarks/harness.py --data mini [--track defocus] [--model unet_small] [--repeats 3] [--batch-size 8]

The bare loop does what a researcher's script would: it reads the rows once, in the order of the files, decodes image
and mask, standardises, runs the network in batches and takes Dice and the cross-entropy. The harness reads by condition
and adds the other scores, the trial run, the bootstrap, ε and σ, and its files. Both run on one thread, in turn, after
one run of each that is not timed; the shortest of the repeats counts. Overhead: harness over bare loop, less 1.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image

from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.dataset.plan import place_of
from hrtem_bench.harness import Options, evaluate, load_submission

MEBIBYTE = 1 << 20


def decoded(picture: dict[str, bytes]) -> np.ndarray:
    """The pixels of a PNG."""
    with Image.open(io.BytesIO(picture["bytes"])) as opened:
        return np.asarray(opened)


def bare_loop(track: Track, model: str, batch_size: int) -> dict[str, list[float]]:
    """Dice of every image by condition, as a plain script would compute it; the cross-entropy is computed too."""
    predict = load_submission(model).predict
    scores: dict[str, list[float]] = {}
    columns = ["condition_id", "image.bytes", "mask.bytes"]
    for shard in (one.path for one in track.manifest.shards if place_of(one.path) == (track.name, "test")):
        for batch in pq.ParquetFile(track.folder / shard).iter_batches(batch_size, columns=columns):
            rows = batch.to_pylist()
            images = torch.from_numpy(np.stack([decoded(row["image"]) for row in rows]).astype(np.float32))
            masks = torch.from_numpy(np.stack([decoded(row["mask"]) for row in rows]) > 0)
            mean, deviation = images.mean((1, 2), keepdim=True), images.std((1, 2), keepdim=True, correction=0)
            probability = torch.from_numpy(np.asarray(predict(((images - mean) / deviation).numpy())))
            torch.nn.functional.binary_cross_entropy(probability, masks.float(), reduction="none").mean((1, 2))
            found = probability > 0.5
            dice = 2 * (found & masks).sum((1, 2)) / (found.sum((1, 2)) + masks.sum((1, 2))).clamp(min=1)
            for row, score in zip(rows, dice.tolist(), strict=True):
                scores.setdefault(row["condition_id"], []).append(score)
    return scores


def whole_evaluation(track: Track, model: str, batch_size: int) -> dict[str, list[float]]:
    """Dice of every image by condition, from `evaluate` with all it does and writes."""
    with tempfile.TemporaryDirectory() as out:
        columns = evaluate(model, track, out=Path(out) / "r", options=Options(batch_size=batch_size)).per_image
    scores: dict[str, list[float]] = {}
    for condition, dice in zip(columns["condition_id"].tolist(), columns["dice"].tolist(), strict=True):
        scores.setdefault(condition, []).append(dice)
    return scores


def seconds(run: Callable[[], object]) -> float:
    """What one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of a dataset")
    parser.add_argument("--track", default="defocus")
    parser.add_argument("--model", default="unet_small", help="a model that takes standardised images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    track = open_dataset(chosen.data, chosen.track)
    ways = {"bare loop": bare_loop, "harness": whole_evaluation}
    answers = {name: way(track, chosen.model, chosen.batch_size) for name, way in ways.items()}
    worst = max(
        abs(float(np.mean(dice)) - float(np.mean(answers["harness"][condition])))
        for condition, dice in answers["bare loop"].items()
    )
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(chosen.repeats):
        for name, way in ways.items():
            taken[name].append(seconds(lambda way=way: way(track, chosen.model, chosen.batch_size)))
    images = sum(map(len, answers["harness"].values()))
    best = {name: min(times) for name, times in taken.items()}
    print(f"{chosen.model} on {images} images of {track.pixels}², batch size {chosen.batch_size}, one thread\n")
    print("| way | seconds | images per second |\n|---|---:|---:|")
    for name, time_taken in best.items():
        print(f"| {name} | {time_taken:.2f} | {images / time_taken:.1f} |")
    print(f"\nOverhead: {100 * (best['harness'] / best['bare loop'] - 1):.1f} %")
    print(f"Largest difference of a condition's mean Dice between the two: {worst:.1e}")
    print(f"Peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE:.0f} MiB")


if __name__ == "__main__":
    main()
