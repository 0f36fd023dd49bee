"""Pictures of at most 900 pixels a side and 64 colours, for a page: `small_pictures.py FOLDER PICTURE …`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

SIDE, COLOURS = 900, 64


def main(folder: str, *pictures: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in pictures:
        with Image.open(name) as picture:
            rgb = picture.convert("RGB")
        rgb.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        small = rgb.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small.save(Path(folder) / Path(name).name, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
