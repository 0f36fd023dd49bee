"""A small U-Net, of about half a million parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128)
"""Channels from the finest level (half the image's resolution) to the coarsest (a sixteenth)."""


def group_norm(channels: int) -> nn.Module:
    """Group normalisation, eight channels in a group."""
    return nn.GroupNorm(channels // 8, channels)


class Block(nn.Sequential):
    """Two 3x3 convolutions, each followed by a normalisation and a ReLU."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [
                nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
                norm(outputs),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Maps standardised images (N, 1, ny, nx) to logits of the particle class, of the same shape.

    Any ny, nx: the image is reflected at its lower and right edges up to a multiple of 16. Each 2x2 square
    of pixels becomes four channels at the entrance and is restored at the exit, so that all convolutions run
    at half the resolution or less and nothing of the image is thrown away.

    Group normalisation takes its statistics from the one image at hand. Batch normalisation carries those of the
    training condition into images of another, and mixes that with what the filters make of the shift.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, norm: Callable[[int], nn.Module] = group_norm) -> None:
        super().__init__()
        self.stride = 2 ** len(widths)
        self.down = nn.ModuleList(Block(a, b, norm) for a, b in zip((4, *widths[:-1]), widths, strict=True))
        self.up = nn.ModuleList(
            Block(coarse + fine, fine, norm) for fine, coarse in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        ny, nx = images.shape[-2:]
        padding = (0, -nx % self.stride, 0, -ny % self.stride)
        x = functional.pixel_unshuffle(_reflected(images, padding), 2)
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for block in self.up:
            x = block(torch.cat([functional.interpolate(x, scale_factor=2.0), skips.pop()], dim=1))
        return functional.pixel_shuffle(self.head(x), 2)[..., :ny, :nx]


def _reflected(images: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    if not any(padding):
        return images
    reflects = padding[1] < images.shape[-1] and padding[3] < images.shape[-2]
    return functional.pad(images, padding, mode="reflect" if reflects else "replicate")


def network() -> UNet:
    """The network with new weights."""
    return UNet()


def half() -> UNet:
    """The network with half as many channels at every level, for studies of many."""
    return UNet((8, 16, 32, 64))


def half_batch_norm() -> UNet:
    """The network of half width with batch normalisation, to compare with."""
    return UNet((8, 16, 32, 64), nn.BatchNorm2d)
