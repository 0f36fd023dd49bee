"""Models on the Hugging Face Hub, as ORGANISATION/NAME@REVISION."""

from __future__ import annotations

import re
from pathlib import Path

from hrtem_bench.errors import InputError, require
from hrtem_bench.models.weight_files import PICKLES
from hrtem_bench.support.hub import TIMEOUT, explained

_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)@(?P<revision>[\w./-]+)")


def is_hub_id(model: str) -> bool:
    """Whether text reads as a model on the Hub at a revision."""
    return _ID.fullmatch(model) is not None


def download_model(model: str) -> tuple[Path, str]:
    """Download a model, "ORGANISATION/NAME@REVISION", from the Hub, except files that can hold pickles.

    Returned are the folder in the Hub's cache, and the id with the commit in place of the revision. InputError for a
    Hub, a repository or a revision that is not there.
    """
    found = _ID.fullmatch(model)
    if found is None:
        raise InputError(f"{model!r} is no model on the Hub: write ORGANISATION/NAME@REVISION")
    hub = require("huggingface_hub", "data")
    repo, revision = found["repo"], found["revision"]
    with explained(f"the model {model}", "there is no such folder here either: check the name or the network"):
        asked = {"repo_type": "model", "revision": revision, "etag_timeout": TIMEOUT}
        folder = hub.snapshot_download(repo, **asked, ignore_patterns=[f"*{suffix}" for suffix in sorted(PICKLES)])
    return Path(folder), f"{repo}@{Path(folder).name}"


def refuse_code(folder: Path, model: str, allowed: bool) -> None:
    """Raise InputError if a downloaded folder has code to run and the user has not allowed it."""
    if not allowed:
        raise InputError(
            f"{model} comes with code of its own, which would run here: read it in {folder}, then give "
            "--allow-code (in Python allow_code=True)"
        )
