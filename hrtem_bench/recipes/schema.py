"""The columns of a dataset, as Arrow and Hugging Face types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SCHEMA_VERSION = 1
LARGEST_COUNT = 65535
"""Images are 16-bit."""

COLUMNS: Mapping[str, str] = MappingProxyType({
    "image": "image", "mask": "image", "instances": "image", "preview": "image",
    "structure_id": "string", "condition_id": "string",
    "energy": "float64", "C10": "float64", "C30": "float64", "C12": "float64", "phi12": "float64",
    "focal_spread": "float64", "angular_spread": "float64", "dose": "float64", "pixel_size": "float64",
    "lattice": "string", "particle_count": "int32", "thickness": "float64", "zero_focus": "float64",
    "image_seed": "int64",
})  # fmt: skip
"""Columns of a track: name -> Hugging Face type."""

WAVE_COLUMNS: Mapping[str, str] = MappingProxyType({
    "structure_id": "string", "waves": "binary", "mask": "image", "instances": "image",
    "phonons": "int32", "points": "int32", "pixel_size": "float64", "field": "float64", "band": "float64",
    "energy": "float64", "lattice": "string", "particle_count": "int32", "thickness": "float64",
    "zero_focus": "float64",
})  # fmt: skip
"""Columns of the exit_waves config: name -> Hugging Face type."""
EXIT_WAVES = "exit_waves"


def columns_of(config: str) -> Mapping[str, str]:
    """The columns of a config: a track's, or those of the exit waves."""
    return WAVE_COLUMNS if config == EXIT_WAVES else COLUMNS


def arrow_schema(columns: Mapping[str, str] = COLUMNS) -> Any:
    """The pyarrow schema of `columns`, with the metadata by which `datasets` knows pictures from bytes."""
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    types = {"image": image, "string": pa.string(), "float64": pa.float64(), "int32": pa.int32(), "int64": pa.int64()}
    types |= {"binary": pa.binary()}
    features = {
        name: {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}
        for name, kind in columns.items()
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(name, types[kind]) for name, kind in columns.items()], metadata=metadata)
