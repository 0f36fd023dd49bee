"""Options that several commands share, and what they are made into."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from hrtem_bench.cli.running import PLACES
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.micrographs.expectation import Expectation
    from hrtem_bench.models.contract import InputContract
    from hrtem_bench.models.runtime import Runtime
    from hrtem_bench.models.submission import Submission
    from hrtem_bench.scoring.options import Options

Model = Annotated[
    str,
    typer.Argument(
        help="A shipped baseline (unet_small, unet_small_under, unet_joint, otsu), a folder with card.toml, "
        "module:function, path.py:function, a .pt2 or .onnx file, a folder of predictions, or "
        "ORGANISATION/NAME@REVISION on the Hub."
    ),
]
Micrographs = Annotated[list[Path], typer.Argument(metavar="IMAGES", help="Micrographs, or folders of them.")]
DataFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; if not given, one for each CPU core, 4 for a GPU.")
]
Train = Annotated[list[str], typer.Option(help="Condition trained at; repeat it for a set of them.")]
Test = Annotated[list[str], typer.Option(help="Condition tested at; repeat it for more, a row each.")]
Drawing = Annotated[Path | None, typer.Option(help="Also draw it: a file ending in .svg or .png.")]
PixelSize = Annotated[
    float | None, typer.Option(help="Pixel size of your micrographs, Å, where their files do not say it or are wrong.")
]
Energy = Annotated[str | None, typer.Option(help="Beam energy, as in 300kV.")]
Cs = Annotated[str | None, typer.Option(help="Spherical aberration C30, as in 1.2mm; 0 if not given.")]
BootstrapSeed = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")]


def energy(text: str | None) -> float | None:
    """The beam energy, eV, from text as `Energy` asks for it."""
    from hrtem_bench.conditions.units import beam_energy

    return None if text is None else beam_energy(text)


def cs(text: str | None) -> float | None:
    """The spherical aberration, Å, from text as `Cs` asks for it."""
    from hrtem_bench.conditions.units import quantity

    return None if text is None else quantity("--cs", text, "Å")


@dataclass(frozen=True)
class ModelOptions:
    """How a model is run; options that are not given are as the model's card says."""

    normalisation: Annotated[
        Literal["standardised", "counts", "minmax", "own"] | None,
        typer.Option(help="What the model is given; this and the next four replace what its card says."),
    ] = None
    output: Annotated[
        Literal["probabilities", "logits", "classes"] | None, typer.Option(help="What the model returns.")
    ] = None
    model_pixel_size: Annotated[
        float | None, typer.Option(help="Pixel size of the images that the model was made for, Å.")
    ] = None
    threshold: Annotated[float | None, typer.Option(help="Probability above which a pixel is particle.")] = None
    window: Annotated[
        int | None,
        typer.Option(help="Side of the square images the model takes, pixels; larger ones are cut and blended."),
    ] = None
    device: Annotated[str, typer.Option(help="Where the model runs: cpu, cuda, cuda:1, … or mps.")] = "cpu"
    bf16: Annotated[bool, typer.Option("--bf16", help="Run a PyTorch model under bfloat16 autocast.")] = False
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code", help="Let code run that a model from the Hub, or a .pt2 file, brings with it."),
    ] = False

    def contract(self) -> InputContract | None:
        """What the model is given and returns; None where the options say nothing of it."""
        from hrtem_bench.models.contract import InputContract

        given = {
            "normalisation": self.normalisation, "output": self.output, "pixel_size": self.model_pixel_size,
            "threshold": self.threshold, "window": self.window,
        }  # fmt: skip
        named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        try:
            return InputContract(**named) if named else None
        except ValueError as error:
            raise InputError(str(error)) from None

    def runtime(self) -> Runtime:
        """Where the model runs and in what precision."""
        from hrtem_bench.models.runtime import Runtime

        return Runtime(self.device, self.bf16)

    def load(self, model: str) -> Submission:
        """The model that a user names, ready to run."""
        from hrtem_bench.models.submission import load_submission

        return load_submission(model, self.contract(), runtime=self.runtime(), allow_code=self.allow_code)


@dataclass(frozen=True, kw_only=True)
class ChosenModel(ModelOptions):
    """The model that a command is about, and how it is run."""

    model: Model

    def submission(self) -> Submission:
        """It, ready to run."""
        return self.load(self.model)


@dataclass(frozen=True)
class TrackOptions:
    """A track of a dataset, and where results of it go."""

    data: Annotated[
        str | None,
        typer.Option(help=f"Folder of a dataset, or its id on the Hub; if not given, {' or '.join(PLACES)}."),
    ] = None
    track: Annotated[str, typer.Option(help="Track of the dataset.")] = "defocus"
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for results.json, per_image.parquet and report.html; if not given, results/MODEL."),
    ] = None


@dataclass(frozen=True)
class OwnImageOptions:
    """What is known of one's own micrographs, and the results that tell the Dice to expect there."""

    pixel_size: PixelSize = None
    condition: Annotated[
        str | None, typer.Option(help='The setting of your micrographs, where it is known: "defocus=40nm,C30=1.2mm".')
    ] = None
    results: Annotated[
        Path | None,
        typer.Option(help="Folder of the model's own results: with --condition, says what Dice to expect there."),
    ] = None

    def expectation(self, submission: Submission) -> Expectation | None:
        """The Dice to expect of a model, where both are given."""
        from hrtem_bench.micrographs.expectation import expectation_for

        return expectation_for(submission, self.condition, self.results)


@dataclass(frozen=True)
class ScoringOptions:
    """How many images are scored, how many at once, and where the model was trained."""

    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, help="Images at once; if not given, what is fastest, found by trying. No score depends on it."
        ),
    ] = None
    limit: Annotated[int | None, typer.Option(min=1, help="Images per condition; the result is then unofficial.")] = (
        None
    )
    train_conditions: Annotated[
        list[str] | None,
        typer.Option(
            help="Condition of the track that the model was trained at, where it does not say so itself; repeatable."
        ),
    ] = None

    def with_model(self, model: ModelOptions, **more: Any) -> Options:
        """The options of an evaluation; more: others of `hrtem_bench.scoring.Options`."""
        from hrtem_bench.scoring.options import Options

        return Options(
            limit=self.limit,
            batch_size=self.batch_size,
            train_conditions=self.train_conditions,
            contract=model.contract(),
            device=model.device,
            bf16=model.bf16,
            allow_code=model.allow_code,
            **more,
        )


@dataclass(frozen=True)
class SeededScoringOptions(ScoringOptions):
    """The same, with the seed of the intervals."""

    seed: BootstrapSeed = 0

    def with_model(self, model: ModelOptions, **more: Any) -> Options:
        """As of `ScoringOptions`."""
        return super().with_model(model, seed=self.seed, **more)


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer reads it: a parameter that is a record of options becomes these options.

    The command itself is called with the records.
    """
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for one in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(one.annotation):
            groups[one.name] = one.annotation
            hints = get_type_hints(one.annotation, include_extras=True)
            for field in fields(one.annotation):
                kind, needed = inspect.Parameter.KEYWORD_ONLY, field.default is MISSING
                default = inspect.Parameter.empty if needed else field.default
                parameters.append(inspect.Parameter(field.name, kind, default=default, annotation=hints[field.name]))
        else:
            parameters.append(one.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def called(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called
