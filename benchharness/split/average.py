"""One model of several devices' parts and their servers' parts, whatever the cuts.

Each device's layers and the server's layers for it make a whole network; these are averaged,
weighted by examples (B. McMahan et al., Communication-Efficient Learning of Deep Networks from
Decentralized Data, AISTATS 2017; for both parts of a split network: C. Thapa et al., SplitFed,
AAAI 2022). BatchNorm's means and variances are averaged as the weights are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.split.network import layer_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What one device and the server's part for it have become, by the whole network's names.

    ``examples`` is its weight: how many were trained on. ``server`` is empty at cut L, ``device``
    at cut 0.
    """

    device: Mapping[str, Array]
    server: Mapping[str, Array] = field(default_factory=dict)
    examples: float = 1.0
    name: str = "a device"


def average(shares: Sequence[Share]) -> dict[str, Array]:
    """Return the mean of the shares' networks, weighted by their examples, as new arrays.

    Sums are float64; each array keeps its type, and whole numbers (such as BatchNorm's
    num_batches_tracked) are rounded to the nearest. Raises UsageError without shares, for weights
    that are not finite, negative or all 0, for a share whose parts overlap or are not cut between
    two layers or have numbers that are not finite, and where two shares' networks have not the same
    arrays and shapes.
    """
    weights = _weights(shares)
    wholes = [_whole(share) for share in shares]
    first = wholes[0]
    for share, whole in zip(shares, wholes, strict=True):
        _check_same(first, whole, share.name)
    return {
        name: _mean([whole[name] for whole in wholes], weights).astype(array.dtype)
        for name, array in first.items()
    }


def _mean(arrays: Sequence[Array], weights: Sequence[float]) -> Array:
    total = np.zeros(arrays[0].shape, dtype=np.float64)
    for array, weight in zip(arrays, weights, strict=True):
        total += weight * array.astype(np.float64)
    return total if arrays[0].dtype.kind == "f" else np.rint(total)


def _weights(shares: Sequence[Share]) -> list[float]:
    if not shares:
        raise UsageError("no device to average", where="average")
    for share in shares:
        if not (math.isfinite(share.examples) and share.examples >= 0):
            raise UsageError(f"a weight of {share.examples}", where=share.name)
    total = sum(share.examples for share in shares)
    if total <= 0:
        raise UsageError("no device has trained on an example", where="average")
    return [share.examples / total for share in shares]


def _whole(share: Share) -> dict[str, Array]:
    both = set(share.device) & set(share.server)
    if both:
        raise UsageError(f"{min(both)!r} is in both parts", where=share.name)
    deepest = max((layer_of(name) for name in share.device), default=0)
    first = min((layer_of(name) for name in share.server), default=deepest + 1)
    if first <= deepest:
        raise UsageError(
            f"layer {deepest} is the device's and layer {first} the server's", where=share.name
        )
    return {**share.device, **share.server}


def _check_same(first: Mapping[str, Array], other: Mapping[str, Array], name: str) -> None:
    if different := set(first) ^ set(other):
        raise UsageError(
            f"{len(different)} arrays that not every device has, such as {min(different)!r}",
            where=name,
            remedy="average parts of one network",
        )
    for key, array in first.items():
        if array.shape != other[key].shape or array.dtype != other[key].dtype:
            raise UsageError(
                f"{key!r} is {other[key].dtype} {other[key].shape}, not {array.dtype} "
                f"{array.shape}",
                where=name,
            )
        if not np.isfinite(other[key]).all():
            raise UsageError(
                f"{key!r} has numbers that are not finite",
                where=name,
                remedy="leave it out: its training diverged",
            )
