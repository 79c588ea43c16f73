"""The slips of ARES' public code, each a switch: what its optimiser believes instead of what is.

Activations are counted at 8 bits an element, though they are float32. The link's rate is measured
by sending the model there and back, of 2.33 MB, and counted as 1.28 MB. At cut 7, where all layers
are on the device, 10 outputs a sample are still sent. And each device is decided by itself
(rules.per_device). The model that crosses once a round is left out, as in the paper's equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.cuts import published
from benchharness.cuts.costs import costs, estimate
from benchharness.cuts.optimise import best_cuts
from benchharness.cuts.records import (
    BoolArray,
    Choice,
    Costs,
    DeviceProfile,
    Estimate,
    Layers,
    Terms,
)
from benchharness.cuts.rules import per_device

_ELEMENT_SHARE = 8.0 / 32.0
_MODEL_BYTES_PUBLISHED = 1.28e6
_RATE_SHARE = _MODEL_BYTES_PUBLISHED / (published.PARAMETERS * published.FLOAT32_BYTES)
NAMES = ("activations", "rate", "last-cut", "rule")


@dataclass(frozen=True, slots=True)
class Slips:
    """Which slips are made: True as published, False corrected."""

    activations: bool = True
    rate: bool = True
    last_cut: bool = True
    rule: bool = True


@dataclass(frozen=True, slots=True)
class Published:
    """What the public code chooses, what it believes of that, and what it takes in truth."""

    cuts: tuple[int, ...]
    believed: Estimate
    taken: Estimate


def believed_costs(layers: Layers, devices: Sequence[DeviceProfile], slips: Slips) -> Costs:
    """Return the costs that the public code would count for these devices.

    Raises UsageError as ``costs`` does.
    """
    if slips.last_cut and layers.last_cut == published.LAST_CUT:
        # Ten outputs for each sample; how large a batch is, cut 1 says.
        output_bytes = layers.up_bytes[1] * published.ELEMENTS[-1] / published.ELEMENTS[1]
        up_bytes, down_bytes = layers.up_bytes.copy(), layers.down_bytes.copy()
        up_bytes[-1] = down_bytes[-1] = output_bytes
        layers = replace(layers, up_bytes=up_bytes, down_bytes=down_bytes)
    if slips.activations:
        layers = replace(
            layers,
            up_bytes=layers.up_bytes * _ELEMENT_SHARE,
            down_bytes=layers.down_bytes * _ELEMENT_SHARE,
        )
    if slips.rate:
        devices = [
            replace(
                device,
                up_bit_s=device.up_bit_s * _RATE_SHARE,
                down_bit_s=device.down_bit_s * _RATE_SHARE,
            )
            for device in devices
        ]
    return costs(layers, devices, Terms(model_exchange=False))


def as_published(
    believed: Costs,
    true: Costs,
    alpha: float,
    slips: Slips,
    *,
    normalise: bool = True,
    allowed: BoolArray | None = None,
) -> Published:
    """Return the choice on what is believed, and what it takes by the ``true`` costs.

    Raises UsageError as ``best_cuts`` does.
    """
    rule = per_device if slips.rule else best_cuts
    choice: Choice = rule(believed, alpha, normalise=normalise, allowed=allowed)
    return Published(choice.cuts, estimate(believed, choice.cuts), estimate(true, choice.cuts))
