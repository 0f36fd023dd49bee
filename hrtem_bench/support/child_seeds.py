"""Child seeds: each a pure function of the recipe's seed and of names."""

from __future__ import annotations

import zlib

import numpy as np


def child_seed(seed: int, *names: str | int) -> int:
    """A non-negative int below 2**63 for these names, independent of the seeds of all other names.

    Text enters as its CRC-32, so that the seed of one image does not depend on which others exist.
    """
    entropy = [seed, *(zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names)]
    state = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
    return int(state >> np.uint64(1))
