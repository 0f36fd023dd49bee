"""`hrtem-bench evaluate --fresh`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hrtem_bench.cli.printing import counted, fixed, limits, print_table, timed, wrote
from hrtem_bench.cli.running import evaluated, print_curve, reported

if TYPE_CHECKING:
    from hrtem_bench.scoring.options import Options


def evaluate_fresh(
    model: str,
    source: str,
    track: str,
    out: Path,
    chosen: Options,
    command: str,
    *,
    seed: int,
    public: Path | None,
) -> None:
    """Score on a fresh test set into `out`, and on the public one into out/public where its results are not given."""
    import msgspec

    from hrtem_bench.comparison.fresh_shift import FRESH, fresh_shift
    from hrtem_bench.dataset import open_dataset
    from hrtem_bench.evaluation.fresh import fresh_track
    from hrtem_bench.scoring.run import Run, read_run
    from hrtem_bench.support.files import write_aside

    opened = open_dataset(source, track)
    before = None if public is None else read_run(public)
    with timed("fresh test set"), counted("structures") as moved:
        new = fresh_track(opened.manifest, track, seed, progress=moved)
    with timed("evaluated"):
        evaluation = evaluated(model, new, track, out, chosen, command)
        if before is None:
            other = evaluated(model, opened, track, out / "public", chosen, command)
            before = Run(other.results, other.per_image)
    shift = fresh_shift(before, Run(evaluation.results, evaluation.per_image), seed)
    write_aside(out / FRESH, msgspec.json.format(msgspec.json.encode(shift), indent=1).decode() + "\n")
    print_curve(evaluation)
    print_table(
        f"Dice on new structures less that on public ones, seed {seed}",
        ("condition", "public", "fresh", "difference", f"{100 * shift.confidence:g} %"),
        [
            (
                one.condition or "mean of all",
                fixed(one.public),
                fixed(one.fresh),
                f"{one.difference.value:+.3f}",
                limits(one.difference),
            )
            for one in (*shift.conditions, shift.mean)
        ],
    )
    print(shift.conclusion)
    wrote(reported(evaluation, out))
