"""Training of networks: to the end, in cycles, from a track's images or from images rendered at any condition."""

from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.settings import Augmentations, TrainingSettings
from hrtem_bench.training.train import Trained, train

__all__ = ["Augmentations", "Trained", "TrainingImages", "TrainingSettings", "train"]
