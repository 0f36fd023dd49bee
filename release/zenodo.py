"""A release on Zenodo: its metadata, from CITATION.cff and a dataset's manifest, and its files, sent as a draft.

    python release/zenodo.py metadata                 # prints what .zenodo.json holds
    python release/zenodo.py metadata --data mini     # the same of a dataset
    ZENODO_TOKEN=… python release/zenodo.py send dist/hrtem_bench-*
    ZENODO_TOKEN=… python release/zenodo.py send --data mini dist/dataset.tar

`send` makes a draft with its metadata and files, and prints where it is; a person looks at it there and publishes it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SERVER = "https://zenodo.org"
Json = dict[str, Any]


def of_software(citation: Json) -> Json:
    """Zenodo's metadata of the code, from what CITATION.cff says."""
    return {
        "upload_type": "software",
        "title": f"{citation['title']} {citation['version']}",
        "version": citation["version"],
        "description": citation["abstract"].strip(),
        "creators": [{"name": one["name"]} for one in citation["authors"]],
        "license": citation["license"].lower(),  # Zenodo's name of it
        "access_right": "open",
        "keywords": citation["keywords"],
        "related_identifiers": [
            {"identifier": one["doi"], "relation": "isDerivedFrom", "resource_type": "publication-preprint"}
            for one in citation["references"]
        ],
    }


def of_dataset(citation: Json, manifest: Json) -> Json:
    """Zenodo's metadata of a dataset made with the code: its name, version and checksum from its manifest."""
    title = f"{citation['title']} dataset {manifest['name']} {manifest['version']}"
    words = f"{manifest['description']} SHA-256 of the dataset: {manifest['checksum']}."
    return of_software(citation) | {
        "upload_type": "dataset", "title": title, "version": manifest["version"], "description": words,
        "license": "cc-by-4.0",
    }  # fmt: skip


def send(files: Sequence[Path], metadata: Json, token: str, server: str = SERVER) -> str:
    """Make a draft with these files; returns the address at which a person finishes it."""
    draft = _call(f"{server}/api/deposit/depositions", "POST", json.dumps({"metadata": metadata}).encode(), token)
    for path in files:
        print(f"sending {path} ({path.stat().st_size:,} bytes)", file=sys.stderr)
        with path.open("rb") as content:
            address = f"{draft['links']['bucket']}/{urllib.parse.quote(path.name)}"
            _call(address, "PUT", content, token, path.stat().st_size)
    return str(draft["links"]["html"])


def _call(address: str, method: str, body: Any, token: str, length: int | None = None) -> Json:
    kind = "application/json" if length is None else "application/octet-stream"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    if length is not None:
        headers["Content-Length"] = str(length)
    with urllib.request.urlopen(urllib.request.Request(address, body, headers, method=method)) as answer:
        found: Json = json.load(answer)
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("metadata", "send"))
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--data", type=Path, help="folder of a dataset; left out, the metadata are those of the code")
    parser.add_argument("--server", default=SERVER)
    given = parser.parse_args(arguments)
    citation = yaml.load((ROOT / "CITATION.cff").read_text("utf-8"), Loader=yaml.BaseLoader)
    manifest = json.loads((given.data / "manifest.json").read_text("utf-8")) if given.data else None
    metadata = of_dataset(citation, manifest) if manifest else of_software(citation)
    if given.what == "metadata":
        print(json.dumps(metadata, indent=2, ensure_ascii=False))
        return 0
    token = os.environ.get("ZENODO_TOKEN")
    missing = [str(path) for path in given.files if not path.is_file()]
    if missing or not given.files or not token:
        why = f"no such file: {', '.join(missing)}" if missing else "name the files" if token else "set ZENODO_TOKEN"
        print(f"zenodo: {why}", file=sys.stderr)
        return 2
    try:
        print(f"look at it and publish it: {send(given.files, metadata, token, given.server)}")
    except urllib.error.URLError as error:
        print(f"zenodo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
