"""STUDY.toml: which networks to train and where to test them, read and checked before anything is made."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import parse_toml
from hrtem_bench.support.toml_tables import convert_table, key_error, shipped_names, shipped_or_own
from hrtem_bench.training.settings import TrainingSettings

Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.=+-]*$"
Name = Annotated[str, msgspec.Meta(pattern=NAME)]
MOST_NETWORKS = 100_000


class StudyTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: no key that is not known."""


class Specimens(StudyTable, frozen=True, kw_only=True):
    """Specimens to make images of: a dataset that is there, or a recipe that the study makes one of.

    Parameters
    ----------
    name
        As networks and rows name them.
    data
        A dataset's folder or Hub id.
    recipe
        In its place: a shipped recipe's name or the path of one, relative to the study's file.
    scene
        Keys of the recipe's [scene] to replace.
    material, film
        As the rows are to say.
    """

    name: Name
    data: Text | None = None
    recipe: Text | None = None
    scene: dict[str, Any] = {}
    material: Text
    film: Text


class DrawnRange(StudyTable, frozen=True, kw_only=True):
    """A setting drawn between `low` and `high`, in `unit`, evenly or evenly in its logarithm."""

    low: float
    high: float
    unit: str = ""
    scale: Literal["linear", "log"] = "linear"


class Draw(StudyTable, frozen=True, kw_only=True):
    """Conditions drawn from ranges, evenly spread (a Sobol sequence), each written as text with its settings.

    Parameters
    ----------
    count
        Training sets, or test conditions.
    ranges
        Setting -> its range.
    cameras
        Names of which each condition has one; none for the detector of the specimens' recipe.
    mixtures
        Numbers of conditions in a training set, of which each set has one, in turn.
    seed
        Of the sequence.
    """

    count: Count
    ranges: dict[str, DrawnRange]
    cameras: list[str] = []
    mixtures: list[Count] = msgspec.field(default_factory=lambda: [1])
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0


class Block(StudyTable, frozen=True, kw_only=True):
    """Training sets, each trained with several seeds on each of some specimens, all tested at the same conditions.

    Parameters
    ----------
    name
        Part of the names of networks.
    specimens
        Names of [[specimens]].
    track
        Conditions are those of this track of the specimens' dataset, by id. Left out: settings as text, for which
        images are rendered from kept exit waves.
    train
        Training sets, each a list of conditions.
    draw_train
        Training sets drawn from ranges, besides.
    test
        Conditions to test at; all of the track if left out.
    draw_test
        Conditions drawn from ranges, besides.
    seeds
        So many networks for each training set, seeds from 0.
    first_seed
        Of them.
    network, function
        As the study's, where this block differs.
    spread
        Standard deviation of C10 from image to image, Å, where images are rendered.
    train_structures, test_structures
        The first so many structures; all if left out.
    """

    name: Name
    specimens: list[Name]
    track: Text | None = None
    train: list[list[Text]] = []
    draw_train: Draw | None = None
    test: list[Text] = []
    draw_test: Draw | None = None
    seeds: Count = 1
    first_seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    network: Text | None = None
    function: Text | None = None
    spread: Annotated[float, msgspec.Meta(ge=0)] = 15.0
    train_structures: Count | None = None
    test_structures: Count | None = None


class Study(StudyTable, frozen=True, kw_only=True):
    """A study before it is run.

    Parameters
    ----------
    name
        Of its files.
    network
        A shipped baseline, or a folder whose card names a network.
    function
        "module:function" of that folder that returns the network; the card's if left out.
    training
        The schedule; its seed is that of each network.
    """

    name: Name
    description: str = ""
    network: Text = "unet_small"
    function: Text | None = None
    training: TrainingSettings = TrainingSettings()
    specimens: list[Specimens]
    blocks: list[Block]


def shipped_studies() -> list[str]:
    """Names of the studies in the package."""
    return shipped_names(_folder())


def load_study(name: str | Path) -> Study:
    """A study of the package by name, or one's own by the path of its TOML file; InputError if it is not valid."""
    folder = Path(name).parent if str(name).endswith(".toml") else None
    return parse_study(shipped_or_own(name, _folder(), "study"), folder)


def parse_study(text: str, folder: Path | None = None) -> Study:
    """A checked study from TOML text.

    Parameters
    ----------
    text
        TOML.
    folder
        Where relative paths of recipes start.

    Raises
    ------
    InputError
        Names the first key that is wrong, its value, and what is allowed.
    """
    raw = parse_toml(text, "the study")
    tables = dict(raw)
    for key, kind in (("specimens", Specimens), ("blocks", Block)):
        if not isinstance(raw.get(key), list) or not raw[key]:
            raise InputError(f"the study has no table [[{key}]]: give at least one")
        tables[key] = [convert_table(one, kind, f"{key}[{index}]") for index, one in enumerate(raw[key])]
    if folder is not None:
        tables["specimens"] = [_placed(one, folder) for one in tables["specimens"]]
    study = convert_table(tables, Study, "the study")
    _check(study)
    return study


def study_key(study: Study, block: Block) -> str:
    """What the rows of a block's networks depend on, besides the conditions, the seed and the specimens' data."""
    network = (block.network or study.network, block.function or study.function)
    content = [network, msgspec.structs.replace(study.training, seed=0), block.track, block.spread]
    content += [block.train_structures, block.test_structures]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


def _placed(one: Specimens, folder: Path) -> Specimens:
    if one.recipe is None or not one.recipe.endswith(".toml"):
        return one
    return msgspec.structs.replace(one, recipe=str(folder / one.recipe))


def _check(study: Study) -> None:
    names = [one.name for one in study.specimens]
    _no_repeats("the names of [[specimens]]", names)
    _no_repeats("the names of [[blocks]]", [one.name for one in study.blocks])
    for index, one in enumerate(study.specimens):
        if (one.data is None) == (one.recipe is None):
            raise key_error(f"specimens[{index}].data", one.data, "give data or recipe, one of the two")
    for index, block in enumerate(study.blocks):
        _check_block(f"blocks[{index}]", block, names)


def _check_block(where: str, block: Block, names: list[str]) -> None:
    for name in block.specimens:
        if name not in names:
            raise key_error(f"{where}.specimens", name, f"[[specimens]] has {', '.join(names)}")
    if not block.specimens:
        raise key_error(f"{where}.specimens", [], "name at least one of [[specimens]]")
    if not block.train and block.draw_train is None:
        raise key_error(f"{where}.train", [], 'give training sets, as [["defocus=-10nm"], …], or draw_train')
    if any(not one for one in block.train):
        raise key_error(f"{where}.train", [], "a training set needs at least one condition")
    _no_repeats(f"{where}.train", [";".join(sorted(one)) for one in block.train])
    for each in block.train:
        _no_repeats(f"{where}.train", each)
    _no_repeats(f"{where}.test", block.test)
    if block.track is None and not block.test and block.draw_test is None:
        raise key_error(f"{where}.test", [], "give the conditions to test at, or draw_test")
    for name, draw in (("draw_train", block.draw_train), ("draw_test", block.draw_test)):
        _check_draw(f"{where}.{name}", draw)


def _check_draw(where: str, draw: Draw | None) -> None:
    if draw is None:
        return
    if not draw.mixtures:
        raise key_error(f"{where}.mixtures", [], "give at least one number of conditions")
    for axis, one in draw.ranges.items():
        if not one.low <= one.high or (one.scale == "log" and one.low <= 0):
            raise key_error(
                f"{where}.ranges.{axis}", [one.low, one.high], "low must not exceed high, nor a log reach 0"
            )


def _no_repeats(where: str, values: list[str]) -> None:
    twice = next((one for one in values if values.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"{where}: {twice!r} is given twice")


def _folder() -> Any:
    return resources.files("hrtem_bench.study") / "studies"
