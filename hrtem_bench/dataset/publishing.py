"""Uploading a finished dataset to the Hugging Face Hub, as one commit and a tag."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrtem_bench.dataset.verification import verify
from hrtem_bench.errors import InputError, require
from hrtem_bench.generation.card import CARD, render_card
from hrtem_bench.generation.croissant import CROISSANT, render_croissant
from hrtem_bench.generation.manifest import MANIFEST, Manifest, read_manifest
from hrtem_bench.generation.pictures import PICTURES
from hrtem_bench.support.hub import explained, reachable

LEADERBOARD = "eval.yaml"


@dataclass(frozen=True)
class Publication:
    """What is uploaded to the Hub.

    Parameters
    ----------
    repo, tag
        Where to.
    files
        Path in the repository -> bytes.
    url
        Of the dataset.
    """

    repo: str
    tag: str
    files: dict[str, int]
    url: str

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(self.files.values())


def publish(
    folder: str | Path, repo: str, tag: str, *, dry_run: bool = False, private: bool = False, token: str | None = None
) -> Publication:
    """Upload a dataset to a dataset repository of the Hugging Face Hub, and tag it.

    The dataset is verified first. The card gets the repository's name, and eval.yaml says what a leaderboard scores.
    After an interruption the same call sends only what is missing.

    Parameters
    ----------
    folder
        The dataset's.
    repo
        "organisation/name".
    tag
        "v" and the dataset's version; a tag can be given once.
    dry_run
        Whether to send nothing.
    private
        Whether a new repository is private.
    token
        Of the Hub; by default that of `hf auth login`. It is never shown.

    Raises
    ------
    InputError
        For a dataset with problems, a tag that does not fit, and whatever the Hub refuses.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if tag != f"v{manifest.version}":
        raise InputError(
            f"tag {tag!r}: the dataset's version is {manifest.version}, so that its tag is v{manifest.version}"
        )
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise InputError(f"repo {repo!r}: give the Hub id of the dataset's repository, organisation/name")
    found = verify(folder)
    if not found.ok:
        raise InputError(
            f"{folder} has {len(found.problems)} problems (`hrtem-bench verify {folder}` lists them), "
            f"the first: {found.problems[0]}"
        )
    contents = _contents(folder, manifest, repo)
    files = {name: item.stat().st_size if isinstance(item, Path) else len(item) for name, item in contents.items()}
    publication = Publication(repo, tag, files, f"https://huggingface.co/datasets/{repo}")
    if not dry_run:
        if not reachable():
            raise InputError(f"the upload to {repo}: the Hub cannot be reached: check the network")
        with explained(f"the upload to {repo}", "run the same command again, what is there is not sent twice"):
            _upload(contents, publication, private, token)
    return publication


def render_leaderboard(manifest: Manifest) -> str:
    """eval.yaml, which makes the dataset a benchmark on the Hub: one task for each track."""
    lines = [
        f"name: {json.dumps(f'hrtem-bench {manifest.name}')}",
        f"description: {json.dumps(manifest.description)}",
        "evaluation_framework: hrtem-bench",
        "tasks:",
    ]
    for track in manifest.tracks:
        lines += [f"  - id: {track}", f"    config: {track}", "    split: test"]
    return "\n".join(lines) + "\n"


def _contents(folder: Path, manifest: Manifest, repo: str) -> dict[str, Path | bytes]:
    """Path in the repository -> a file, or the bytes of one that is written for the Hub."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        CARD: render_card(folder, manifest, repo).encode(),
        CROISSANT: render_croissant(manifest, repo, today).encode(),
        LEADERBOARD: render_leaderboard(manifest).encode(),
        MANIFEST: folder / MANIFEST,
        **{f"{PICTURES}/{path.name}": path for path in sorted((folder / PICTURES).iterdir())},
        **{shard.path: folder / shard.path for shard in manifest.shards},
    }


def _upload(contents: dict[str, Path | bytes], publication: Publication, private: bool, token: str | None) -> None:
    hub: Any = require("huggingface_hub", "data")
    api = hub.HfApi(token=token)
    repo, tag = publication.repo, publication.tag
    api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
    if tag in [ref.name for ref in api.list_repo_refs(repo, repo_type="dataset").tags]:
        raise InputError(f"{repo} has the tag {tag} already: a version is published once, raise that of the recipe")
    api.create_commit(
        repo,
        repo_type="dataset",
        operations=[hub.CommitOperationAdd(name, item) for name, item in contents.items()],
        commit_message=f"Version {tag}",
    )
    api.create_tag(repo, repo_type="dataset", tag=tag)
