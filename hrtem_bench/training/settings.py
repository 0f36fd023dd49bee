"""How a network is trained: the schedule, the batches, and the augmentations."""

from __future__ import annotations

from typing import Annotated

import msgspec

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Rate = Annotated[float, msgspec.Meta(gt=0)]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]


class Augmentations(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes made to training images, each drawn anew for every crop; all are off by default.

    They act on standardised images (mean 0, standard deviation 1). The eight rotations and reflections of a square are
    always on and are no part of this.

    Parameters
    ----------
    gradient
        Largest difference in brightness from one edge of the crop to the other, in a direction drawn at random.
    blur
        Largest standard deviation of a Gaussian blur, pixels.
    noise
        Largest standard deviation of added white noise.
    contrast
        Largest relative change of the contrast, up or down.
    """

    gradient: NonNegative = 0.0
    blur: NonNegative = 0.0
    noise: NonNegative = 0.0
    contrast: Share = 0.0


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The schedule and the batches.

    Training runs in cycles of `steps` steps. In each the learning rates rise linearly over the first tenth and then
    fall linearly to zero. After every cycle the loss on validation images is taken; training has ended when a cycle
    lowered it by no more than `gain` of itself, or by no more than `least_gain`.

    Parameters
    ----------
    steps
        Of a cycle.
    cycles
        Least number of cycles: 2, so that there is a gain to judge by.
    most_cycles
        Training stops after so many, ended or not.
    gain
        Relative fall of the validation loss over a cycle at which training has ended.
    least_gain
        The same, in nats per pixel.
    batch_size
        Crops in a step.
    crop
        Side of the square crops, pixels; images smaller than it are taken whole.
    learning_rate
        Peak, of AdamW, for the parameters that are no convolution kernels: biases, normalisation, the last layer.
    kernel_learning_rate
        Peak, of Muon, for convolution kernels.
    weight_decay
        Of AdamW.
    seed
        Of the first weights, the order of the images, crops and augmentations.
    """

    steps: AtLeastOne = 100
    cycles: AtLeastOne = 2
    most_cycles: AtLeastOne = 6
    gain: Share = 0.15
    least_gain: NonNegative = 0.005
    batch_size: AtLeastOne = 8
    crop: Annotated[int, msgspec.Meta(ge=16)] = 128
    learning_rate: Rate = 0.03
    kernel_learning_rate: Rate = 0.03
    weight_decay: NonNegative = 1e-4
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    augmentations: Augmentations = Augmentations()
