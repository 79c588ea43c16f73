"""The wide residual network of D1.4: 8,662,100 parameters with depth 4, width 10, 100 classes.

S. Zagoruyko and N. Komodakis, Wide Residual Networks (BMVC 2016), in the basic block of K. He et
al., Deep Residual Learning (CVPR 2016). The published number of parameters fixes the layers: a
stem without BatchNorm, groups of 16, 16k and 32k channels with BatchNorm after both convolutions
of a block, a 1x1 projection with BatchNorm where the shape changes, and a last BatchNorm before
the mean over the image. It does not fix where the rectifiers are: here after the first
convolution's BatchNorm, after each sum, and after the last BatchNorm.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEM_CHANNELS = 16


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, [N, inputs, H, W] to [N, outputs, H/stride, ...]."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs, 3)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                _conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the rectified sum of the convolutions and the shortcut."""
        inner = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        inner = self.norm2(self.conv2(inner))
        return functional.relu(inner + self.shortcut(x), inplace=True)


class WideResNet(nn.Module):
    """[N, channels, H, W] to the logits [N, classes]; H and W are any multiple of 4."""

    def __init__(self, *, depth: int, width: int, classes: int, channels: int) -> None:
        super().__init__()
        wide = _STEM_CHANNELS * width
        self.stem = _conv(channels, _STEM_CHANNELS, 3)
        self.group1 = _group(depth, _STEM_CHANNELS, _STEM_CHANNELS, 1)
        self.group2 = _group(depth, _STEM_CHANNELS, wide, 2)
        self.group3 = _group(depth, wide, 2 * wide, 2)
        self.norm = nn.BatchNorm2d(2 * wide)
        self.linear = nn.Linear(2 * wide, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        features = self.group3(self.group2(self.group1(self.stem(x))))
        rectified = functional.relu(self.norm(features), inplace=True)
        logits: Tensor = self.linear(rectified.mean(dim=(2, 3)))
        return logits


def wide_resnet(*, depth: int, width: int, classes: int, channels: int) -> WideResNet:
    """Return the network as shapes alone (meta device): weights are drawn once, from a seed."""
    with torch.device("meta"):
        return WideResNet(depth=depth, width=width, classes=classes, channels=channels)


def _group(depth: int, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    first = Block(inputs, outputs, stride)
    return nn.Sequential(first, *(Block(outputs, outputs, 1) for _ in range(depth - 1)))


def _conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
