"""The tables of a recipe, as types, and the hash of what they hold.

Lengths in Å, energy in eV, dose in electrons per Å², angles in rad unless a track states a unit of its own. Every
width is a standard deviation.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec

MOST_PIXELS = 8192
"""Along each side of an image."""
MOST_STRUCTURES = 100_000
"""In each split; their names have five digits."""
MOST_CONDITIONS = 1000
"""In a track, and images of a structure at each of them."""
Positive = Annotated[float, msgspec.Meta(gt=0)]
GreyOffset = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Repeats = Annotated[int, msgspec.Meta(ge=1, le=MOST_CONDITIONS)]
StructureCount = Annotated[int, msgspec.Meta(ge=0, le=MOST_STRUCTURES)]
SPLITS = ("train", "validation", "test")


class RecipeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are errors, and nothing changes after reading."""


class Sampling(RecipeTable, frozen=True, kw_only=True):
    """The field of view is square: `pixels` output pixels of `pixel_size` Å, simulated at `simulation_pixel_size` Å."""

    pixels: Annotated[int, msgspec.Meta(ge=16, le=MOST_PIXELS)]
    pixel_size: Positive
    simulation_pixel_size: Positive

    @property
    def field(self) -> float:
        """Side of the field of view, Å."""
        return self.pixels * self.pixel_size


class Multislice(RecipeTable, frozen=True, kw_only=True):
    """Slices of `slice_thickness` Å; frozen-phonon configurations with atoms displaced by `displacement` Å.

    method: as in `exit_waves`; part of the recipe, since the methods' waves differ by some tenths of a percent.
    """

    slice_thickness: Positive = 2.0
    phonons: Repeats = 8
    displacement: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.08
    method: Literal["fourier", "real-space"] = "fourier"


class Structures(RecipeTable, frozen=True, kw_only=True):
    """Number of structures in each split."""

    train: StructureCount
    validation: StructureCount
    test: StructureCount


class SpreadTable(RecipeTable, frozen=True, kw_only=True):
    """How a setting varies from image to image about its nominal value: standard deviation and shape."""

    std: Positive
    distribution: Literal["normal", "uniform"] = "normal"


class AxisRange(RecipeTable, frozen=True, kw_only=True):
    """An axis of a joint track: drawn between `low` and `high`; for training between `train_low` and `train_high`."""

    unit: str
    low: float
    high: float
    train_low: float
    train_high: float
    scale: Literal["linear", "log"] = "linear"


class CurveTable(RecipeTable, frozen=True, kw_only=True):
    """A detector's transfer: one of the forms of `imaging.detector`, or `value` over `frequency`, shares of Nyquist."""

    gaussian: float | None = None
    lorentzian: float | None = None
    pixel: Literal[True] | None = None
    frequency: list[float] | None = None
    value: list[float] | None = None


class DetectorRanges(RecipeTable, frozen=True, kw_only=True):
    """[low, high] of what varies from image to image, drawn uniformly: the fields of `imaging.DetectorSpread`."""

    width: tuple[float, float] | None = None
    dqe0: tuple[float, float] | None = None
    gain: tuple[float, float] | None = None


class Recorder(RecipeTable, frozen=True, kw_only=True):
    """What records the images: a `camera` by name, or the fields of `imaging.Detector`.

    offset: counts added to every pixel, so that read noise does not go below 0, where it would be cut off. spread: how
    the detector varies from image to image; if it does not vary it is left out of the recipe's hash.
    """

    camera: str | None = None
    mtf: CurveTable | None = None
    ntf: CurveTable | None = None
    dqe: CurveTable | None = None
    dqe0: float | None = None
    gain: float | None = None
    read_noise: float | None = None
    offset: GreyOffset = 0
    spread: DetectorRanges | msgspec.UnsetType = msgspec.UNSET


class TrackTable(RecipeTable, frozen=True, kw_only=True, tag_field="kind"):
    """What all tracks have: `base` overrides [imaging]; `structures` are the first of each split, in number.

    `draws`: images of each training and validation structure at each training condition, each with its own draw of
    spread and noise.
    """

    base: dict[str, float] = {}
    spread: dict[str, float | SpreadTable] = {}
    structures: Structures | None = None
    draws: Repeats = 1
    why: str = ""


class ScanTrack(TrackTable, frozen=True, kw_only=True, tag="scan"):
    """One setting of the microscope takes `values`, in `unit`; networks train at those in `train`.

    focus: "fixed", C10 as in [imaging] and `base`; or "scherzer", the extended Scherzer focus for each condition's C30.
    """

    axis: str
    unit: str
    values: Annotated[list[float], msgspec.Meta(min_length=1, max_length=MOST_CONDITIONS)]
    train: Annotated[list[float], msgspec.Meta(min_length=1, max_length=MOST_CONDITIONS)]
    focus: Literal["fixed", "scherzer"] = "fixed"


class SceneTrack(TrackTable, frozen=True, kw_only=True, tag="scenes"):
    """The specimen changes: each of `scenes` overrides [scene]; networks train on those in `train`."""

    scenes: Annotated[dict[str, dict[str, Any]], msgspec.Meta(min_length=1, max_length=MOST_CONDITIONS)]
    train: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_CONDITIONS)]


class CameraTrack(TrackTable, frozen=True, kw_only=True, tag="cameras"):
    """The detector changes: each of `cameras` replaces [detector]; networks train on those in `train`."""

    cameras: dict[str, Recorder]
    train: list[str]


class JointTrack(TrackTable, frozen=True, kw_only=True, tag="joint"):
    """Several settings vary at once: training conditions come from the inner ranges, test conditions from the whole."""

    ranges: dict[str, AxisRange]
    train_conditions: Repeats
    test_conditions: Repeats


AnyTrack = ScanTrack | SceneTrack | CameraTrack | JointTrack


class KeptWaves(RecipeTable, frozen=True, kw_only=True):
    """Exit waves of the first so many structures are kept, up to `band` (1/Å); by default all simulated.

    structures: a number of test structures, or one for each split.
    """

    structures: Annotated[int, msgspec.Meta(ge=1, le=MOST_STRUCTURES)] | Structures
    band: Positive | None = None

    def count(self, split: str) -> int:
        """The structures of a split whose waves are kept."""
        if isinstance(self.structures, Structures):
            return int(getattr(self.structures, split))
        return self.structures if split == "test" else 0


class Recipe(RecipeTable, frozen=True, kw_only=True):
    """How a dataset is to be made.

    Parameters
    ----------
    scene
        Fields of `specimens.SceneSpec`.
    imaging
        Fields of `Condition`, and `coherence` and `nodes` of `imaging.render`; without `coherence` it is "envelope", as
        in the first versions of the recipes.
    changes
        What this version changed, and whether scores can be compared with the last; it goes on the card.
    detector
        None for ideal counting; then it is no part of the recipe's hash.
    """

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-z0-9][a-z0-9_.-]{0,95}$", description="of small letters, digits and _ . -, 96 of them at most"
        ),
    ]
    version: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^\d{1,9}\.\d{1,9}\.\d{1,9}$", description="like 1.0.2: three whole numbers with points between"
        ),
    ]
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    description: str
    default_track: str
    sampling: Sampling
    structures: Structures
    imaging: dict[str, Any]
    tracks: dict[str, AnyTrack]
    changes: str = "First version."
    scene: dict[str, Any] = {}
    multislice: Multislice = Multislice()
    exit_waves: KeptWaves | None = None
    detector: Recorder | msgspec.UnsetType = msgspec.UNSET

    @property
    def settings(self) -> dict[str, Any]:
        """The fields of `Condition` in [imaging]."""
        return {key: value for key, value in self.imaging.items() if key not in ("coherence", "nodes")}

    @property
    def coherence(self) -> str:
        """How images are formed: "envelope" or "quadrature"."""
        return str(self.imaging.get("coherence", "envelope"))

    @property
    def nodes(self) -> int | None:
        """Number of values of focus in "quadrature"; None for as many as each specimen's waves need."""
        return self.imaging.get("nodes")

    @property
    def simulated_band(self) -> float:
        """The frequency, 1/Å, up to which waves are kept: 2/3 of their grid's Nyquist frequency."""
        return 1 / (3 * self.sampling.simulation_pixel_size)

    @property
    def wave_band(self) -> float:
        """The frequency, 1/Å, up to which exit waves are kept."""
        asked = self.exit_waves.band if self.exit_waves else None
        return min(asked or self.simulated_band, self.simulated_band)


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Plain tables: `recipe_from_dict` gives the recipe back."""
    tables: dict[str, Any] = msgspec.to_builtins(recipe)
    return tables


def recipe_hash(recipe: Recipe) -> str:
    """SHA-256 of the recipe's content, hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(recipe, order="sorted")).hexdigest()
