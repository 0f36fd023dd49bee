"""The batch size found by trying, against machines whose times are made up; reading ahead."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.batches import FIRST, GAIN, TRIES, BatchSize, ReadAhead
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.reading import read_results


def tried(time_of: Callable[[int], float], size: BatchSize, batches: int = 60) -> list[int]:
    """The sizes of so many batches on a machine that takes `time_of(n)` seconds for n images."""
    sizes = []
    for _ in range(batches):
        sizes.append(size.size)
        size.took(time_of(size.size) / size.size)
    return sizes


def test_it_doubles_while_that_gains_and_goes_back_one_step() -> None:
    """A call costs as much as 6 images: from 4 to 8 saves 30 % of the time per image, from 64 to 128 only 4 %."""
    size = BatchSize(most=1 << 20)
    sizes = tried(lambda n: 6.0 + n, size)
    assert sizes[: 6 * TRIES] == [n for n in (4, 8, 16, 32, 64, 128) for _ in range(TRIES)]
    assert set(sizes[6 * TRIES :]) == {64}
    assert size.found == 64


def test_where_nothing_is_gained_it_stays_as_it_began() -> None:
    size = BatchSize()
    assert size.found is None
    sizes = tried(float, size)
    assert sizes[: 2 * TRIES] == [FIRST] * TRIES + [2 * FIRST] * TRIES
    assert set(sizes[2 * TRIES :]) == {FIRST}


def test_the_first_call_of_a_size_may_be_slow() -> None:
    """As where a network is compiled for every shape that it meets."""
    met: set[int] = set()

    def time_of(n: int) -> float:
        first = n not in met
        met.add(n)
        return 100.0 * first + 6.0 + n

    size = BatchSize(most=16)
    tried(time_of, size)
    assert size.found == 16


@given(overhead=st.floats(0, 1e3), knee=st.integers(1, 100), most=st.integers(1, 5000))
def test_the_size_found_is_within_reach_of_the_best(overhead: float, knee: int, most: int) -> None:
    """Any machine whose time per image only falls up to a knee, then stays: no power of two does GAIN better."""

    def time_of(n: int) -> float:
        return n * (1.0 + overhead / min(n, knee))

    size = BatchSize(most=most)
    tried(time_of, size)
    assert size.found is not None and 1 <= size.found <= most
    if 2 * size.found <= most:
        assert time_of(2 * size.found) / 2 > (1 - GAIN) * time_of(size.found) * (1 - 1e-12)


def test_it_stops_where_memory_would_not_hold_more() -> None:
    """By what is free, by the limit that is given, and by an error."""
    asked = []

    def has_room() -> bool:
        asked.append(size.size)
        return size.size < 8

    size = BatchSize(has_room=has_room)
    tried(lambda n: 6.0 + n, size)
    assert (size.found, asked) == (8, [4, 8])
    size = BatchSize(most=24)
    tried(lambda n: 6.0 + n, size)
    assert size.found == 16
    size = BatchSize()
    sizes = tried(lambda n: 6.0 + n if n <= 10 else math.inf, size)
    assert size.found == 8
    assert sizes.count(16) == 1
    for least, found in ((3, 2), (1, 1)):
        size = BatchSize()
        tried(lambda n, least=least: 6.0 + n if n <= least else math.inf, size)
        assert size.found == found
    assert BatchSize(most=2).size == 2


def test_a_given_size_is_kept_until_memory_runs_out() -> None:
    size = BatchSize(12)
    assert set(tried(lambda n: 6.0 + n, size)) == {12}
    size.resume(64)
    assert size.found == 12
    size.took(math.inf)
    assert size.found == 6
    for _ in range(9):
        size.took(math.inf)
    assert size.found == 1


def test_what_an_earlier_run_found_is_taken_up() -> None:
    size = BatchSize()
    size.resume(None)
    assert size.found is None
    size.resume(32)
    assert set(tried(float, size)) == {32}


@given(sizes=st.lists(st.integers(1, 9), min_size=12, max_size=12), count=st.integers(0, 30))
def test_items_read_ahead_come_in_order(sizes: list[int], count: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        reader = ReadAhead(iter(range(count)), pool)
        taken = [reader.take(size) for size in sizes]
    together = [item for some in taken for item in some]
    assert together == list(range(count))[: sum(sizes)]
    assert all(len(some) == size for some, size in zip(taken, sizes, strict=True) if some and some[-1] < count - 1)


def test_items_are_read_while_those_before_are_used_and_errors_come_in_their_place() -> None:
    read_on = threading.Event()

    def items() -> Iterator[int]:
        yield from range(2)
        read_on.set()
        raise InputError("no more")

    with ThreadPoolExecutor(1) as pool:
        reader = ReadAhead(items(), pool)
        assert reader.take(1) == [0]
        assert reader.take(1) == [1]
        assert read_on.wait(10)
        with pytest.raises(InputError, match="no more"):
            reader.take(1)


def model(tmp_path: Any, code: str) -> str:
    body = f"import time, numpy as np\n\ndef predict(images):\n    {code}\n    return 1 / (1 + np.exp(-2 * images))\n"
    (tmp_path / "batched.py").write_text(body)
    return f"{tmp_path / 'batched.py'}:predict"


def test_a_run_finds_its_size_and_says_it_where_results_do_not_depend_on_it(track: Any, tmp_path: Any) -> None:
    """A call costs 50 ms whatever the batch, so that larger ones gain; memory runs out above 3."""
    code = "time.sleep(0.05)\n    if len(images) > 3: raise MemoryError('out of memory')"
    options = Options(bootstrap_samples=200)
    found = evaluate(model(tmp_path, code), track, out=tmp_path / "r", options=options)
    results = read_results(tmp_path / "r")
    assert results.settings.batch_size is None
    assert results.provenance.batch_size == 2
    told = evaluate(model(tmp_path, code), track, options=Options(bootstrap_samples=200, batch_size=3))
    assert (told.results.settings.batch_size, told.results.provenance.batch_size) == (3, 3)
    for name in ("dice", "iou", "nll"):
        np.testing.assert_allclose(found.per_image[name], told.per_image[name], rtol=1e-6)
