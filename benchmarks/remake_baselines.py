"""Trains the shipped networks anew, scores all baselines, and makes their entries again.

    hrtem-bench generate baselines/training.toml --out mini-training
    python benchmarks/remake_baselines.py --data mini-training [--only unet_small]
    python benchmarks/remake_baselines.py --data mini --entries

For each network: `hrtem-bench train` at the conditions below, then its weights, log and training record go into its
folder under baselines/, whose card keeps its name and description. With --entries every baseline is scored on the
tracks `defocus` and `joint` of the dataset and submissions/ is made again. `update_cards.py --mini` and
`update_readme.py --quickstart` come after it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from hrtem_bench.models.card import card_text, read_card

ROOT = Path(__file__).parents[1]
BASELINES, ENTRIES = ROOT / "baselines", ROOT / "submissions"
TRAINING = {
    "unet_small": ["--track", "defocus", "--conditions", "defocus=-10nm", "--steps", "300"],
    "unet_small_under": ["--track", "defocus", "--conditions", "defocus=10nm", "--steps", "300"],
    "unet_joint": ["--track", "joint", "--all-conditions", "--steps", "300"],
}
"""Shipped network -> where it is trained."""
SCORED = (*TRAINING, "otsu")
TRACKS = ("defocus", "joint")


def command(*arguments: str, folder: str | None = None) -> None:
    """Run `hrtem-bench` with these arguments in a folder, by default this one; its errors end this script."""
    subprocess.run([sys.executable, "-m", "hrtem_bench", *arguments], check=True, cwd=folder)


def train(name: str, data: str) -> None:
    """Train a network and put its weights, log and record into its folder."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / name
        command("train", "unet_small", "--data", data, *TRAINING[name], "--out", str(out))
        home = BASELINES / name
        for file in ("weights.safetensors", "train_log.csv"):
            shutil.copyfile(out / file, home / file)
        record = tomllib.loads((out / "card.toml").read_text(encoding="utf-8"))["trained_on"]
        where = " ".join(TRAINING[name])
        record["command"] = f"hrtem-bench train unet_small --data {Path(data).name} {where} --out {name}"
        (home / "card.toml").write_text(card_text(read_card(home), record), encoding="utf-8")


def enter(name: str, data: str) -> None:
    """Score a baseline on each track and make its entries again."""
    for track in TRACKS:
        entry = ENTRIES / (name if track == TRACKS[0] else f"{name}-{track}")
        with tempfile.TemporaryDirectory() as folder:
            results, link = Path(folder) / "results", Path(folder) / Path(data).name
            link.symlink_to(Path(data).resolve())  # so that the command in the entry names no folder of this machine
            command("evaluate", name, "--data", link.name, "--track", track, "--out", results.name, folder=folder)
            (results / "report.html").unlink()  # the public page makes one of the numbers, which is smaller
            shutil.rmtree(entry, ignore_errors=True)
            command("submit", str(results), "--card", str(BASELINES / name / "card.toml"), "--out", str(entry))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of baselines/training.toml, or with --entries of mini")
    parser.add_argument("--only", choices=SCORED, help="this baseline alone")
    parser.add_argument("--entries", action="store_true", help="score the baselines and make submissions/ again")
    given = parser.parse_args()
    for name in [given.only] if given.only else SCORED:
        if name in TRAINING and not given.entries:
            train(name, given.data)
        if given.entries:
            enter(name, given.data)


if __name__ == "__main__":
    main()
