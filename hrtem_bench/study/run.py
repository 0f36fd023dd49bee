"""A study from its settings to its rows: networks trained and tested in processes, resumable at any point."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.dataset import generate, load_recipe, open_dataset
from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.machine import cpus
from hrtem_bench.models.python_models import function_in_folder, returned_by
from hrtem_bench.models.runtime import Runtime
from hrtem_bench.models.shipped_baselines import baseline_at
from hrtem_bench.models.submission import untrained_network
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import Recipe, recipe_to_dict
from hrtem_bench.scoring.metrics import dice, double_softmax_ce, nll
from hrtem_bench.study.images import ImagesAt, Source, images_at
from hrtem_bench.study.networks import Network, networks
from hrtem_bench.study.settings import Block, Specimens, Study
from hrtem_bench.study.table import all_rows, gathered, write_part
from hrtem_bench.support.files import locked, write_aside
from hrtem_bench.support.pool import clustered, pooled
from hrtem_bench.support.progress import CountProgress
from hrtem_bench.support.reading import read_json
from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.loop import begin, best_row, fit, network_probabilities, seeded
from hrtem_bench.training.together import Member, Outcome, fit_together

KEPT = "finished networks are kept: run the same command again"
GATHER_EVERY = 20
"""Networks after which the rows are put together in the table."""
CLAIM = "study.json"
"""In the study's folder: its name and its data."""
IMAGES = "images"
"""Folder of the images that several networks use."""


@dataclass(frozen=True)
class TrainingJob:
    """Networks of one block and one kind of specimens to be trained together and tested, with all that it takes.

    device: "cpu", "cuda", "cuda:1" or "mps".
    """

    networks: tuple[Network, ...]
    study: Study
    out: Path
    device: str = "cpu"

    @property
    def name(self) -> str:
        """Of the first network."""
        return self.networks[0].name

    @property
    def block(self) -> Block:
        """Of the networks."""
        return next(one for one in self.study.blocks if one.name == self.networks[0].block)

    @property
    def specimens(self) -> Specimens:
        """Of the networks."""
        return next(one for one in self.study.specimens if one.name == self.networks[0].specimens)


@dataclass(frozen=True)
class NetworkDone:
    """What came of a network: seconds it took, and why it failed, "" where it did not."""

    name: str
    seconds: float
    failed: str


def waiting(study: Study, out: Path, rows: Iterable[Path] = ()) -> list[Network]:
    """The networks of a study that are still to be trained and scored.

    Parameters
    ----------
    study, out
        See `load_study`; its folder.
    rows
        Other tables of rows: networks that they hold count as done.
    """
    return _left(study, all_rows(out, rows))


def _left(study: Study, table: Any) -> list[Network]:
    done = set(table["name"].to_pylist())
    return [one for one in networks(study) if one.name not in done]


def run_study(
    study: Study,
    out: Path,
    *,
    rows: Sequence[Path] = (),
    workers: int | None = None,
    scheduler: str | None = None,
    most: int | None = None,
    device: str = "cpu",
    together: int = 1,
    progress: CountProgress | None = None,
    finished: Callable[[NetworkDone], None] | None = None,
) -> Any:
    """Make the specimens, train and test every network that has no rows yet, and return all rows, a pyarrow Table.

    Parameters
    ----------
    study
        See `load_study`.
    out
        The study's folder. A run that ended at any point goes on when the same call is made again; a study that was
        enlarged keeps what it has.
    rows
        Tables of earlier runs, whose networks are not trained again.
    workers
        Processes of one thread each; by default one for each CPU, or one alone where `device` is another.
    scheduler
        Address of a dask scheduler whose workers do it instead; they must see `out` under the same path.
    most
        Stop after so many networks.
    device
        Where networks are trained and tested: "cpu", "cuda", "cuda:1" or "mps".
    together
        So many networks of a block are trained in the same passes, see `fit_together`: what a GPU wants.
    progress, finished
        Told (networks done, in all), and of each network.

    Raises
    ------
    InputError
        For what cannot be used. A network that fails is marked in its rows, and the others go on.
    """
    Runtime(device).for_torch()
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / "lock", f"another run works on {out}"):
        _claim(study, out)
        left = _left(study, gathered(out, rows))  # first, since it takes no time to find that a file is none
        make_specimens(study, out, workers)
        jobs = [TrainingJob(group, study, out, device) for group in grouped(left[:most], together)]
        total = len(networks(study))
        for number, one in enumerate(_done(jobs, out, workers, scheduler), start=1):
            if number % GATHER_EVERY == 0:
                gathered(out)
            if finished is not None:
                finished(one)
            if progress is not None:
                progress(total - len(left) + number, total)
        return gathered(out)


def _done(jobs: Sequence[TrainingJob], out: Path, workers: int | None, scheduler: str | None) -> Iterator[NetworkDone]:
    """What came of each network, as it comes."""
    if scheduler is not None:
        made = clustered(run_networks, jobs, scheduler, kept=KEPT, prefix=str(out.resolve()), timeout=10.0)
    else:
        many = workers or (cpus() if not jobs or jobs[0].device == "cpu" else 1)
        made = pooled(run_networks, jobs, min(many, max(len(jobs), 1)), kept=KEPT)
    return chain.from_iterable(made)


def make_specimens(study: Study, out: Path, workers: int | None) -> None:
    """Generate the dataset of every [[specimens]] that is given as a recipe, where it is not there yet."""
    for one in study.specimens:
        if one.recipe is not None:
            generate(recipe_of(one), folder_of(one, out), workers=workers)


class Claim(msgspec.Struct, frozen=True):
    """What a study's folder is of: the study's name, and for each of its specimens what their images are made from."""

    study: str
    specimens: dict[str, str]


def _claim(study: Study, out: Path) -> None:
    """Write down which study the folder is of, and of which data; InputError where it is of others."""
    path = out / CLAIM
    mine = {one.name: _data_of(one) for one in study.specimens}
    held = read_json(path, Claim, "record of a study") if path.exists() else Claim(study.name, {})
    if held.study != study.name:
        raise InputError(f"{out} is of the study {held.study!r}, not of {study.name!r}: give another folder")
    for name in set(mine) & set(held.specimens):
        if mine[name] != held.specimens[name]:
            raise InputError(
                f"{out} has rows of {name} from {held.specimens[name]}, and these would be from {mine[name]}: give "
                "another folder"
            )
    write_aside(path, msgspec.json.encode(Claim(study.name, held.specimens | mine)).decode() + "\n")


def _data_of(one: Specimens) -> str:
    """What the images of some specimens are made from, in one line."""
    if one.recipe is None:
        return f"the dataset {open_dataset(str(one.data)).manifest.checksum}"
    recipe = recipe_of(one)
    return f"the recipe {recipe.name} {recipe.version}, scene {msgspec.json.encode(one.scene).decode()}"


def recipe_of(one: Specimens) -> Recipe:
    """The recipe of some specimens, their changes to its [scene] made; InputError for specimens given as data."""
    if one.recipe is None:
        raise InputError(f"the specimens {one.name} have no recipe, and {one.data} is no dataset on this machine")
    tables = recipe_to_dict(load_recipe(one.recipe))
    return recipe_from_dict(tables | {"scene": tables["scene"] | one.scene})


def folder_of(one: Specimens, out: Path) -> Path:
    """The dataset of some specimens: the one given, or that which the study makes."""
    return Path(one.data) if one.data is not None else out / "data" / one.name


def grouped(left: Iterable[Network], size: int) -> list[tuple[Network, ...]]:
    """The networks in groups of one block and one kind of specimens, of at most so many, in order."""
    alike: dict[tuple[str, str], list[tuple[int, Network]]] = {}
    for place, one in enumerate(left):
        alike.setdefault((one.block, one.specimens), []).append((place, one))
    groups = [every[k : k + size] for every in alike.values() for k in range(0, len(every), size)]
    return [tuple(one for _, one in group) for group in sorted(groups, key=lambda group: group[0][0])]


def run_networks(job: TrainingJob) -> list[NetworkDone]:
    """Train and test the networks of a job and keep their rows in the study's folder."""
    found = rows_of_networks(job)
    for one, rows in zip(job.networks, found, strict=True):
        write_part(job.out, one.name, rows)
    return [NetworkDone(rows[0]["name"], rows[0]["seconds"], rows[0]["failed"]) for rows in found]


def rows_of_networks(job: TrainingJob) -> list[list[dict[str, Any]]]:
    """Train and test networks: the rows of each, one for each test condition; a single one where it failed."""
    start = time.perf_counter()
    try:
        found = _rows(job)
    except MemoryError:
        raise
    except Exception as error:  # whatever a network does, the others go on
        found = [[_failure(f"{type(error).__name__}: {one_line(error)}")] for _ in job.networks]
    seconds = (time.perf_counter() - start) / len(job.networks)
    return [
        [_identity(job, one) | {"seconds": seconds, "failed": ""} | row for row in rows]
        for one, rows in zip(job.networks, found, strict=True)
    ]


def _identity(job: TrainingJob, one: Network) -> dict[str, Any]:
    return {
        "block": one.block,
        "specimens": one.specimens,
        "material": job.specimens.material,
        "film": job.specimens.film,
        "train": one.train_id,
        "seed": one.seed,
        "network": _network_name(job.study, job.block),
        "key": one.key,
        "name": one.name,
    }


def _failure(why: str) -> dict[str, Any]:
    return {"test": "", "converged": False, "failed": why[:300]}


def _rows(job: TrainingJob) -> list[list[dict[str, Any]]]:
    source = Source(folder_of(job.specimens, job.out), job.block.track, job.block.spread)
    members = [_member(job, one, source) for one in job.networks]
    outcomes = [_alone(members[0], job.device)] if len(members) == 1 else fit_together(members)
    return [
        [_failure(outcome.failed)] if outcome.failed else _tested_rows(job, one, source, member, outcome)
        for one, member, outcome in zip(job.networks, members, outcomes, strict=True)
    ]


def _member(job: TrainingJob, one: Network, source: Source) -> Member:
    block, settings = job.block, msgspec.structs.replace(job.study.training, seed=one.seed)
    again = source.track is not None or block.seeds > 1  # images rendered for one network alone are not kept
    cache = job.out / IMAGES if again else None
    training, validation = (
        _joined([images_at(source, at, split, block.train_structures, cache) for at in one.train])
        for split in ("train", "validation")
    )
    network = seeded(partial(new_network, job.study, block), settings.seed).to(job.device)
    return Member(network, training, validation, settings)


def _alone(one: Member, device: str) -> Outcome:
    state = begin(one.network, one.settings, device)
    ended = fit(state, one.training, one.validation, one.settings)
    return Outcome(state.log, ended)


def _tested_rows(
    job: TrainingJob, one: Network, source: Source, member: Member, outcome: Outcome
) -> list[dict[str, Any]]:
    shared = {
        "converged": outcome.ended,
        "cycles": len(outcome.log),
        "id_loss": best_row(outcome.log)["validation_loss"],
        "parameters": sum(each.numel() for each in member.network.parameters()),
    }
    limit, cache = job.block.test_structures, job.out / IMAGES
    return [
        shared | tested(member.network, images_at(source, at, "test", limit, cache)) | {"test": at}
        for at in one.test or _all_of(source)
    ]


def _all_of(source: Source) -> tuple[str, ...]:
    return tuple(one.condition_id for one in open_dataset(source.folder, str(source.track)).conditions)


def tested(network: Any, data: ImagesAt) -> dict[str, float | None]:
    """Means over images of the losses, the Dice and the confidence, with standard errors over structures."""
    p = np.concatenate([network_probabilities(network, one[None]) for one in data.images])
    scores = {
        "nll": nll(p, data.masks),
        "double_softmax_ce": double_softmax_ce(p, data.masks),
        "dice": dice(p > 0.5, data.masks),
    }
    found: dict[str, float | None] = {"images": len(data.images), "confidence": float(np.maximum(p, 1 - p).mean())}
    for name, values in scores.items():
        found[name] = float(values.mean())
        found[f"{name}_se"] = _standard_error(values, data.structures)
    return found


def _standard_error(values: NDArray[np.float64], structures: NDArray[np.str_]) -> float | None:
    """Of the mean over images, with structures as the units; None for fewer than two."""
    names, row = np.unique(structures, return_inverse=True)
    if len(names) < 2:
        return None
    parts = np.bincount(row, values - values.mean()) / len(values)
    return float(np.sqrt(np.sum(parts**2) * len(names) / (len(names) - 1)))


def _joined(parts: Sequence[ImagesAt]) -> TrainingImages:
    return TrainingImages(
        np.concatenate([one.images for one in parts]), np.concatenate([one.masks for one in parts]), ()
    )


def new_network(study: Study, block: Block) -> Any:
    """The network of a block, its first weights drawn from PyTorch's own generator."""
    folder = baseline_at(block.network or study.network)
    function = block.function or study.function
    if function is None:
        return untrained_network(folder)
    require("torch", "torch")
    return returned_by(function_in_folder(folder, function), f"{folder}: {function}")


def _network_name(study: Study, block: Block) -> str:
    function = block.function or study.function
    return f"{Path(block.network or study.network).name}{'' if function is None else f' {function}'}"
