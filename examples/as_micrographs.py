"""The test images of a dataset as files, as a microscope would write them, and their masks as labels.

    python examples/as_micrographs.py DATA OUT

writes OUT/images/NAME.tif, with the pixel size as ImageJ reads it, and OUT/labels/NAME.tif.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tifffile

import hrtem_bench as hb


def main(data: str, out: str) -> None:
    track = hb.open_dataset(data, "defocus")
    per_nm = 10 / track.pixel_size
    for name in ("images", "labels"):
        (Path(out) / name).mkdir(parents=True, exist_ok=True)
    for sample in track.rows("test"):
        file = f"{sample.structure_id}.tif"
        image = sample.image.astype(np.uint16)
        scale = {"imagej": True, "resolution": (per_nm, per_nm), "metadata": {"unit": "nm"}}
        tifffile.imwrite(Path(out) / "images" / file, image, **scale)
        tifffile.imwrite(Path(out) / "labels" / file, sample.instances.astype(np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:])
