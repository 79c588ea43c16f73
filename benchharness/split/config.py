"""What is trained in two parts, by how many devices, and how it is cut: one record for all."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields, replace

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning import options
from benchharness.split.codec import check_codec
from benchharness.split.network import LAYERS, check_cut
from benchharness.split.sgd import Sgd, rate_of_round

SCHEMES = ("ares", "local", "server", "sequential", "splitfed", "fixed")
RULES = ("joint", "as-published")
MEASURE = "measure"
_LARGEST_SEED = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """A split training. Devices are counted from 1.

    ``scheme`` says who computes what: ``local`` all on the devices (federated averaging),
    ``server`` all on the server, ``sequential`` one device after another at ``cut``, ``splitfed``
    all at once at ``cut``, ``fixed`` each at its own of ``cuts`` ("1;4;7"), ``ares`` cuts chosen
    anew before each round by ``alpha`` (1: time alone, 0: energy alone), ``rule``, ``normalise``,
    ``smoothing`` (what a new figure weighs) and ``hysteresis`` (the share by which other cuts must
    be better), not below ``least_cut`` (from 1 on the images stay where they are).
    ``waiting_energy`` and ``server_energy`` are terms of the cost; ``server_watts`` is
    "COMPUTE/IDLE" in W. ``iterations`` batches of ``batch`` images are a round of each device; the
    learning rate falls to a tenth after ``decay_after`` rounds (0: never). ``profile`` is
    "measure" or a file. ``timeout_s`` is how long a round waits for a device,
    ``start_timeout_s`` how long the server waits for all of them at the start. Raises UsageError
    for a value out of range.
    """

    scheme: str = "ares"
    cut: int = 4
    cuts: str = ""
    alpha: float = 0.5
    rule: str = "joint"
    normalise: bool = True
    waiting_energy: bool = False
    server_energy: bool = False
    server_watts: str = ""
    smoothing: float = 0.5
    hysteresis: float = 0.05
    least_cut: int = 1
    activations: str = "float32"
    gradients: str = "float32"
    devices: int = 3
    rounds: int = 100
    iterations: int = 50
    batch: int = 100
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay_after: int = 50
    data: str = "synthetic:10"
    examples: int | None = None
    test_examples: int | None = None
    seed: int = 1
    profile: str = MEASURE
    tls: bool = False
    timeout_s: float = 600.0
    start_timeout_s: float = 120.0
    address: str = options.ANYWHERE

    def __post_init__(self) -> None:
        for name, known in (("scheme", SCHEMES), ("rule", RULES)):
            if getattr(self, name) not in known:
                raise UnknownNameError(name, getattr(self, name), known)
        for field in fields(self):
            name = field.name
            if field.type == "float" and isinstance(
                getattr(self, name), int
            ):  # 1 and 1.0 are one training: one digest
                object.__setattr__(self, name, float(getattr(self, name)))
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise UsageError(f"seed is {self.seed}", remedy=f"take 0 to {_LARGEST_SEED}")
        for name in ("devices", "rounds", "iterations", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", remedy="take at least 1")
        if self.decay_after < 0:
            raise UsageError(f"decay_after is {self.decay_after}", remedy="take 0 for never")
        _between("alpha", self.alpha, 0 <= self.alpha <= 1, "0 (energy alone) to 1 (time alone)")
        _between("smoothing", self.smoothing, 0 < self.smoothing <= 1, "above 0, to 1")
        _between("hysteresis", self.hysteresis, 0 <= self.hysteresis < 1, "0 to below 1")
        for name in ("timeout_s", "start_timeout_s"):
            value = getattr(self, name)
            _between(name, value, value > 0 and math.isfinite(value), "above 0")
        options.address(self.address)
        for codec in (self.activations, self.gradients):
            check_codec(codec)
        for cut in (self.cut, self.least_cut):
            check_cut(cut)
        _ = self.sgd, self.cuts_of_devices, self.server_w
        if self.server_energy and self.server_w is None:
            raise UsageError(
                "the server's energy needs its watts",
                where="server_energy",
                remedy='give server_watts = "COMPUTE/IDLE", as "65/20"',
            )

    @property
    def sgd(self) -> Sgd:
        """How both parts are trained."""
        return Sgd(self.learning_rate, self.momentum, self.weight_decay)

    @property
    def cuts_of_devices(self) -> tuple[int, ...] | None:
        """The cut of each device where the scheme says it; None where it is chosen."""
        if self.scheme == "ares":
            return None
        if self.scheme == "fixed":
            return _cuts(self.cuts, self.devices)
        cut = {"local": LAYERS, "server": 0}.get(self.scheme, self.cut)
        return (cut,) * self.devices

    @property
    def server_w(self) -> tuple[float, float] | None:
        """What the server draws in W while it computes and at rest; None if it is not said."""
        if not self.server_watts:
            return None
        busy, slash, idle = self.server_watts.partition("/")
        try:
            found = float(busy), float(idle)
        except ValueError:
            found = math.nan, math.nan
        if not (slash and all(math.isfinite(each) and each >= 0 for each in found)):
            raise UsageError(
                f"server_watts is {self.server_watts!r}", remedy='write "COMPUTE/IDLE", as "65/20"'
            )
        if found[0] < found[1]:
            raise UsageError(
                f"server_watts is {self.server_watts!r}: less while it computes than at rest",
                remedy='write "COMPUTE/IDLE", as "65/20"',
            )
        return found

    @property
    def is_sequential(self) -> bool:
        """Whether the devices train one after another."""
        return self.scheme == "sequential"

    def rate_of_round(self, round_number: int) -> float:
        """Return the learning rate of a round, from 1."""
        after = self.decay_after or self.rounds
        return rate_of_round(self.learning_rate, round_number, after=after)

    def digest(self) -> str:
        """Return what is equal for all programs of one training (SHA-256, hexadecimal).

        Where the server listens may differ among them.
        """
        own = asdict(replace(self, address=options.ANYWHERE))
        text = json.dumps(own, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` an option for every field; see ``learning.options``."""
    options.add(parser, SplitConfig)


def from_arguments(given: argparse.Namespace) -> SplitConfig:
    """Return the configuration that the options of ``add_arguments`` say; its seed is the run's."""
    return SplitConfig(**options.values(given, SplitConfig))


def _cuts(text: str, devices: int) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(";")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise UsageError(
            f"cuts is {text!r}", where="scheme fixed", remedy='write one for each device: "1;4;7"'
        )
    if len(parts) != devices:
        raise UsageError(
            f"{len(parts)} cuts for {devices} devices",
            where="scheme fixed",
            remedy='write one for each device: "1;4;7"',
        )
    return tuple(check_cut(int(part)) for part in parts)


def _between(name: str, value: float, is_so: bool, wanted: str) -> None:
    if not is_so:
        raise UsageError(f"{name} is {value:g}", remedy=f"take {wanted}")
