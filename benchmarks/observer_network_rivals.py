"""Rivals of the observer that need networks: distances of their features, their entropy, disagreement of seeds.

    python benchmarks/observer_network_rivals.py --published OUT --out WORK

OUT is the folder of `hrtem-bench study published`. Trained anew, for WORK does not keep weights, are networks at its
five defoci with two seeds (about 25 s of CPU each); WORK keeps what each says of every test condition. Written is the
table of docs/explanation/observer.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from observer_law import own_setups
from page import OBSERVER, write_between

from hrtem_bench.dataset import open_dataset
from hrtem_bench.observer import foreseen, loaded
from hrtem_bench.observer.agreement import mean_of_known, rank, ranks_of_rows
from hrtem_bench.observer.fitting import training_sets
from hrtem_bench.observer.rivals import discrepancy, frechet
from hrtem_bench.study import load_study
from hrtem_bench.study.images import ImagesAt, Source, images_at
from hrtem_bench.study.run import new_network, tested
from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.loop import begin, fit, network_probabilities, seeded

MARKS = "<!-- network rivals: written by benchmarks/observer_network_rivals.py -->", "<!-- end of network rivals -->"
SEEDS, PLACES, COMPARED = 2, 64, 512
"""Seeds; places of an image whose features count; features of either side that the discrepancy compares."""
NAMES = {
    "observer": "observer (needs neither network nor image)",
    "frechet": "Fréchet distance of features (needs the network and images)",
    "discrepancy": "maximum mean discrepancy of features (needs the network and images)",
    "entropy": "mean entropy (needs the network and images)",
    "doubt": "1 − mean confidence (needs the network and images)",
    "disagreement": "disagreement of seeds (needs networks and images)",
}


def trained(seed: int, train: ImagesAt, validation: ImagesAt) -> Any:
    """A network of the study's block `defocus`."""
    study = load_study("published")
    settings = msgspec.structs.replace(study.training, seed=seed)
    network = seeded(partial(new_network, study, study.blocks[0]), seed)
    state = begin(network, settings)
    fit(state, *(TrainingImages(one.images, one.masks, ()) for one in (train, validation)), settings)
    return state.network


def features(network: Any, data: ImagesAt, seed: int = 0) -> np.ndarray:
    """What enters the last layer, at some places of each image, (images * places, channels)."""
    found: list[np.ndarray] = []
    hook = network.head.register_forward_hook(lambda _, given, __: found.append(given[0].detach().cpu().numpy()))
    for one in data.images:
        network_probabilities(network, one[None])
    hook.remove()
    flat = np.concatenate(found).transpose(0, 2, 3, 1).reshape(len(found), -1, found[0].shape[1])
    places = np.random.default_rng(seed).integers(flat.shape[1], size=PLACES)
    return flat[:, places].reshape(-1, flat.shape[2]).astype(float)


def said(network: Any, known: np.ndarray, data: ImagesAt) -> tuple[dict[str, float], np.ndarray]:
    """Scores of a network at a test condition, and its probabilities; `known`: features of its training images."""
    p = np.concatenate([network_probabilities(network, one[None]) for one in data.images]).astype(float)
    scores = tested(network, data)
    # in units of their spread over the training images, so that networks of other scales can be compared
    middle, spread = known.mean(0), known.std(0) + 1e-6 * known.std()
    here, there = (known - middle) / spread, (features(network, data) - middle) / spread
    generator = np.random.default_rng(0)
    some = [one[generator.permutation(len(one))[:COMPARED]] / np.sqrt(one.shape[1]) for one in (here, there)]
    return {
        "nll": float(scores["nll"] or 0.0),
        "dice": float(scores["dice"] or 0.0),
        "doubt": 1 - float(scores["confidence"] or 0.0),
        "entropy": float(entropy(p).mean()),
        "frechet": frechet(here, there),
        "discrepancy": discrepancy(*some),
    }, p


def entropy(p: np.ndarray) -> np.ndarray:
    """Of two classes, nats."""
    q = np.clip(p, 1e-7, 1 - 1e-7)
    return -(q * np.log(q) + (1 - q) * np.log(1 - q))


def scores_of(data: Path, out: Path) -> dict[tuple[str, str], dict[str, float]]:
    """(Training, test condition) -> means over seeds, and how far the seeds disagree."""
    source = Source(data, "defocus", 0.0)
    tests = [one.condition_id for one in open_dataset(data, "defocus").conditions]
    shown = {at: images_at(source, at, "test", None, None) for at in tests}
    found: dict[tuple[str, str], dict[str, float]] = {}
    for (train,) in load_study("published").blocks[0].train:
        kept = [_of_network(source, train, seed, shown, out) for seed in range(SEEDS)]
        for at in tests:
            scores, chances = zip(*(one[at] for one in kept), strict=True)
            mean = {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
            apart = entropy(np.mean(chances, axis=0)).mean() - np.mean([entropy(one).mean() for one in chances])
            found[train, at] = mean | {"disagreement": float(apart)}
    return found


def _of_network(
    source: Source, train: str, seed: int, shown: Mapping[str, ImagesAt], out: Path
) -> dict[str, tuple[dict[str, float], np.ndarray]]:
    """What one network says of each test condition; read where WORK has it."""
    path = out / f"{train}-{seed}.npz"
    if not path.exists():
        own = images_at(source, train, "train", None, None)
        network = trained(seed, own, images_at(source, train, "validation", None, None))
        known = features(network, own)
        every = {at: said(network, known, data) for at, data in shown.items()}
        content: dict[str, Any] = {at: p.astype(np.float16) for at, (_, p) in every.items()}
        content["scores"] = msgspec.json.encode({at: one for at, (one, _) in every.items()}).decode()
        np.savez(path, **content)
        print(f"{path.name}: loss {every[train][0]['nll']:.3f} at its own condition", flush=True)
    with np.load(path, allow_pickle=False) as held:
        scores = msgspec.json.decode(str(held["scores"]))
        return {at: (scores[at], held[at].astype(float)) for at in shown}


def table(found: Mapping[tuple[str, str], Mapping[str, float]], published: Path, cache: Path) -> str:
    """Markdown: rank correlations with ln loss over all pairs, and within training sets."""
    law = loaded()
    rows = [
        {"specimens": "published", "train": train, "test": test, "converged": True, **one}
        for (train, test), one in found.items()
    ]
    seen = foreseen(rows, law, own_setups(published, cache, law.settings))
    sets = training_sets(seen.pairs)
    scores = {"observer": seen.expected} | {
        name: np.array([found[one.train, one.test][name] for one in seen.pairs]) for name in NAMES if name != "observer"
    }
    lines = [f"| {len(rows)} pairs | rank correlation | within training sets |", "|---|---|---|"]
    for name, words in NAMES.items():
        inner = mean_of_known(ranks_of_rows(scores[name], seen.measured, sets))
        lines.append(f"| {words} | {rank(scores[name], seen.measured):.2f} | {inner:.2f} |")
    return "\n".join(lines).replace(" -", " −")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    text = table(scores_of(asked.published / "data" / "published", asked.out), asked.published, asked.out)
    print(text)
    write_between(OBSERVER, MARKS, text)


if __name__ == "__main__":
    main()
