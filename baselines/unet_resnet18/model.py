"""A U-Net with a ResNet-18 encoder and batch normalisation, about 14 million parameters: the network of the literature.

Encoder: He et al., "Deep residual learning for image recognition" (2016), with one input channel. Decoder: at each
scale the features are doubled in size, joined with the encoder's and passed through two convolutions (Ronneberger et al.,
2015).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

ENCODER = (64, 128, 256, 512)
"""Channels of the four stages of the encoder, at a quarter to a thirty-second of the image's resolution."""
DECODER = (256, 128, 64, 32, 16)
"""Channels of the decoder, from a sixteenth of the resolution to all of it."""


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation, added to what came in."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, stride)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = (
            nn.Identity()
            if stride == 1 and inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(self.first(x)) + self.shortcut(x))


class UNetResNet18(nn.Module):
    """Maps standardised images (N, 1, ny, nx), sides multiples of 32, to logits of the particle class of that shape."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 1 if level == 0 else 2), Residual(b, b, 1))
            for level, (a, b) in enumerate(zip((64, *ENCODER[:-1]), ENCODER, strict=True))
        )
        skips = (*ENCODER[-2::-1], 64, 0)
        self.up = nn.ModuleList(
            nn.Sequential(_convolution(coarse + skip, fine), _convolution(fine, fine))
            for coarse, skip, fine in zip((ENCODER[-1], *DECODER[:-1]), skips, DECODER, strict=True)
        )
        self.head = nn.Conv2d(DECODER[-1], 1, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        features = [x]
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        features.pop()
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2.0)
            x = block(torch.cat([x, features.pop()], dim=1) if features else x)
        return self.head(x)


def network() -> UNetResNet18:
    """The network with new weights."""
    return UNetResNet18()


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )
