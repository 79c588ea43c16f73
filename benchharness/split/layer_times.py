"""What each part of the network takes on this machine: one pass gives all the cuts.

Every layer is run for itself, forward and back, as its part would run it: the first layer of the
network works out no gradient of the images, the others do of what comes in; each takes its step of
the optimiser; the loss belongs to the last layer. Packing and sending are no part of it.

A device that is held to a share of a core gets it in slices: 2.5 ms in every 0.1 s, so that a layer
takes next to nothing or 0.1 s, and neither is what it takes in a round. There the seconds of all
passes are shared out among the layers by the CPU seconds of each.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time_ns
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchharness.clock import Clock, MonotonicClock, seconds
from benchharness.errors import UsageError
from benchharness.split.part import Floats, Labels, Part, exact, loss_of, tensor_of
from benchharness.split.sgd import Sgd

if TYPE_CHECKING:
    import torch
    from torch import nn

FloatArray = npt.NDArray[np.float64]
_HELD = 0.9  # a program that gets less CPU time than this share of its seconds is held to a share


@dataclass(frozen=True, slots=True, eq=False)
class LayerTimes:
    """Seconds a batch, float64[L + 1] each: medians over ``batches``.

    ``forward_s`` and ``backward_s`` are of the device's part up to each cut (0 at cut 0, with the
    loss at cut L), ``rest_s`` both of the server's part after it (with the loss; 0 at cut L).
    """

    forward_s: FloatArray
    backward_s: FloatArray
    rest_s: FloatArray
    batches: int


def layer_times(
    model: nn.Sequential,
    x: Floats,
    labels: Labels,
    *,
    config: Sgd,
    compute: str = "cpu",
    batches: int = 5,
    warm_up: int = 1,
    clock: Clock | None = None,
    cpu_ns: Callable[[], int] | None = None,
) -> LayerTimes:
    """Measure ``batches`` passes of one batch after ``warm_up`` that do not count.

    ``x`` [N, C, H, W] and ``labels`` [N]; the model is not changed. The times are summed up to
    each cut in every pass, and the median is taken of the sums. ``clock`` and ``cpu_ns`` are the
    machine's unless given; another clock alone has no CPU seconds. Raises UsageError for fewer than
    one batch, WireError for labels that do not fit.
    """
    if batches < 1 or warm_up < 0:
        raise UsageError(f"{batches} batches after {warm_up}", where="profile", remedy="take 1 up")
    if clock is None and compute == "cpu":
        cpu_ns = cpu_ns or process_time_ns
    time = _Time(clock or MonotonicClock(), cpu_ns, compute)
    # One part for each layer: what has no weights has nothing to update.
    own = copy.deepcopy(model)
    parts = [Part(own[n : n + 1], config, compute) for n in range(len(own))]
    images = tensor_of(x, compute)
    passes = [_pass(parts, images, labels, time) for _ in range(warm_up + batches)][warm_up:]
    forward, backward = _by_cpu(np.array(passes))
    both = forward + backward
    rest = np.cumsum(both[:, ::-1], axis=1)[:, ::-1]
    return LayerTimes(
        _with_0(np.median(np.cumsum(forward, axis=1), axis=0), first=True),
        _with_0(np.median(np.cumsum(backward, axis=1), axis=0), first=True),
        _with_0(np.median(rest, axis=0), first=False),
        batches,
    )


def _by_cpu(passes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return seconds forward and back, [passes, L] each, of seconds and CPU seconds of both.

    ``passes`` [passes, forward and back, L, seconds and CPU seconds].
    """
    wall_s, cpu_s = passes[..., 0], passes[..., 1]
    used = float(cpu_s.sum())
    if 0.0 < used < _HELD * float(wall_s.sum()):
        wall_s = cpu_s * (float(wall_s.sum()) / used)
    return wall_s[:, 0], wall_s[:, 1]


class _Time:
    """The clocks, read when all that was asked of the machine is done."""

    def __init__(self, clock: Clock, cpu_ns: Callable[[], int] | None, compute: str) -> None:
        self._clock, self._cpu_ns, self._cuda = clock, cpu_ns, compute == "cuda"

    def now_ns(self) -> tuple[int, int]:
        """Return the time and the CPU time, 0 where that is not counted."""
        if self._cuda:
            import torch

            torch.cuda.synchronize()
        return self._clock.now_ns(), self._cpu_ns() if self._cpu_ns else 0

    def since(self, start_ns: tuple[int, int]) -> tuple[float, float]:
        """Return the seconds and CPU seconds since ``now_ns`` gave a start."""
        now, before = self.now_ns(), start_ns
        return seconds(now[0] - before[0]), seconds(now[1] - before[1])


def _pass(
    parts: list[Part], images: torch.Tensor, labels: Labels, time: _Time
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return seconds and CPU seconds of each layer forward and back, from layer 1 on."""
    x, ends = images, []
    forward_s: list[tuple[float, float]] = []
    with exact(parts[0].compute):
        for part in parts:
            start_ns = time.now_ns()
            out = part.layers(x)
            if part is parts[-1]:
                out, _ = loss_of(out, labels)
            forward_s.append(time.since(start_ns))
            ends.append((part, x, out))
            x = out.detach().requires_grad_()
        gradient: torch.Tensor | None = None  # of the loss by itself
        backward_s: list[tuple[float, float]] = []
        for part, taken, out in reversed(ends):
            start_ns = time.now_ns()
            part.forget_gradients()
            out.backward(gradient)
            part.update()
            backward_s.append(time.since(start_ns))
            gradient = taken.grad
    return forward_s, backward_s[::-1]


def _with_0(values: npt.NDArray[np.floating], *, first: bool) -> FloatArray:
    return np.concatenate(([0.0], values) if first else (values, [0.0]))
