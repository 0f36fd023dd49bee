"""One network of a study: trained, scored, kept in a folder of its own, taken up again where it was left.

networks/NAME-SEED/model/                the trained model, as `hrtem-bench train` writes it
networks/NAME-SEED/TRACK/results.json    and per_image.parquet, as `hrtem-bench evaluate` writes them
networks/NAME-SEED/network.json          seconds that it took; written last: the network is finished
networks/NAME-SEED/.training/            a training under way
networks/NAME-SEED/log.txt               what the training printed; error.txt: the traceback of a failure
"""

from __future__ import annotations

import contextlib
import inspect
import os
import platform
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import hrtem_bench
from hrtem_bench.errors import InputError, one_line
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.models.submission import load_trainer
from hrtem_bench.scoring.options import Options
from hrtem_bench.study.settings import Opened, Study, TrainingSet, open_study
from hrtem_bench.support.code_hash import SHAPING, sha256_of_sources
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.reading import read_json

NETWORKS = "networks"
RECORD = "network.json"
MODEL = "model"
_TRAINING, _LOG, _ERROR = ".training", "log.txt", "error.txt"


@dataclass(frozen=True)
class Network:
    """A network to make: one training set, one seed."""

    training: TrainingSet
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.training.name}-{self.seed}"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that training and scoring took, resumed parts left out, and images scored."""

    training: float
    scoring: float
    images: int


@dataclass(frozen=True)
class Outcome:
    """How it went. error: one line, "" where the network is finished."""

    name: str
    error: str = ""


def every_network(study: Study) -> list[Network]:
    """The networks of a study: seed by seed, so that each training set has one before any has two."""
    return [Network(one, seed) for seed in study.every_seed() for one in study.training]


def folder_of(out: Path, network: Network) -> Path:
    """The folder of a network in that of its study."""
    return out / NETWORKS / network.name


def record_of(out: Path, network: Network) -> Record | None:
    """The record of a finished network; None where it is not finished."""
    try:
        return read_json(folder_of(out, network) / RECORD, Record, "record")
    except InputError:
        return None


def make_network(study: Study, out: Path, network: Network) -> Outcome:
    """Train and score one network, or what is left of it. Whatever goes wrong is told in the outcome, in one line.

    What the training prints goes to the network's log, but for threads of a cluster. Of what nobody foresaw, the
    traceback is in error.txt.
    """
    folder = folder_of(out, network)
    error = folder / _ERROR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _logged(folder / _LOG):
            _make(open_study(study), folder, network)
        error.unlink(missing_ok=True)
    except InputError as refused:
        return Outcome(network.name, str(refused))
    except Exception as failure:
        text = "".join(traceback.format_exception(failure))
        with contextlib.suppress(OSError):
            error.write_text(text, encoding="utf-8")
        return Outcome(network.name, f"{type(failure).__name__}: {one_line(failure)}; the traceback is in {error}")
    return Outcome(network.name)


def make_remote(study: Study, out: Path, code: str, network: Network) -> Outcome:
    """`make_network` on a machine of a cluster; InputError if it does not see `out`, or if its code is not `code`."""
    if study_code() != code:
        raise InputError(
            f"{network.name}: the worker on {platform.node()} has another hrtem-bench than this one: "
            "install the same on both, and run the same command again"
        )
    if not (out / NETWORKS).is_dir():
        raise InputError(
            f"{network.name}: the worker on {platform.node()} does not see {out}: all machines must share it"
        )
    return make_network(study, out, network)


def study_code() -> str:
    """SHA-256 over the sources that shape a network's scores."""
    return sha256_of_sources(Path(hrtem_bench.__file__).parent, (*SHAPING, "models", "scoring", "evaluation", "study"))


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    """What is printed goes to the file; on a thread of a cluster's worker it stays with the others' prints."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with path.open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        yield


def _make(opened: Opened, folder: Path, network: Network) -> None:
    start = time.perf_counter()
    if not (folder / MODEL).is_dir():
        _train(opened, folder, network)
    trained = time.perf_counter()
    images = 0
    for track in opened.tracks:
        images += _score(opened.study, folder, track)
    record = Record(training=trained - start, scoring=time.perf_counter() - trained, images=images)
    write_aside(folder / RECORD, msgspec.json.encode(record).decode())


def _train(opened: Opened, folder: Path, network: Network) -> None:
    """Train into a folder of its own; the model has its name only when the trainer is done with it."""
    study, made = opened.study, folder / _TRAINING / MODEL
    train = load_trainer(opened.baseline)
    if made.exists():  # the trainer was interrupted while it wrote, or just before the model got its name
        shutil.rmtree(made)
    made.parent.mkdir(exist_ok=True)
    epochs = study.epochs_of(opened.track.count("train", network.training.conditions))
    where: dict[str, Any] = {"device": study.device} if _takes(train, "device") else {}
    train(study.data, study.track, network.training.conditions, made, seed=network.seed, epochs=epochs, **where)
    if not made.is_dir():
        raise InputError(f"the trainer of {opened.baseline} left no model in {made}")
    os.replace(made, folder / MODEL)
    shutil.rmtree(made.parent, ignore_errors=True)


def _score(study: Study, folder: Path, track: Any) -> int:
    options = Options(limit=study.limit, batch_size=study.batch_size, device=study.device)
    made = evaluate(str(folder / MODEL), track, out=folder / track.name, options=options)
    return sum(point.n_images for point in made.results.curve)


def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


__all__ = ["Network", "Outcome", "Record", "every_network", "folder_of", "make_network", "make_remote", "record_of"]
