"""Training and evaluating a model on arrays: a plain loop, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning.seeds import Draws, Purpose

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training said of itself, over its last epoch, each batch before its own step.

    ``loss`` is the mean cross-entropy in nats (not finite where training diverged), ``accuracy``
    a share of 1, ``samples`` how many images were processed: examples x epochs.
    """

    loss: float
    accuracy: float
    samples: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Mean cross-entropy in nats and the share of right answers over ``examples`` images."""

    loss: float
    accuracy: float
    examples: int


def train(
    model: torch.nn.Module,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    *,
    epochs: int,
    batch: int,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    seed: int,
    compute: str,
) -> Trained:
    """Train by stochastic gradient descent with momentum, which starts at rest each time.

    ``x`` [N, C, H, W] and ``y`` [N] are shuffled anew for each epoch by draws of ``seed`` alone;
    the last batch is smaller if need be. The model is left on ``compute`` ("cpu" or "cuda").
    Raises UsageError without examples, or for epochs or a batch below 1.
    """
    import torch
    from torch.nn import functional

    _check(x, y, batch)
    if epochs < 1:
        raise UsageError(f"{epochs} epochs", where="training", remedy="take at least 1")
    torch.manual_seed(seed)  # for a model that draws as it trains
    model.to(compute).train()
    images, labels = _tensor(x).to(compute), _tensor(y).to(compute)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=learning_rate, momentum=momentum, weight_decay=weight_decay
    )
    # Sums stay where the model is: reading one in every step would make a GPU wait for it.
    loss_sum = torch.zeros((), dtype=torch.float64, device=compute)
    right = torch.zeros((), dtype=torch.int64, device=compute)
    with torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        for epoch in range(epochs):
            loss_sum.zero_()
            right.zero_()
            order = torch.from_numpy(Draws(seed, Purpose.EPOCH, epoch).permutation(len(y)))
            for chosen in order.to(compute).split(batch):
                target = labels[chosen]
                logits = model(images[chosen])
                loss = functional.cross_entropy(logits, target)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                loss_sum += loss.detach() * len(chosen)
                right += (logits.detach().argmax(dim=1) == target).sum()
    return Trained(float(loss_sum) / len(y), int(right) / len(y), epochs * len(y))


def evaluate(
    model: torch.nn.Module,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    *,
    batch: int,
    compute: str,
) -> Evaluated:
    """Return loss and accuracy of the model as it stands; BatchNorm uses what it has learnt.

    Raises UsageError without examples, or for a batch below 1.
    """
    import torch
    from torch.nn import functional

    _check(x, y, batch)
    model.to(compute).eval()
    loss_sum = torch.zeros((), dtype=torch.float64, device=compute)
    right = torch.zeros((), dtype=torch.int64, device=compute)
    with torch.inference_mode():
        for start in range(0, len(y), batch):
            images = _tensor(x[start : start + batch]).to(compute)
            target = _tensor(y[start : start + batch]).to(compute)
            logits = model(images)
            loss_sum += functional.cross_entropy(logits, target, reduction="sum")
            right += (logits.argmax(dim=1) == target).sum()
    return Evaluated(float(loss_sum) / len(y), int(right) / len(y), len(y))


def _tensor(array: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> torch.Tensor:
    """Share the array's memory where it may be written to; PyTorch warns of any other."""
    import torch

    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _check(x: npt.NDArray[np.float32], y: npt.NDArray[np.int64], batch: int) -> None:
    if not len(y) or len(x) != len(y):
        raise UsageError(
            f"{len(x)} images with {len(y)} labels",
            where="training",
            remedy="give each participant at least one example with its label",
        )
    if batch < 1:
        raise UsageError(f"a batch of {batch}", where="training", remedy="take at least 1")
