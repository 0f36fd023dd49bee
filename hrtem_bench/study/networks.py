"""The networks of a study, one by one: what each is trained on, with which seed, and where it is tested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.study.settings import MOST_NETWORKS, Block, Draw, DrawnRange, Study, study_key


@dataclass(frozen=True)
class Network:
    """One network of a study.

    Parameters
    ----------
    block, specimens
        Names.
    train
        Conditions of its training images, as text.
    test
        Conditions it is tested at, as text; None for all of the block's track.
    seed
        Of its weights and batches.
    key
        See `study_key`.
    """

    block: str
    specimens: str
    train: tuple[str, ...]
    test: tuple[str, ...] | None
    seed: int
    key: str

    @property
    def train_id(self) -> str:
        """The training set in one line; of more than one condition joined by semicolons."""
        return ";".join(self.train)

    @property
    def name(self) -> str:
        """Short, and no other network's: block, specimens, a checksum of the training set, the seed."""
        digest = hashlib.sha256(msgspec.json.encode([self.train, self.test, self.key])).hexdigest()[:12]
        return f"{self.block}-{self.specimens}-{digest}-{self.seed}"


def networks(study: Study) -> list[Network]:
    """Every network of a study, seed by seed, so that an unfinished study has every training set at least once.

    InputError for more networks than MOST_NETWORKS.
    """
    every = sorted((one for block in study.blocks for one in _of_block(study, block)), key=lambda one: one.seed)
    if len(every) > MOST_NETWORKS:
        raise InputError(f"the study has {len(every)} networks: at most {MOST_NETWORKS} are allowed")
    return every


def _of_block(study: Study, block: Block) -> Iterator[Network]:
    key = study_key(study, block)
    sets = [tuple(one) for one in block.train] + (drawn_sets(block.draw_train) if block.draw_train else [])
    test = list(block.test) + ([one for (one,) in drawn_sets(block.draw_test)] if block.draw_test else [])
    for seed in range(block.first_seed, block.first_seed + block.seeds):
        for train in sets:
            for specimens in block.specimens:
                yield Network(block.name, specimens, train, tuple(test) or None, seed, key)


def drawn_sets(draw: Draw) -> list[tuple[str, ...]]:
    """Sets of conditions as text, from the points of one Sobol sequence: enlarging `count` keeps those before."""
    from scipy.stats import qmc

    sizes = [draw.mixtures[k % len(draw.mixtures)] for k in range(draw.count)]
    axes = sorted(draw.ranges)
    points = qmc.Sobol(len(axes) + 1, seed=draw.seed).random(2 ** max(1, int(np.ceil(np.log2(sum(sizes))))))
    texts = iter([_text(draw, axes, point) for point in points[: sum(sizes)]])
    return [tuple(next(texts) for _ in range(size)) for size in sizes]


def _text(draw: Draw, axes: list[str], point: np.ndarray) -> str:
    drawn = ((axis, draw.ranges[axis], share) for axis, share in zip(axes, point, strict=False))
    parts = [f"{axis}={_value(one, share):.4g}{one.unit}" for axis, one, share in drawn]
    if draw.cameras:
        parts.append(f"camera={draw.cameras[int(point[-1] * len(draw.cameras))]}")
    return ",".join(parts)


def _value(one: DrawnRange, share: float) -> float:
    if one.scale == "log":
        return float(one.low * (one.high / one.low) ** share)
    return float(one.low + (one.high - one.low) * share)
