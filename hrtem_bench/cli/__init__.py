"""The command line: parses, calls, prints; nothing else.

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
from hrtem_bench.cli import (
    compare,
    compare_images,
    describe,
    design,
    evaluate,
    evaluate_fresh,
    evaluate_images,
    evaluate_rendered,
    explore,
    figures,
    generate,
    imitate,
    leaderboard,
    predict,
    predict_shift,
    publish,
    quickstart,
    render,
    seeds,
    show,
    study,
    submit,
    tailor,
    train,
    transfer,
    verify,
)
from hrtem_bench.errors import InputError

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""click's UsageError, wherever typer has its click from."""
INTERRUPTED = 130
COMMANDS: tuple[Callable[..., None], ...] = (
    quickstart.quickstart,
    generate.generate,
    render.render,
    verify.verify,
    publish.publish,
    show.show,
    train.train,
    evaluate.evaluate,
    evaluate_rendered.evaluate_rendered,
    evaluate_fresh.evaluate_fresh,
    evaluate_images.evaluate_images,
    predict.predict,
    imitate.imitate,
    tailor.tailor,
    describe.describe,
    compare.compare,
    compare_images.compare_images,
    figures.figures,
    leaderboard.leaderboard,
    seeds.seeds,
    submit.submit,
    transfer.transfer,
    predict_shift.predict_shift,
    explore.explore,
    design.design,
    study.study,
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
    if command != "evaluate" or option not in evaluate.MOVED:
        return None
    return f"evaluate has no {option} any more: use hrtem-bench {evaluate.MOVED[option]}"


def _fail(message: str) -> int:
    print(f"hrtem-bench: {' '.join(message.split())}", file=sys.stderr)
    return 2


__all__ = ["application", "main", "run"]
