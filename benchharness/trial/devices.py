"""What the launcher asks of a testbed's devices, whoever makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from benchharness.trial.cgroups import Cgroup


class Groups(Protocol):
    """Where control groups are made: anywhere on this machine, or in a device's own."""

    def make(self, name: str) -> Cgroup | None:
        """Make a group; None where groups cannot be had. Raises UnfitError."""
        ...


class Devices(Protocol):
    """The devices of a testbed, by name."""

    @property
    def cores(self) -> Mapping[str, float]:
        """Return the CPU that each may use, in cores."""
        ...

    def bases(self, device: str) -> Groups:
        """Return where the groups of the device's participants are made."""
        ...

    def env(self, device: str) -> Mapping[str, str]:
        """Return what the device adds to their environment: how many threads it has."""
        ...
