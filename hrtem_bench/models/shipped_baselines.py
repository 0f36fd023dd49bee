"""Where the baselines are that come with the package, and a user's own."""

from __future__ import annotations

from pathlib import Path

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.models.card import CARD


def baseline_names() -> list[str]:
    """The shipped baselines' names, sorted."""
    return sorted({folder.name for root in _baseline_roots() for folder in root.iterdir() if has_card(folder)})


def baseline_folder(name: str) -> Path | None:
    """The folder of a shipped baseline, None if no such baseline is shipped."""
    if not name.isidentifier():
        return None
    return next((root / name for root in _baseline_roots() if has_card(root / name)), None)


def baseline_at(given: str) -> Path:
    """The folder of a model, given as a folder or as the name of a shipped baseline.

    A folder without a card, such as one of results, does not hide a shipped baseline of its name. InputError where
    there is neither.
    """
    folder, shipped = Path(given), baseline_folder(given)
    if shipped is not None and not has_card(folder):
        return shipped
    if not folder.is_dir():
        names = ", ".join(baseline_names())
        raise InputError(f"there is no baseline {given!r}: shipped are {names}; or give a folder with card.toml")
    return folder


def has_card(folder: Path) -> bool:
    """Whether the folder has a card."""
    return (folder / CARD).is_file()


def _baseline_roots() -> list[Path]:
    """Where baselines lie: in an installed package, and at the top of a checkout."""
    return _shipped("baselines")


def shipped_results() -> list[Path]:
    """The folders of results that come with the package, those of its baselines among them."""
    folders = [folder for root in _shipped("submissions") for folder in root.iterdir()]
    return sorted(folder for folder in folders if (folder / "results.json").is_file())


def _shipped(name: str) -> list[Path]:
    package = Path(hrtem_bench.__file__).parent
    return [root for root in (package / "shipped" / name, package.parent / name) if root.is_dir()]
