"""Seconds that an evaluation takes beside a bare PyTorch loop over the same images, and its memory. Prints Markdown.

    python benchmarks/harness.py --data mini [--track defocus] [--model unet_small] [--repeats 3] [--batch-size N]
    python benchmarks/harness.py --data mini --images 10000     # memory of one run of so many images, no loop beside it

The bare loop does what a researcher's script would: it reads the rows once, in the order of the files, decodes image
and mask, standardises, runs the network in batches and takes Dice and the cross-entropy. The harness adds instances,
the other scores, the trial run, the bootstrap, ε and σ, and its files; without --batch-size it finds that by trying,
and the bare loop takes 8. Both run on one thread, in turn, after one run of each that is not timed; the shortest of the
repeats counts. Overhead: harness over bare loop, less 1, by the clock and by what the processor spent; the harness
reads and scores in threads beside the model's, so the first is less where a second core is free.

With --images the test images are read and decoded again and again under new structures' names until there are so many.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image

from hrtem_bench.dataset import Sample, Track, open_dataset
from hrtem_bench.dataset.reader import first_of_each
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models.submission import load_submission
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.scoring.options import Options

MEBIBYTE = 1 << 20
BARE_BATCH = 8


def decoded(picture: dict[str, bytes]) -> np.ndarray:
    """The pixels of a PNG."""
    with Image.open(io.BytesIO(picture["bytes"])) as opened:
        return np.asarray(opened)


def bare_loop(track: Track, model: str, batch_size: int | None) -> dict[str, list[float]]:
    """Dice of every image by condition, as a plain script would compute it; the cross-entropy is computed too."""
    predict = load_submission(model).predict
    scores: dict[str, list[float]] = {}
    columns = ["condition_id", "image.bytes", "mask.bytes"]
    for shard in (one.path for one in track.manifest.shards if place_of(one.path) == (track.name, "test")):
        for batch in pq.ParquetFile(track.folder / shard).iter_batches(batch_size or BARE_BATCH, columns=columns):
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


def whole_evaluation(track: Track, model: str, batch_size: int | None) -> dict[str, list[float]]:
    """Dice of every image by condition, from `evaluate` with all it does and writes."""
    with tempfile.TemporaryDirectory() as out:
        columns = evaluate(model, track, out=Path(out) / "r", options=Options(batch_size=batch_size)).per_image
    scores: dict[str, list[float]] = {}
    for condition, dice in zip(columns["condition_id"].tolist(), columns["dice"].tolist(), strict=True):
        scores.setdefault(condition, []).append(dice)
    return scores


@dataclass(frozen=True)
class Repeated:
    """A track whose structures come several times, each time under another name, until there are so many images."""

    track: Track
    images: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.track, name)

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        """Number of images that `rows` would give."""
        return self.images if limit is None else len(self.track.select(conditions)) * limit

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        """The images in the order of the files, again and again, `limit` and `start` as of a `Track`."""
        names = [one.condition_id for one in self.track.select(conditions)]
        every = first_of_each(self._endless(split, names), lambda sample: sample.condition_id, names, limit)
        return islice(every, start, self.images)

    def _endless(self, split: str, names: Sequence[str]) -> Iterator[Sample]:
        for turn in count():
            for sample in self.track.rows(split, names):
                yield replace(sample, structure_id=f"{sample.structure_id}-{turn}")


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """What one call takes: by the clock, and of the processor."""
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def peak_memory() -> str:
    """The most that the process held at once."""
    return f"Peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE:.0f} MiB"


def compare(track: Track, model: str, batch_size: int | None, repeats: int) -> None:
    """Print the two ways beside each other."""
    ways = {"bare loop": bare_loop, "harness": whole_evaluation}
    answers = {name: way(track, model, batch_size) for name, way in ways.items()}
    worst = max(
        abs(float(np.mean(dice)) - float(np.mean(answers["harness"][condition])))
        for condition, dice in answers["bare loop"].items()
    )
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            taken[name].append(seconds(lambda way=way: way(track, model, batch_size)))
    images = sum(map(len, answers["harness"].values()))
    best = {name: tuple(min(column) for column in zip(*times, strict=True)) for name, times in taken.items()}
    print(f"{model} on {images} images of {track.pixels}², batch size {batch_size or 'found by trying'}, one thread\n")
    print("| way | seconds | of the processor | images per second |\n|---|---:|---:|---:|")
    for name, (clock, used) in best.items():
        print(f"| {name} | {clock:.2f} | {used:.2f} | {images / clock:.1f} |")
    clock, used = (100 * (a / b - 1) for a, b in zip(best["harness"], best["bare loop"], strict=True))
    print(f"\nOverhead: {clock:.1f} % by the clock, {used:.1f} % of the processor")
    print(f"Largest difference of a condition's mean Dice between the two: {worst:.1e}")


def many(track: Track, model: str, batch_size: int | None, images: int) -> None:
    """Print what one evaluation of so many images takes."""
    clock, _ = seconds(lambda: whole_evaluation(Repeated(track, images), model, batch_size))
    print(f"{model} on {images} images of {track.pixels}²: {clock:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of a dataset")
    parser.add_argument("--track", default="defocus")
    parser.add_argument("--model", default="unet_small", help="a model that takes standardised images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-size", type=int, help="if not given, the harness finds it by trying")
    parser.add_argument("--images", type=int, help="only measure the memory of one run of so many images")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    track = open_dataset(chosen.data, chosen.track)
    if chosen.images is None:
        compare(track, chosen.model, chosen.batch_size, chosen.repeats)
    else:
        many(track, chosen.model, chosen.batch_size, chosen.images)
    print(peak_memory())


if __name__ == "__main__":
    main()
