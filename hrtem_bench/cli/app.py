"""Runs a command line.

What a user got wrong ends in one line on standard error and exit status 2; Ctrl-C in one line and 130.
"""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

import hrtem_bench
from hrtem_bench.cli.dataset.generate import generate
from hrtem_bench.cli.dataset.publish import publish
from hrtem_bench.cli.dataset.render import render
from hrtem_bench.cli.dataset.show import show
from hrtem_bench.cli.dataset.verify import verify
from hrtem_bench.cli.evaluation.compare import compare
from hrtem_bench.cli.evaluation.evaluate import MOVED, evaluate
from hrtem_bench.cli.evaluation.evaluate_fresh import evaluate_fresh
from hrtem_bench.cli.evaluation.evaluate_rendered import evaluate_rendered
from hrtem_bench.cli.evaluation.figures import figures
from hrtem_bench.cli.evaluation.leaderboard import leaderboard
from hrtem_bench.cli.evaluation.quickstart import quickstart
from hrtem_bench.cli.evaluation.seeds import seeds
from hrtem_bench.cli.evaluation.submit import submit
from hrtem_bench.cli.micrographs.compare_images import compare_images
from hrtem_bench.cli.micrographs.describe import describe
from hrtem_bench.cli.micrographs.evaluate_images import evaluate_images
from hrtem_bench.cli.micrographs.imitate import imitate
from hrtem_bench.cli.micrographs.predict import predict
from hrtem_bench.cli.micrographs.tailor import tailor
from hrtem_bench.cli.planning.design import design
from hrtem_bench.cli.planning.explore import explore
from hrtem_bench.cli.planning.predict_shift import predict_shift
from hrtem_bench.cli.planning.transfer import transfer
from hrtem_bench.cli.training.study import study
from hrtem_bench.cli.training.train import train
from hrtem_bench.errors import InputError

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""click's UsageError, wherever typer has its click from."""
INTERRUPTED = 130
COMMANDS: tuple[Callable[..., None], ...] = (
    quickstart,
    generate,
    render,
    verify,
    publish,
    show,
    train,
    evaluate,
    evaluate_rendered,
    evaluate_fresh,
    evaluate_images,
    predict,
    imitate,
    tailor,
    describe,
    compare,
    compare_images,
    figures,
    leaderboard,
    seeds,
    submit,
    transfer,
    predict_shift,
    explore,
    design,
    study,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"hrtem-bench {hrtem_bench.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """How far apart two HRTEM imaging conditions are, and what a network loses between them."""


def application() -> typer.Typer:
    """The command line as a typer application."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_options)
    for command in COMMANDS:
        app.command()(command)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line, the program's name left out; returns the exit status."""
    try:
        _refuse_empty(arguments)
        with warnings.catch_warnings():
            warnings.showwarning = _warned(warnings.showwarning)
            status: Any = application()(
                args=list(arguments) or ["--help"],
                prog_name="hrtem-bench",
                standalone_mode=False,
                obj=shlex.join(["hrtem-bench", *arguments]),  # the command, as results record it
            )
    except InputError as error:
        return _fail(str(error))
    except USAGE_ERROR as error:
        return _fail(_now_elsewhere(error) or f"{error.format_message().rstrip('.')}: see --help")
    except OSError as error:  # a full disk, a folder without permission
        return _fail(f"{error.filename or 'file system'}: {error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:  # as typer reports Ctrl-C
        print("hrtem-bench: interrupted", file=sys.stderr)
    return status if isinstance(status, int) else 0


def main() -> None:
    """The entry point of the `hrtem-bench` command."""
    sys.exit(run(sys.argv[1:]))


def _warned(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Shows an `UnlikelySetting` warning in one line, without the place in the code; other warnings as before."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        from hrtem_bench.conditions import UnlikelySetting  # loads NumPy, which no command's help needs

        if issubclass(category, UnlikelySetting):
            print(f"hrtem-bench: warning: {message}", file=sys.stderr)
        else:
            otherwise(message, category, *place, **more)

    return show


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Raise InputError for empty text: as a path it would mean the current folder."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option = before if argument == "" else argument.removesuffix("=")
        if argument == "" or (argument.startswith("--") and argument.endswith("=")):
            what = f"{option} is empty" if option.startswith("-") else "an argument is empty"
            raise InputError(f"{what}: give it a value or leave it out")


def _now_elsewhere(error: Any) -> str | None:
    """Which command now has an option that `evaluate` once had."""
    command = getattr(error.ctx, "info_name", None)
    option = getattr(error, "option_name", None)
    if command != "evaluate" or option not in MOVED:
        return None
    return f"evaluate has no {option} any more: use hrtem-bench {MOVED[option]}"


def _fail(message: str) -> int:
    print(f"hrtem-bench: {' '.join(message.split())}", file=sys.stderr)
    return 2
