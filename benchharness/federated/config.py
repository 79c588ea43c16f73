"""What is trained, on what, by how many, and how long it may take: one record for every engine."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields, replace

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning import options

ENGINES = ("process", "grpc", "deployment")
_ALL = "all"
_FLOATS = ("alpha", "learning_rate", "timeout_s", "start_timeout_s", "momentum", "weight_decay")
_FROM_0 = ("momentum", "weight_decay")
options.ANYWHERE = "127.0.0.1:0"
_LARGEST_SEED = (1 << 63) - 1  # what Flower's run configuration, TOML and PyTorch hold


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """A federated training. Clients are counted from 1; client i has partition i.

    ``examples`` and ``test_examples`` None take all that the data have. ``timeout_s`` is how long
    a leg (one training or one evaluation) waits for its slowest client, ``start_timeout_s`` how
    long the server waits for all clients at the start. ``address`` is where the server listens,
    HOST:PORT: port 0 takes any that is free, 0.0.0.0 clients on other machines too.
    ``client_evaluate``: after each round the clients also evaluate the new model on their own
    examples. ``open_network``: Flower's servers may listen beyond the loopback where that lets
    others in (flower_reach.py). Raises UsageError for a value out of range.
    """

    data: str = "synthetic"
    examples: int | None = None
    test_examples: int | None = None
    clients: int = 8
    alpha: float = 0.5
    minimum: int = 10
    model: str = "wide-resnet"
    depth: int = 4
    width: int = 10
    batch: int = 32
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    epochs: int = 2
    rounds: int = 15
    seed: int = 1
    compute: str = "auto"
    timeout_s: float = 600.0
    start_timeout_s: float = 120.0
    tls: bool = True
    address: str = options.ANYWHERE
    engine: str = "process"
    client_evaluate: bool = False
    open_network: bool = False

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise UnknownNameError("engine", self.engine, ENGINES)
        options.address(self.address)
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise UsageError(f"seed is {self.seed}", remedy=f"take 0 to {_LARGEST_SEED}")
        for name in ("clients", "batch", "epochs", "rounds", "depth", "width", "minimum"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", remedy="take at least 1")
        for name in _FLOATS:
            if isinstance(getattr(self, name), int):  # 15 and 15.0 are one training: one digest
                object.__setattr__(self, name, float(getattr(self, name)))
            value = getattr(self, name)
            if name in _FROM_0 and not (math.isfinite(value) and value >= 0.0):
                raise UsageError(f"{name} is {value}", remedy="take 0 or a number above it")
            if name not in _FROM_0 and not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{name} is {value}", remedy="take a number above 0")

    def to_json(self) -> str:
        """Return the record as one line of JSON with sorted keys: equal texts, equal trainings."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """Return what is equal for all programs of one training (SHA-256, hexadecimal).

        Where the server listens, how long it waits there, and what a client computes on may
        differ among them.
        """
        own = replace(
            self, address=options.ANYWHERE, compute="auto", open_network=False, start_timeout_s=1.0
        )
        return hashlib.sha256(own.to_json().encode()).hexdigest()

    @property
    def host(self) -> str:
        """The host of ``address``."""
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The TCP port of ``address``; 0 is any that is free."""
        return int(self.address.rpartition(":")[2])

    @classmethod
    def from_json(cls, text: str) -> TaskConfig:
        """Read what ``to_json`` wrote. Raises UsageError for anything else."""
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        known = {field.name for field in fields(cls)}
        if not isinstance(found, dict) or not set(found) <= known:
            raise UsageError("is not a training's configuration", where="task configuration")
        return cls(**found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` an option for every field; see ``learning.options``."""
    options.add(parser, TaskConfig)


def from_arguments(given: argparse.Namespace) -> TaskConfig:
    """Return the configuration that the options of ``add_arguments`` say.

    Its seed is the run's own. Raises UsageError for a repetition below 0.
    """
    return TaskConfig(**options.values(given, TaskConfig))
