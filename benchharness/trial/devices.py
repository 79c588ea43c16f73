"""What trials ask of a testbed's devices and of their plugs, whoever makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from benchharness.model import Caution
from benchharness.testbed.records import Device
from benchharness.trial.cgroups import Cgroup


class Groups(Protocol):
    """Where control groups are made: anywhere on this machine, or in a device's own."""

    def make(self, name: str) -> Cgroup | None:
        """Make a group; None where groups cannot be had. Raises UnfitError."""
        ...


class Plugs(Protocol):
    """The emulated plugs of devices, as far as their power is concerned."""

    def set_power(self, device: Device, cores: float) -> None:
        """Have a device's plug draw by the figures of ``device``, at so many cores."""
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
        """Return what the device adds to their environment: what it is, how many threads."""
        ...

    def in_modes(self, modes: Mapping[str, str]) -> AbstractContextManager[Sequence[Caution]]:
        """Have devices in power modes for the time of a ``with``: a trial.

        What comes of it is what could not be had. Raises UnfitError.
        """
        ...

    def release(self, device: str) -> None:
        """Let a device use all of this machine, until it is held again. Raises UnfitError."""
        ...

    def hold(self, device: str) -> None:
        """Hold a device to its share of the CPU. Raises UnfitError."""
        ...
