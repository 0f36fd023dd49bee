"""`generate` and `train` behind a progress bar: data from a recipe's name, a network on a dataset's images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrtem_bench.dataset import Manifest, Recipe, load_recipe
from hrtem_bench.dataset import generate as make
from hrtem_bench.support.progress import progress_bar

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track
    from hrtem_bench.training import Trained


def generate(
    recipe: str | Path | Recipe, out: str | Path, *, workers: int | None = None, device: str = "cpu"
) -> Manifest:
    """Make a dataset in a folder, or go on with one that is half made.

    Parameters
    ----------
    recipe
        Name of a shipped recipe ("tiny", "mini", "small", "full"), a TOML file, or a recipe that was loaded.
    out
        The folder.
    workers
        Processes; by default one for each CPU core. In a script, call this under ``if __name__ == "__main__":``.
    device
        "cpu" or "cuda", for multislice.

    Returns
    -------
    Manifest
        What the folder holds. The same recipe gives the same bytes.

    Raises
    ------
    InputError
        For a recipe that cannot be read, and a folder that cannot be used.
    """
    what = recipe if isinstance(recipe, Recipe) else load_recipe(str(recipe))
    with progress_bar() as show:
        moved = None if show is None else lambda done, total: show("structures", done, total)
        return make(what, out, workers=workers, device=device, progress=moved)


def train(network: Any, data: str | Path | Track = "mini", out: str | Path | None = None, **settings: Any) -> Trained:
    """Train a network on images of a dataset, until its validation loss falls no more, behind a progress bar.

    Parameters
    ----------
    network, data, out
        As for `hrtem_bench.training.train`: a torch.nn.Module of standardised images (N, 1, ny, nx) to logits is
        trained in place; a shipped baseline's name, or a folder whose card names a network, into the folder `out`.
    **settings
        Others of its parameters: `track`, `conditions`, `at_settings`, `settings`, `device`, `name`.

    Raises
    ------
    InputError
        For what cannot be trained or trained on.
    """
    from hrtem_bench.training import train as fit

    with progress_bar() as show:
        return fit(network, data, out, **{"progress": show, **settings})
