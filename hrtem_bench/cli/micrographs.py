"""`hrtem-bench predict`, and `evaluate --images`: a model on a user's own micrographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import counted, fixed, print_table, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.harness import Submission
    from hrtem_bench.harness.expectation import Expectation
    from hrtem_bench.harness.own_images import MicrographScores, Segmented


def predict(
    model: options.Model,
    images: Annotated[list[Path], typer.Argument(help="Micrographs, or folders of them: tif, png, npy, dm3, dm4, …")],
    out: Annotated[Path, typer.Option(help="Folder for a mask (TIFF) and an overlay (PNG) of each.")],
    pixel_size: options.PixelSize = None,
    condition: options.OwnCondition = None,
    results: options.OwnResults = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write the probabilities, as TIFF.")
    ] = False,
    normalisation: options.Normalisation = None,
    output: options.Output = None,
    model_pixel_size: options.ModelPixelSize = None,
    threshold: options.Threshold = None,
    window: options.Window = None,
    device: options.Device = "cpu",
    bf16: options.Bf16 = False,
    allow_code: options.AllowCode = False,
) -> None:
    """Find particles in your own micrographs: tif, png, npy, dm3, dm4, mrc, emd.

    Masks are 8-bit TIFF, 255 on particles. With --condition and --results, it also says what Dice to expect.
    """
    from hrtem_bench.harness import Runtime, load_submission

    given = options.contract(
        normalisation=normalisation, output=output, pixel_size=model_pixel_size, threshold=threshold, window=window
    )
    submission = load_submission(model, given, runtime=Runtime(device, bf16), allow_code=allow_code)
    expected = expectation(submission, condition, results)
    paths = micrograph_paths(images, out)
    for segmented in segmented_micrographs(submission, paths, pixel_size):
        write_pictures(out, segmented)
        if probabilities:
            from hrtem_bench.harness.own_images import write_tiff

            name = f"{segmented.micrograph.name}_probability.tif"
            write_tiff(out / name, segmented.probability, segmented.micrograph.pixel_size)
    print(f"masks and overlays of {len(paths)} micrographs")
    print_expectation(expected)
    wrote(out)


def evaluate_micrographs(
    submission: Submission,
    images: Path,
    labels: Path | None,
    out: Path,
    command: str,
    pixel_size: float | None,
    expected: Expectation | None,
    seed: int,
) -> None:
    """Score the model on labelled micrographs; write micrographs.json, masks and overlays into `out`."""
    from hrtem_bench.harness.micrographs import read_label
    from hrtem_bench.harness.own_images import score, summarised, write_scores

    if labels is None:
        raise InputError("scores need labels: give their folder as --labels, or use `hrtem-bench predict`")
    paths = micrograph_paths([images], out)
    scores = []
    for segmented in segmented_micrographs(submission, paths, pixel_size):
        shape = segmented.probability.shape
        label = read_label(labels, segmented.micrograph.name, (shape[0], shape[1]))
        scores.append(score(submission, segmented, label))
        write_pictures(out, segmented, label)
    found = summarised(submission, scores, command, expected, seed=seed)
    print_scores(found)
    print_expectation(expected)
    wrote(write_scores(out, found))


def expectation(submission: Submission, condition: str | None, results: Path | None) -> Expectation | None:
    """What the model's own results let expect at the condition; None where either is not given."""
    from hrtem_bench.conditions import parse_condition
    from hrtem_bench.harness import read_run
    from hrtem_bench.harness.expectation import expected_dice

    if results is None and condition is None:
        return None
    if condition is None or results is None:
        raise InputError("what to expect needs both --condition and --results: give the other one too, or neither")
    run = read_run(results)
    if run.results.model.checksum != submission.checksum:
        raise InputError(f"{results} is not of this model, but of {run.results.model.name}: evaluate the model first")
    trained = () if submission.trained_on is None else submission.trained_on.used()
    return expected_dice(run, trained, parse_condition(condition))


def micrograph_paths(places: Sequence[Path], out: Path) -> list[Path]:
    """The micrographs to read; checks on the way that `out` can be written to."""
    from hrtem_bench.harness.folder import check_writable
    from hrtem_bench.harness.micrographs import find_micrographs

    paths = find_micrographs(places)
    check_writable(out)
    return paths


def segmented_micrographs(
    submission: Submission, paths: Sequence[Path], pixel_size: float | None
) -> Iterator[Segmented]:
    """The micrographs with the model's answer, one at a time, behind a progress bar."""
    from hrtem_bench.harness.micrographs import read_micrograph
    from hrtem_bench.harness.own_images import segment

    with counted("micrographs") as moved:
        for done, path in enumerate(paths, start=1):
            yield segment(submission, read_micrograph(path, pixel_size))
            if moved is not None:
                moved(done, len(paths))


def write_pictures(out: Path, segmented: Segmented, label: object = None) -> None:
    """NAME_mask.tif and NAME_overlay.png into `out`."""
    from hrtem_bench.harness.own_images import write_mask
    from hrtem_bench.report.overlay import write_overlay

    out.mkdir(parents=True, exist_ok=True)
    name = segmented.micrograph.name
    write_mask(out / f"{name}_mask.tif", segmented.mask, segmented.micrograph.pixel_size)
    write_overlay(out / f"{name}_overlay.png", segmented, label)  # type: ignore[arg-type]


def print_scores(scores: MicrographScores) -> None:
    """A row for each micrograph, and the means."""
    names = ("dice", "iou", "surface_dice", "f1", "nll")
    rows = [(one.name, *(fixed(one.metrics.get(name)) for name in names)) for one in scores.images]
    if len(rows) > 1:
        rows.append(("mean", *(fixed(scores.means[n].mean if n in scores.means else None) for n in names)))
    print_table(
        f"{scores.model.name} on {len(scores.images)} micrographs",
        ("micrograph", "Dice", "IoU", "surface Dice", "F1", "NLL"),
        rows,
    )
    mean = scores.means["dice"]
    if mean.low is not None:
        print(f"mean Dice {mean.mean:.3f}, {100 * scores.confidence:g} % interval {mean.low:.3f} to {fixed(mean.high)}")


def print_expectation(expected: Expectation | None) -> None:
    """What Dice is expected, from the model's own curve."""
    if expected is None:
        return
    print(
        f"expected Dice {expected.dice:.3f} ({expected.low:.3f} to {expected.high:.3f}), from the model's results on "
        f"simulated images: σ(train, condition) = {expected.sigma:.3f}, tested from {expected.tested_low:.3f} to "
        f"{expected.tested_high:.3f}"
    )
    for warning in expected.warnings:
        print(f"note: {warning}")
