"""All metrics: those in the METRICS of the modules of `scoring`.

To add a metric, add an entry to the METRICS of the module that computes it. Columns of per_image.parquet, scores of a
curve, the JSON schema, the checks of entries and the tables of pages follow from it.
"""

from __future__ import annotations

from hrtem_bench.errors import InputError
from hrtem_bench.scoring import calibration, metrics, objects, outlines
from hrtem_bench.scoring.metric import Metric, Segmentation

MODULES = (metrics, calibration, outlines, objects)


def all_metrics() -> dict[str, Metric]:
    """Every metric by its name."""
    return {one.name: one for module in MODULES for one in module.METRICS}


def image_metrics() -> dict[str, Metric]:
    """The metrics that have a value for each image: columns of per_image.parquet."""
    return {name: one for name, one in all_metrics().items() if one.of_image is not None}


def metric_named(name: str) -> Metric:
    """A metric of an image, by name; InputError for an unknown name."""
    found = image_metrics().get(name)
    if found is None:
        raise InputError(f"there is no metric {name!r}: there are {', '.join(image_metrics())}")
    return found


def measured(segmentation: Segmentation) -> dict[str, float]:
    """Every score of an image; without those of probabilities if there are none."""
    return {
        name: float(one.of_image(segmentation))
        for name, one in all_metrics().items()
        if one.of_image is not None and not (one.needs_probability and segmentation.probability is None)
    }
