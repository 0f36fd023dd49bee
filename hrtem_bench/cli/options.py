"""Options that several commands share, and what they are made into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.models.contract import InputContract

Model = Annotated[
    str,
    typer.Argument(
        help="A shipped baseline (unet_small, unet_joint, otsu), a folder with card.toml, module:function, "
        "path.py:function, a .pt2 or .onnx file, a folder of predictions, or ORGANISATION/NAME@REVISION on the Hub."
    ),
]
Normalisation = Annotated[
    Literal["standardised", "counts", "minmax", "own"] | None,
    typer.Option(help="What the model is given; this and the next four replace what its card says."),
]
Output = Annotated[Literal["probabilities", "logits", "classes"] | None, typer.Option(help="What the model returns.")]
ModelPixelSize = Annotated[float | None, typer.Option(help="Pixel size the model was made for, Å.")]
Threshold = Annotated[float | None, typer.Option(help="Probability above which a pixel is particle.")]
Window = Annotated[
    int | None, typer.Option(help="Side of the square images the model takes, pixels; larger ones are cut and blended.")
]
PixelSize = Annotated[
    float | None, typer.Option(help="Pixel size of your micrographs, Å, where their files do not say it or are wrong.")
]
OwnCondition = Annotated[
    str | None, typer.Option(help='The setting of your micrographs, where it is known: "C10=-400,C30=1.2e7".')
]
OwnResults = Annotated[
    Path | None,
    typer.Option(help="Folder of the model's own results: with --condition, says what Dice to expect there."),
]
Device = Annotated[str, typer.Option(help="Where the model runs: cpu, cuda, cuda:1, … or mps.")]
Bf16 = Annotated[bool, typer.Option("--bf16", help="Run a PyTorch model under bfloat16 autocast.")]
AllowCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Let code run here that a model from the Hub, or a .pt2 file, brings with it."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Images at once; if not given, what is fastest, found by trying. No score depends on it."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")]


def contract(**given: str | float | None) -> InputContract | None:
    """The input contract that the options make; None if none was given."""
    from hrtem_bench.models.contract import InputContract

    named = {name: value for name, value in given.items() if value is not None}
    try:
        return InputContract(**named) if named else None  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(str(error)) from None
