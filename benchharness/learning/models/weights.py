"""A model's first weights, drawn from a seed whatever else draws in the process."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import nn

from benchharness.learning.seeds import Purpose, derive

_Model = TypeVar("_Model", bound=nn.Module)


def drawn(model: _Model, seed: int) -> _Model:
    """Give a model of shapes alone (meta device) memory on the CPU and weights from ``seed``.

    Convolutions: normal, by fan-out (K. He et al., Delving Deep into Rectifiers, ICCV 2015);
    their bias is 0.
    Linear: uniform within 1/sqrt(inputs). BatchNorm: 1 and 0, with mean 0 and variance 1.
    """
    model.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(derive(seed, Purpose.MODEL))
    with torch.no_grad():
        for module in model.modules():
            _draw(module, generator)
    return model


def _draw(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.Conv2d):
        fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
        module.weight.normal_(0.0, math.sqrt(2.0 / fan_out), generator=generator)
        if module.bias is not None:
            module.bias.zero_()
    elif isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()
    elif isinstance(module, nn.Linear):
        bound = 1.0 / math.sqrt(module.in_features)
        module.weight.uniform_(-bound, bound, generator=generator)
        module.bias.uniform_(-bound, bound, generator=generator)
