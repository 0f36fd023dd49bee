"""Puts what benchmarks print, and what a quickstart found, between the markers of README.md and performance.md.

    python benchmarks/update_readme.py --accuracy --speed --imaging --dataset --training published --quickstart OUT

--accuracy, --speed, --imaging, --dataset and --training, on a dataset, run the benchmarks (minutes, on an idle
machine); --quickstart takes the verdict and the pictures from the folder of a finished `hrtem-bench quickstart`.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "findings" / "performance.md")
IMAGES = ROOT / "docs" / "images"
DPI = 150
EXAMPLES = (-25, -10, 0, 10, 25)


def insert(name: str, text: str) -> None:
    """Put `text` between the markers `name` of every page that has them."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        marked = re.compile(f"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        after = marked.sub(lambda m: f"{m[1]}{text.strip()}\n{m[2]}", before)
        if after != before:
            page.write_text(after, encoding="utf-8")


def printed(script: str, *arguments: str) -> str:
    """What a benchmark prints, with where and when it ran."""
    run = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    table = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return f"{table.strip()}\n\n{datetime.now(UTC):%Y-%m-%d}, {machine()}."


def machine() -> str:
    """The processor in words, without the machine's name."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = re.findall(r"model name\s*: (.*)", info)
    return f"{len(names)} cores of an {names[0]}" if names else platform.machine()


def sentences(folder: Path) -> str:
    """The verdict of the quickstart's page, as a list; the page has the limits too."""
    from hrtem_bench.report import verdict
    from hrtem_bench.scoring.reading import read_results

    said = verdict(read_results(folder / "unet_small" / "results.json"))
    return "\n".join([said.lead, "", *(f"- {one}" for one in said.findings)])


def pictures(folder: Path) -> None:
    """The README's pictures: the curves of the baselines, and specimens at several defoci."""
    from hrtem_bench.dataset import open_dataset
    from hrtem_bench.report import contact_sheet, curve_figure, curve_of, figure_png
    from hrtem_bench.report.curve_data import track_of
    from hrtem_bench.scoring.reading import read_results

    results = [read_results(folder / name / "results.json") for name in ("unet_small", "unet_small_under", "otsu")]
    curves = [curve_of(one) for one in results]
    curve = curve_figure(curves[0], track_of(results[0]), others=curves[1:], width=170)
    (IMAGES / "quickstart_curve.png").write_bytes(figure_png(curve, DPI))
    track = open_dataset(folder / "data", "defocus")
    chosen = [f"defocus={value}nm" for value in EXAMPLES]
    images, masks = {}, {}
    for sample in track.rows("test", conditions=chosen):
        images.setdefault(sample.structure_id, {})[sample.condition_id] = sample.image
        masks[sample.structure_id] = sample.mask
    rows = list(images)[:2]
    sheet = contact_sheet(
        [[images[row][name] for name in chosen] for row in rows],
        [[masks[row] for _ in chosen] for row in rows],
        rows=["" for _ in rows],
        columns=[f"{value:+d} nm".replace("-", "−") for value in EXAMPLES],
        pixel_size=track.pixel_size,
        width=170,
    )
    (IMAGES / "quickstart_examples.png").write_bytes(figure_png(sheet, DPI))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accuracy", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--imaging", action="store_true")
    parser.add_argument("--dataset", action="store_true")
    parser.add_argument("--training", metavar="DATA", help="folder of the dataset published")
    parser.add_argument("--quickstart", type=Path)
    arguments = parser.parse_args()
    if arguments.accuracy:
        insert("accuracy", printed("accuracy.py"))
        insert("band_limits", printed("band_limits.py"))
    if arguments.speed:
        insert("speed", printed("multislice.py"))
    if arguments.imaging:
        insert("imaging", printed("imaging.py"))
    if arguments.dataset:
        insert("dataset", printed("dataset.py"))
    if arguments.training:
        insert("training", printed("training.py", "--data", arguments.training))
    if arguments.quickstart:
        insert("verdict", sentences(arguments.quickstart))
        pictures(arguments.quickstart)


if __name__ == "__main__":
    main()
