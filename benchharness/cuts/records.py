"""What a choice of cuts is made from: bytes of each cut, seconds and watts of each device.

A network of L layers may be cut at 0 to L: the device computes the layers 1..s, the server the
rest. At cut 0 the device sends what it would train on, at cut L nothing but its model once a round.
All arrays have L + 1 values, one for each cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Watts:
    """What a device draws in W while it computes, sends, receives and waits; where that is from.

    ``idle_w`` None: not known, so that waiting cannot be counted. Raises UsageError for a power
    that is negative or not finite.
    """

    compute_w: float
    transmit_w: float
    receive_w: float
    idle_w: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("compute_w", "transmit_w", "receive_w", "idle_w"):
            value = getattr(self, name)
            if value is not None:
                check_at_least_0(name, value, "")


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What crosses the link at each cut of one network, in bytes, float64[L + 1] each.

    ``up_bytes`` (activations and labels) and ``down_bytes`` (gradients) are of one batch;
    ``part_bytes`` is the device's part of the model, once a round in each direction. Raises
    UsageError for arrays of different lengths, or of values below 0 or not finite.
    """

    up_bytes: FloatArray
    down_bytes: FloatArray
    part_bytes: FloatArray

    def __post_init__(self) -> None:
        _keep_as_arrays(self, ("up_bytes", "down_bytes", "part_bytes"), "layers")

    @property
    def last_cut(self) -> int:
        """L, the number of layers: the cut that leaves all of them to the device."""
        return self.up_bytes.size - 1


@dataclass(frozen=True, slots=True, eq=False)
class DeviceProfile:
    """One device as it is now.

    ``forward_s`` and ``backward_s`` are what the device's part takes up to each cut, ``server_s``
    what the server's part takes for this device, seconds a batch, float64[L + 1] each.
    ``up_bit_s`` and ``down_bit_s`` are the rates of its link, ``overhead_s`` what a batch takes
    beside all that (the paper's Theta), ``batches`` how many batches a round has (its W / xi).
    Raises UsageError for times below 0, rates that are not above 0, and arrays of different
    lengths.
    """

    name: str
    forward_s: FloatArray
    backward_s: FloatArray
    server_s: FloatArray
    up_bit_s: float
    down_bit_s: float
    overhead_s: float
    watts: Watts
    batches: int

    def __post_init__(self) -> None:
        _keep_as_arrays(self, ("forward_s", "backward_s", "server_s"), self.name)
        check_rate("up_bit_s", self.up_bit_s, self.name)
        check_rate("down_bit_s", self.down_bit_s, self.name)
        check_at_least_0("overhead_s", self.overhead_s, self.name)
        if self.batches < 1:
            raise UsageError(
                f"batches is {self.batches}", where=self.name, remedy="take at least 1 a round"
            )

    @property
    def last_cut(self) -> int:
        """L, the number of layers."""
        return self.forward_s.size - 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What the paper leaves out, each a switch.

    ``waiting``: a device draws ``idle_w`` while the server computes and until the slowest device
    is done. ``server``: the server's joules count too, by ``server_watts`` (its ``compute_w`` and
    ``idle_w``). ``model_exchange``: the device's part of the model crosses the link twice a round.
    Raises UsageError where ``server`` is on and its watts are not known, or lower at work.
    """

    waiting: bool = False
    server: bool = False
    model_exchange: bool = True
    server_watts: Watts | None = None

    def __post_init__(self) -> None:
        if self.server and (self.server_watts is None or self.server_watts.idle_w is None):
            raise UsageError(
                "the server's energy needs its watts while it computes and when it is idle",
                remedy="give server_watts with compute_w and idle_w, or leave the term out",
            )
        watts = self.server_watts
        if self.server and watts and watts.compute_w < (watts.idle_w or 0.0):
            raise UsageError(
                f"the server computes at {watts.compute_w:g} W and is idle at {watts.idle_w:g} W",
                remedy="exchange the two",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What each cut costs each of n devices in a round, over the cuts 0..L.

    ``duration_s`` and ``energy_j``, float64[n, L + 1], are a device's own, without waiting for the
    others; infinite where a cut is not allowed. ``waiting_w``, float64[n], is what it draws for
    each second that the others take longer (0 where the term is off). ``server_j``,
    float64[n, L + 1], is what the server draws above idle for this device, ``server_idle_w`` what
    it draws all the time (0 where the term is off). ``names`` are the devices'.
    """

    names: tuple[str, ...]
    duration_s: FloatArray
    energy_j: FloatArray
    waiting_w: FloatArray
    server_j: FloatArray
    server_idle_w: float = 0.0

    def __post_init__(self) -> None:
        shape = self.duration_s.shape
        if len(shape) != 2 or 0 in shape or len(self.names) != shape[0]:
            raise UsageError(
                f"{len(self.names)} devices with times of the shape {shape}",
                where="costs",
                remedy="give a row for each device and a column for each cut",
            )
        if not (shape == self.energy_j.shape == self.server_j.shape):
            raise UsageError("times and energies differ in shape", where="costs")
        if self.waiting_w.shape != shape[:1]:
            raise UsageError("waiting_w needs a value for each device", where="costs")

    @property
    def last_cut(self) -> int:
        """L: all layers on the device."""
        return int(self.duration_s.shape[1]) - 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """What given cuts take a round: the slowest device's seconds, the joules of all.

    ``device_s`` is without waiting for the others, ``device_j`` with what waiting draws if that
    term is on; one value for each device. ``energy_j`` is their sum and ``server_j``.
    """

    cuts: tuple[int, ...]
    round_s: float
    energy_j: float
    device_s: tuple[float, ...]
    device_j: tuple[float, ...]
    server_j: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The cuts that were chosen, what they take, and their objective.

    ``objective`` is alpha * round + (1 - alpha) * energy, in the units of the weights: both
    relative to local training if normalised, seconds and joules added up if raw.
    """

    cuts: tuple[int, ...]
    round_s: float
    energy_j: float
    objective: float


def check_alpha(alpha: float) -> None:
    """Raise UsageError unless ``alpha`` is in [0, 1]."""
    if not 0.0 <= alpha <= 1.0:  # NaN is not
        raise UsageError(
            f"alpha is {alpha:g}", remedy="take 0 (energy alone) to 1 (time alone), both included"
        )


def check_rate(name: str, bit_s: float, where: str) -> None:
    """Raise UsageError unless a link's rate is finite and above 0."""
    if not (math.isfinite(bit_s) and bit_s > 0.0):
        raise UsageError(
            f"{name} is {bit_s:g}", where=where, remedy="a link's rate is above 0 bit/s, and finite"
        )


def check_at_least_0(name: str, value: float, where: str) -> None:
    """Raise UsageError unless a time or a power is finite and not negative."""
    if not (math.isfinite(value) and value >= 0.0):
        raise UsageError(
            f"{name} is {value:g}", where=where or None, remedy="take 0 or more, and finite"
        )


def check_cuts(cuts: Sequence[int], devices: int, last_cut: int) -> None:
    """Raise UsageError unless there is a cut in 0..L for each device."""
    if len(cuts) != devices:
        raise UsageError(
            f"{len(cuts)} cuts for {devices} devices", remedy="give one cut for each device"
        )
    for cut in cuts:
        if not 0 <= cut <= last_cut:
            raise UsageError(
                f"cut {cut} is out of range", remedy=f"take 0 (all on the server) to {last_cut}"
            )


def _keep_as_arrays(record: Layers | DeviceProfile, names: tuple[str, ...], where: str) -> None:
    """Make the fields float64[L + 1] of one length, checked."""
    known = {field.name for field in fields(record)}
    assert known.issuperset(names)
    sizes = set()
    for name in names:
        values = np.asarray(getattr(record, name), dtype=np.float64)
        object.__setattr__(record, name, values)
        if values.ndim != 1 or values.size < 2:
            raise UsageError(
                f"{name} has the shape {values.shape}",
                where=where,
                remedy="give a value for each cut 0..L, at least two",
            )
        if not (np.isfinite(values).all() and (values >= 0.0).all()):
            wrong = values[~(np.isfinite(values) & (values >= 0.0))][0]
            raise UsageError(
                f"{name} has {wrong:g}", where=where, remedy="take 0 or more, and finite"
            )
        sizes.add(values.size)
    if len(sizes) > 1:
        raise UsageError(
            f"{', '.join(names)} differ in length",
            where=where,
            remedy="give each a value for every cut 0..L",
        )
