"""The devices of a testbed as trials use them: their quota and their plug, and what may change.

A trial may have a device in a power mode: a twin has the mode's share of the CPU, and its plug the
mode's watts, until the trial ends. A device with a real instrument is this board itself, a Jetson:
there nvpmodel sets the mode, and the share of the CPU stays. A device may also be let go, so that
programs start at full speed, and held again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from benchharness.errors import UnfitError
from benchharness.model import Caution
from benchharness.testbed.device_environment import DEVICE_VARIABLE, device_text
from benchharness.testbed.records import Device, PowerMode
from benchharness.trial.device_groups import DeviceGroup, DeviceGroups
from benchharness.trial.devices import Plugs
from benchharness.trial.nvpmodel import Nvpmodel

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class TwinDevices:
    """The devices whose groups are there; ``plugs`` is None where nothing meters them."""

    def __init__(
        self, groups: DeviceGroups, plugs: Plugs | None = None, nvpmodel: Nvpmodel | None = None
    ) -> None:
        self._groups = groups
        self._plugs = plugs
        self._nvpmodel = nvpmodel or Nvpmodel()
        self._own = {device.name: device for device in groups.testbed.devices}
        self._own_cores = groups.cores
        self._now = dict(self._own)
        self._modes: dict[str, str] = {}
        self._cores = groups.cores
        self._released: set[str] = set()

    @property
    def cores(self) -> dict[str, float]:
        """Return the share of the CPU that each device has, in cores, as the kernel holds it."""
        return dict(self._cores)

    def bases(self, device: str) -> DeviceGroup:
        """Return where a participant's group is made; KeyError for no device of the testbed."""
        return self._groups.bases(device)

    def env(self, device: str) -> dict[str, str]:
        """Return what the device is now, and how many threads libraries start there.

        They would see every core of this machine.
        """
        found = self._now[device]
        threads = dict.fromkeys(_THREAD_VARIABLES, str(found.threads))
        told = device_text(found, self._cores[device], self._modes.get(device))
        return {**threads, DEVICE_VARIABLE: told}

    @contextmanager
    def in_modes(self, modes: Mapping[str, str]) -> Iterator[Sequence[Caution]]:
        """Have devices in power modes, by name, for the time of a ``with``; then as before.

        What comes of it is what could not be had. Raises UnfitError, KeyError for a mode that a
        device does not have.
        """
        cautions: list[Caution] = []
        with ExitStack() as undo:
            # The last to be done, so that nothing before it can keep it from being done.
            undo.callback(self._restore_board)
            for name, mode in modes.items():
                undo.callback(self._leave_mode, name)
                caution = self._enter_mode(name, mode)
                if caution is not None:
                    cautions.append(caution)
            for name in self._own:
                undo.callback(self._hold_if_released, name)
            yield cautions

    def release(self, device: str) -> None:
        """Let a device use all of this machine, until it is held again. Raises UnfitError.

        Its plug draws as if it were as fast as that: what is used now is not drawn later.
        """
        self._released.add(device)
        self._groups.lift(device)
        usable = min(self._now[device].threads, len(os.sched_getaffinity(0)))
        self._tell_plug(device, max(float(usable), self._cores[device]))

    def hold(self, device: str) -> None:
        """Hold a device to its share of the CPU. Raises UnfitError."""
        self._cores[device] = self._groups.hold(device, self._cores[device])
        self._released.discard(device)
        self._tell_plug(device, self._cores[device])

    def _hold_if_released(self, device: str) -> None:
        if device in self._released:
            self.hold(device)

    def _enter_mode(self, name: str, mode: str) -> Caution | None:
        own = self._own[name]
        self._now[name] = own.in_mode(mode)
        self._modes[name] = mode
        if own.meter is None:
            self._share(name)
            return None
        wanted = next(each for each in own.modes if each.name == mode)
        fault = self._set_on_the_board(wanted)
        if fault is None:
            return None  # the board itself is as fast as the mode makes it
        self._share(name)
        return Caution(
            "power-mode",
            f"the board of device {name} is not in power mode {mode}: {fault}; its share of the "
            "CPU is that of the mode, and its instrument shows the board as it is",
            "run as root on the Jetson, and give the mode its number there (nvpmodel = ...)",
        )

    def _restore_board(self) -> None:
        fault = self._nvpmodel.restore()
        if fault is not None:
            raise UnfitError(
                f"the board stays in another power mode than before: {fault}",
                where="nvpmodel",
                remedy="set it by hand: nvpmodel -m NUMBER",
            )

    def _set_on_the_board(self, mode: PowerMode) -> str | None:
        if mode.nvpmodel is None:
            return "the testbed does not say its number for nvpmodel"
        return self._nvpmodel.enter(mode.nvpmodel)

    def _leave_mode(self, name: str) -> None:
        self._now[name] = self._own[name]
        self._modes.pop(name, None)
        self._share(name)

    def _share(self, name: str) -> None:
        """Give a device the share of the CPU that its speed makes of its own, and its watts."""
        own, now = self._own[name], self._now[name]
        wanted = self._own_cores[name] * (now.speed / own.speed)
        self._cores[name] = self._groups.hold(name, wanted)
        self._tell_plug(name, self._cores[name])

    def _tell_plug(self, name: str, cores: float) -> None:
        device: Device = self._now[name]
        if self._plugs is not None and device.meter is None:
            self._plugs.set_power(device, cores)
