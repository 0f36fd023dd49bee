"""README.md of a dataset: a Hugging Face card, filled from the manifest and from the files as written."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.conditions import Spread
from hrtem_bench.generation.card_sources import card_source, label_rule, render_scores
from hrtem_bench.generation.manifest import Manifest, TrackEntry, shards_of
from hrtem_bench.generation.pictures import PICTURES, examples_shown
from hrtem_bench.generation.track_transfer import track_transfer
from hrtem_bench.recipes.detectors import detector_words
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.schema import EXIT_WAVES, columns_of
from hrtem_bench.recipes.tables import SPLITS, Recipe
from hrtem_bench.specimens import SceneSpec
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.parquet import open_parquet

CARD = "README.md"
LICENCE = "cc-by-4.0"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(folder: Path, manifest: Manifest) -> None:
    """Write README.md for the shards that are in `folder`."""
    write_aside(folder / CARD, render_card(folder, manifest))


def render_card(folder: Path, manifest: Manifest, location: str | None = None) -> str:
    """The card of the dataset in `folder`: YAML front matter and the filled template.

    location: where the card says to load from; a placeholder folder by default, a Hub id when publishing.
    """
    return f"---\n{_front_matter(folder, manifest)}---\n\n{render_body(manifest, location)}"


def render_body(manifest: Manifest, location: str | None = None) -> str:
    """The card below its front matter: a pure function of the manifest, the card sources and `location`."""
    fields = _fields(manifest, location or f"path/to/{manifest.name}")
    filled = string.Template(card_source("dataset.md")).substitute(fields)
    return re.sub(r"\n{3,}", "\n\n", filled)  # where a section has nothing to say


def location_in(card: str) -> str | None:
    """The place that a card says to load its dataset from; None if it does not say."""
    found = re.search(r'open_dataset\("([^"]+)"', card)
    return found[1] if found else None


def _front_matter(folder: Path, manifest: Manifest) -> str:
    rows = sum(s.rows for s in manifest.shards)
    size = next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")
    lines = [
        f"license: {LICENCE}",
        f"pretty_name: {json.dumps(_title(manifest))}",
        "task_categories:\n- image-segmentation",
        "language:\n- en",
        "tags:\n- electron-microscopy\n- hrtem\n- nanoparticles\n- simulation\n- out-of-distribution",
        f"size_categories:\n- {size}",
        "configs:",
    ]
    for name, splits in _configs(manifest).items():
        lines += [f"- config_name: {name}", *(["  default: true"] if name == manifest.default_track else [])]
        lines.append("  data_files:")
        lines += [f"  - split: {split}\n    path: data/{name}/{split}-*.parquet" for split in splits]
    lines.append("dataset_info:")
    for name, splits in _configs(manifest).items():
        lines += _dataset_info(folder, name, splits, manifest)
    return "\n".join(lines) + "\n"


def _configs(manifest: Manifest) -> dict[str, list[str]]:
    """Config -> its splits, the default first."""
    found: dict[str, list[str]] = {name: [] for name in _default_first(manifest)}
    for shard in manifest.shards:
        name, split = place_of(shard.path)
        if split not in found.setdefault(name, []):
            found[name].append(split)
    return found


def _dataset_info(folder: Path, name: str, splits: Sequence[str], manifest: Manifest) -> list[str]:
    lines = [f"- config_name: {name}", "  features:"]
    lines += [f"  - name: {column}\n    dtype: {kind}" for column, kind in columns_of(name).items()]
    lines.append("  splits:")
    total = 0
    for split in splits:
        mine = shards_of(manifest, name, split)
        size = 0
        for shard in mine:
            metadata = open_parquet(folder / shard.path).metadata
            size += sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        rows = sum(s.rows for s in mine)
        lines.append(f"  - name: {split}\n    num_bytes: {size}\n    num_examples: {rows}")
        total += size
    download = sum(s.bytes for s in shards_of(manifest, name))
    return [*lines, f"  download_size: {download}", f"  dataset_size: {total}"]


def _fields(manifest: Manifest, location: str) -> Mapping[str, Any]:
    recipe = recipe_from_dict(manifest.recipe)
    s, m = recipe.sampling, recipe.multislice
    return {
        **label_rule(),
        "title": _title(manifest),
        "description": manifest.description,
        "name": manifest.name,
        "version": manifest.version,
        "changes": recipe.changes.strip(),
        "seed": manifest.seed,
        "code_version": manifest.code_version,
        "code": f"SHA-256 of its sources {manifest.code_sha256[:12]}…"
        if manifest.code_sha256
        else "sources not recorded",
        "command": "render" if manifest.waves_sha256 else "generate",
        "rendered": _rendered(manifest),
        "baselines": render_scores(manifest, location),
        "checksum": manifest.checksum,
        "location": location,
        "default_track": manifest.default_track,
        "track_table": _track_table(manifest),
        "track_details": "\n\n".join(_track_details(recipe, n, manifest) for n in _default_first(manifest)),
        "split_table": _split_table(manifest),
        "exit_waves": _exit_waves(manifest, recipe, location),
        "specimen": _specimen(recipe),
        "energy_kv": f"{manifest.tracks[manifest.default_track].conditions[0].condition.energy / 1e3:g}",
        "simulation_pixel_size": f"{s.simulation_pixel_size:g}",
        "slice_thickness": f"{m.slice_thickness:g}",
        "phonons": m.phonons,
        "method": m.method,
        "displacement": f"{m.displacement:g}",
        "pixel_size": f"{s.pixel_size:g}",
        "pixels": s.pixels,
        "detector": detector_words(recipe),
        "field": f"{s.field:g}",
    }


def _title(manifest: Manifest) -> str:
    return f"hrtem-bench {manifest.name} {manifest.version}"


def _default_first(manifest: Manifest) -> list[str]:
    return sorted(manifest.tracks, key=lambda name: name != manifest.default_track)


def _track_table(manifest: Manifest) -> str:
    lines = ["| track | axis | unit | conditions | of these for training |", "|---|---|---|---|---|"]
    for name in _default_first(manifest):
        t = manifest.tracks[name]
        trained = [c for c in t.conditions if c.train]
        lines.append(f"| `{name}` | {t.axis} | {t.unit or '–'} | {len(t.conditions)} | {len(trained)} |")
    return "\n".join(lines)


def _track_details(recipe: Recipe, name: str, manifest: Manifest) -> str:
    track = manifest.tracks[name]
    parts = [f"### {name}"]
    if why := recipe.tracks[name].why.strip():
        parts.append(why)
    if spread := track.conditions[0].spread:
        varying = ", ".join(f"`{key}` by {_deviation(one)}" for key, one in spread.items())
        parts.append(f"From image to image, about the nominal value, vary (standard deviations, Å or rad): {varying}.")
    q_max = 0.5 / recipe.sampling.pixel_size
    of = ", of T(q) times the camera's MTF" if any(c.camera for c in track.conditions) else ""
    parts.append(f"In the band up to {q_max:g} 1/Å, the Nyquist frequency of the pixels{of}:")
    rows = track_transfer(recipe, track)
    low, high = min(r["sigma"] for r in rows), max(r["sigma"] for r in rows)
    parts.append(_transfer_table(track, rows))
    parts.append(f"Span of the track: σ from {low:.3f} to {high:.3f}.")
    shown = ", ".join(f"`{c}`" for c in examples_shown(manifest, name))
    parts.append(f"![Images of two test structures]({PICTURES}/{name}.png)")
    parts.append(f"Two test structures, one to a row, masks outlined, from left to right at {shown}.")
    parts.append(f"![Contrast transfer function]({PICTURES}/{name}.svg)")
    parts.append("T(q) of the nominal conditions; bold where networks train.")
    return "\n\n".join(parts)


def _deviation(spread: float | Spread) -> str:
    return f"{spread.std:g} ({spread.distribution})" if isinstance(spread, Spread) else f"{spread:g}"


def _transfer_table(track: TrackEntry, rows: Sequence[Mapping[str, float]]) -> str:
    lines = ["| condition | training | ε | σ | coverage |", "|---|---|---|---|---|"]
    for c, r in zip(track.conditions, rows, strict=True):
        mark = "yes" if c.train else ""
        lines.append(f"| `{c.condition_id}` | {mark} | {r['epsilon']:.3f} | {r['sigma']:.3f} | {r['coverage']:.3f} |")
    return "\n".join(lines)


def _split_table(manifest: Manifest) -> str:
    lines = ["| track | " + " | ".join(f"{s} images" for s in SPLITS) + " |", "|---|" + "---|" * len(SPLITS)]
    for name in _default_first(manifest):
        counts = [sum(s.rows for s in shards_of(manifest, name, split)) for split in SPLITS]
        lines.append(f"| `{name}` | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def _exit_waves(manifest: Manifest, recipe: Recipe, location: str) -> str:
    mine = shards_of(manifest, EXIT_WAVES)
    if not mine:
        return "This dataset keeps none."
    counts: Counter[str] = Counter()
    for shard in mine:
        counts[place_of(shard.path).split] += shard.rows
    size = sum(s.bytes for s in mine)
    kept = {
        "structures": ", ".join(f"{count} {split}" for split, count in counts.items()),
        "megabytes": f"{size / counts.total() / 1e6:.1f}",
        "band": f"{recipe.wave_band:.4g}",
        "pixel_size": f"{recipe.sampling.pixel_size:g}",
        "location": location,
    }
    return string.Template(card_source("exit_waves.md")).substitute(kept).strip()


def _rendered(manifest: Manifest) -> str:
    if not manifest.waves_sha256:
        return ""
    return (
        "The images were rendered from the exit waves that another dataset keeps in half precision (checksum of its "
        f"files of exit waves: `{manifest.waves_sha256}`), which were simulated as stated below."
    )


def _specimen(recipe: Recipe) -> str:
    spec = scene_spec(recipe)
    turned = "randomly turned" if spec.zone_axis is None else f"{list(spec.zone_axis)} along the beam"
    text = (
        f"{_span(spec.count)} particles of {' or '.join(spec.lattices)} "
        f"(shape: {_shapes(spec)}), "
        f"{_span(spec.diameter)} Å across, {turned}, with {_span(spec.faults)} stacking faults, at least "
        f"{spec.gap:g} Å apart"
    )
    if spec.has_film:
        side = {"below": "below them", "above": "above them", "both": "on each side of them"}[spec.film_side]
        text += f", a film of {spec.film} {side}, {_span(spec.film_thickness)} Å thick"
        text += f", roughness {spec.film_roughness:g} Å" if spec.film_roughness else ""
    for words, thickness in (("ligands", spec.ligand_thickness), ("contamination", spec.contamination_thickness)):
        text += f", {words} {_span(thickness)} Å thick" if thickness[1] else ""
    if spec.size_distribution == "uniform":
        return f"{text} (drawn uniformly, where a range is given)"
    return f"{text} (sizes drawn from a {spec.size_distribution} distribution, other ranges uniformly)"


def _shapes(spec: SceneSpec) -> str:
    names = [name.replace("_", "-") for name in spec.shapes]
    if not spec.shape_weights:
        return " or ".join(names)
    total = sum(spec.shape_weights)
    return " or ".join(f"{n} {100 * w / total:.3g} %" for n, w in zip(names, spec.shape_weights, strict=True))


def _span(pair: tuple[float, float]) -> str:
    low, high = pair
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
