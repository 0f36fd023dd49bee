"""A U-Net with a ResNet-18 encoder and batch normalisation, the network of the literature; 14.3 million parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = (64, 128, 256, 512)
"""Channels of the encoder's four stages, at a quarter to a thirty-second of the image's resolution."""
DECODER = (256, 128, 64, 32, 16)
"""Channels of the decoder's levels, from a sixteenth to the full resolution."""


def convolution(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution without bias and its batch normalisation; the image keeps its size / stride."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Residual(nn.Module):
    """Two 3x3 convolutions whose result is added to their input (He et al., 2016, "Deep residual learning", fig. 5)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


class UNetResNet18(nn.Module):
    """Maps standardised images (N, 1, ny, nx), sides multiples of 32, to logits of the particle class."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(1, STAGES[0], 7, 2), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 1 if level == 0 else 2), Residual(b, b, 1))
            for level, (a, b) in enumerate(zip((STAGES[0], *STAGES[:-1]), STAGES, strict=True))
        )
        skips = (*STAGES[-2::-1], STAGES[0], 0)
        self.up = nn.ModuleList(
            nn.Sequential(convolution(a + skip, b), nn.ReLU(inplace=True), convolution(b, b), nn.ReLU(inplace=True))
            for a, skip, b in zip((STAGES[-1], *DECODER[:-1]), skips, DECODER, strict=True)
        )
        self.head = nn.Conv2d(DECODER[-1], 1, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        skips = [self.stem(images)]
        x = functional.max_pool2d(skips[0], 3, 2, padding=1)
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        skips.pop()
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2.0)
            x = block(torch.cat([x, skips.pop()], dim=1) if skips else x)
        return self.head(x)


def network() -> UNetResNet18:
    """The network with new weights."""
    return UNetResNet18()
