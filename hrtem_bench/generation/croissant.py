"""croissant.json: a dataset described for machines, with the responsible-AI fields (mlcommons.org/croissant)."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

from hrtem_bench.generation.card_sources import card_source, label_rule
from hrtem_bench.generation.manifest import Manifest, Shard
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.recipes.schema import columns_of
from hrtem_bench.support.files import write_aside

CROISSANT = "croissant.json"
HUB = "https://huggingface.co/datasets"
_TYPES = {
    "image": "sc:ImageObject",
    "string": "sc:Text",
    "binary": "sc:Text",
    "float64": "sc:Float",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
}


def write_croissant(folder: Path, manifest: Manifest) -> None:
    """Write croissant.json beside the manifest."""
    write_aside(folder / CROISSANT, render_croissant(manifest))


def render_croissant(manifest: Manifest, location: str | None = None, published: str | None = None) -> str:
    """The description as JSON-LD text.

    location, published: Hub id and ISO date of a dataset that is being published. Without them the text depends on the
    manifest only.
    """
    places: dict[tuple[str, str], list[Shard]] = {}
    for shard in manifest.shards:
        places.setdefault(place_of(shard.path), []).append(shard)
    card = json.loads(string.Template(card_source("croissant.json")).substitute(label_rule()))
    card |= {
        "name": f"hrtem-bench-{manifest.name}",
        "description": manifest.description,
        "version": manifest.version,
        "identifier": manifest.checksum,
        "citeAs": f"hrtem-bench {manifest.name} {manifest.version}, checksum {manifest.checksum}",
        "url": f"{HUB}/{location}" if location else HUB,
        "keywords": ["electron microscopy", "HRTEM", "nanoparticles", "segmentation", "out-of-distribution"],
        "distribution": [_file(s) for s in manifest.shards],
        "recordSet": [
            _record_set(config, f"{config}/{split}" + (f"/{k:05d}" if len(shards) > 1 else ""), shard)
            for (config, split), shards in places.items()
            for k, shard in enumerate(shards)
        ],
        **({"datePublished": published} if published else {}),
    }
    return json.dumps(card, indent=1, ensure_ascii=False) + "\n"


def _file(shard: Shard) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": shard.path,
        "name": shard.path,
        "contentUrl": shard.path,
        "contentSize": f"{shard.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": shard.sha256,
    }


def _record_set(config: str, name: str, shard: Shard) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{shard.rows} rows.",
        "field": [_field(name, column, kind, shard) for column, kind in columns_of(config).items()],
    }


def _field(record_set: str, column: str, kind: str, shard: Shard) -> dict[str, Any]:
    extract: dict[str, Any] = {"extract": {"column": column}}
    if kind == "image":
        extract["transform"] = {"jsonPath": "bytes"}
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column}",
        "name": column,
        "dataType": _TYPES[kind],
        "source": {"fileObject": {"@id": shard.path}, **extract},
    }
