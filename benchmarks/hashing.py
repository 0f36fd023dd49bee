"""What looking whether a dataset was altered takes, beside the network that is scored on it. Prints Markdown.

    python benchmarks/hashing.py --data mini [--track defocus] [--model unet_small] [--repeats 5]

Every evaluation begins with `Track.check`: SHA-256 of the shards of the split, and the settings of all rows against the
recipe's. The network takes the same images, already decoded, in batches of 8. Seconds are of the processor, on one
thread; the least of the repeats counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.models.contract import standardise
from hrtem_bench.models.submission import load_submission
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.support.files import sha256_of

SPLIT, BATCH = "test", 8


def spent(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the processor, the least of `repeats` runs after one to warm up."""
    run()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def network(track: Track, model: str) -> Callable[[], object]:
    """A run of the model over all images of the split."""
    submission = load_submission(model)
    images = standardise(np.stack([sample.image for sample in track.rows(SPLIT)]))
    return lambda: [submission.predict(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of a dataset")
    parser.add_argument("--track", default="defocus")
    parser.add_argument("--model", default="unet_small", help="a model that takes standardised images")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    track = open_dataset(chosen.data, chosen.track)
    shards = [one for one in track.manifest.shards if place_of(one.path) == (track.name, SPLIT)]
    hashed = spent(lambda: [sha256_of(track.folder / one.path) for one in shards], chosen.repeats)
    checked = spent(lambda: track.check(SPLIT), chosen.repeats)
    predicted = spent(network(track, chosen.model), chosen.repeats)
    size = sum(one.bytes for one in shards) / 1e6
    print(f"{track.count(SPLIT)} images of {track.pixels}², {size:.1f} MB, {chosen.model}\n")
    print("| step | seconds of the processor | of the network's |\n|---|---:|---:|")
    for name, value in (("SHA-256 of the shards", hashed), ("all of the check", checked), ("network", predicted)):
        print(f"| {name} | {value:.3f} | {100 * value / predicted:.2f} % |")


if __name__ == "__main__":
    main()
