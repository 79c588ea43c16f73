"""What was published of ARES: the network, the boards' times and watts, the cuts it was run with.

From the public code of the paper (costs.py); the times are of one batch of 100. What the server
takes, the overhead Theta and the power at rest were not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from benchharness.cuts.records import DeviceProfile, FloatArray, Layers, Watts, check_at_least_0
from benchharness.errors import UnknownNameError, UsageError

LAST_CUT = 7
BATCH = 100
BATCHES = 50  # of a round: 5,000 images a device
FLOAT32_BYTES = 4.0
PARAMETERS = 582_346
# Elements of one sample that go up, cut 0..7; as many gradients come down, but none of the images.
ELEMENTS = (3072, 32768, 8192, 16384, 4096, 4096, 128, 10)
# Parameters of the layers up to each cut, BatchNorm's scales and shifts among them.
PART_PARAMETERS = (0, 960, 960, 19_584, 19_584, 56_640, 581_056, PARAMETERS)
# The optimiser's answer was not used: the rounds ran with these, the Pi first.
FIXED_CUTS = (2, 4, 5, 6, 6)

_FORWARD_S = MappingProxyType(
    {
        "nano": (0.0, 0.00935, 0.01496, 0.01994, 0.02016, 0.04313, 0.10707, 0.12375),
        "pi": (0.0, 0.861, 0.947, 1.447, 1.467, 1.647, 1.777, 1.852),
    }
)
_BACKWARD_S = MappingProxyType(
    {
        "nano": (0.0, 0.01922, 0.01168, 0.01646, 0.02846, 0.02261, 0.09011, 0.08125),
        "pi": (0.0, 0.492, 0.545, 1.531, 1.476, 1.928, 2.005, 2.092),
    }
)
KINDS = tuple(_FORWARD_S)
# Computing, sending, receiving, in W. The Pi has no modes.
_NANO_W = MappingProxyType(
    {
        "MAXN": (7.252, 2.319, 2.260),
        "5W": (4.200, 1.917, 1.912),
        "CUSTOM": (2.396, 1.755, 1.754),
    }
)
_PI_W = (3.800, 1.100, 0.800)
MODES = tuple(_NANO_W)
SOURCE = "published with the code of ARES (Samikwa, Di Maio and Braun, 2022)"


@dataclass(frozen=True, slots=True)
class Link:
    """The rates of a device's link; the profile that they come into checks them."""

    up_bit_s: float
    down_bit_s: float


def network(batch: int = BATCH) -> Layers:
    """Return the bytes of the published network, float32, without the labels.

    At cut 7 all layers are on the device and nothing crosses in a batch. Raises UsageError for a
    batch below 1.
    """
    if batch < 1:
        raise UsageError(f"batch is {batch}", remedy="take at least 1")
    up_bytes = np.array(ELEMENTS, dtype=np.float64) * (FLOAT32_BYTES * batch)
    up_bytes[-1] = 0.0
    down_bytes = up_bytes.copy()
    down_bytes[0] = 0.0
    part_bytes = np.array(PART_PARAMETERS, dtype=np.float64) * FLOAT32_BYTES
    return Layers(up_bytes, down_bytes, part_bytes)


def device(
    kind: str,
    link: Link,
    *,
    name: str | None = None,
    mode: str = "MAXN",
    idle_w: float | None = None,
    server_s: float = 0.0,
    batches: int = BATCHES,
) -> DeviceProfile:
    """Return a published board, ``pi`` or ``nano``, on a link.

    ``mode`` is the Nano's power mode: its watts only, the times were published for one mode.
    ``server_s`` is what the server takes for a batch of the whole network (not published: 0).
    Raises UnknownNameError for a board or a mode that is not known, UsageError as DeviceProfile.
    """
    return DeviceProfile(
        name=name or kind,
        forward_s=np.array(_times(_FORWARD_S, kind)),
        backward_s=np.array(_times(_BACKWARD_S, kind)),
        server_s=server_times(server_s),
        up_bit_s=link.up_bit_s,
        down_bit_s=link.down_bit_s,
        overhead_s=0.0,
        watts=watts(kind, mode, idle_w),
        batches=batches,
    )


def watts(kind: str, mode: str = "MAXN", idle_w: float | None = None) -> Watts:
    """Return a board's published watts in a power mode. Raises UnknownNameError."""
    if kind not in KINDS:
        raise UnknownNameError("board", kind, KINDS)
    if mode not in MODES:
        raise UnknownNameError("power mode", mode, MODES)
    compute_w, transmit_w, receive_w = _PI_W if kind == "pi" else _NANO_W[mode]
    return Watts(compute_w, transmit_w, receive_w, idle_w, SOURCE)


def server_times(whole_s: float) -> FloatArray:
    """Return the server's seconds a batch at each cut, float64[8], from those of all layers.

    Shared out as the Nano's time is. Raises UsageError for a time below 0.
    """
    check_at_least_0("the server's time", whole_s, "")
    nano_s = np.array(_FORWARD_S["nano"]) + np.array(_BACKWARD_S["nano"])
    done = np.maximum.accumulate(nano_s) / nano_s.max()
    times: FloatArray = whole_s * (1.0 - done)
    return times


def _times(times: MappingProxyType[str, tuple[float, ...]], kind: str) -> tuple[float, ...]:
    if kind not in times:
        raise UnknownNameError("board", kind, KINDS)
    return times[kind]
