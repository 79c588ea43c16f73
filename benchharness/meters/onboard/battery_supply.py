"""Batteries and mains as the kernel's power_supply class shows them.

    sys/class/power_supply/BAT0/   type = Battery, status, power_now (µW) or current_now (µA) and
                                   voltage_now (µV), energy_now (µWh) or charge_now (µAh)
    sys/class/power_supply/AC/     type = Mains or USB, online

Documentation/ABI/testing/sysfs-class-power. Discharging is negative in some drivers and positive
in others; here what the battery gives is positive.
"""

from __future__ import annotations

from benchharness.meters.onboard.held_file import HeldFile, Unreadable, names_in, number_in, text_in
from benchharness.meters.onboard.step_seen import StepSeen
from benchharness.units import energy_j_from_wh

SUPPLIES = "sys/class/power_supply"
# Smart Battery Data Specification 1.1: 1 mA and 1 mAh, or 10 mW and 10 mWh.
_USUAL_STEPS = {
    "power_now": 10_000,
    "current_now": 1_000,
    "energy_now": 10_000,
    "charge_now": 1_000,
}


class Supply:
    """One battery: its power, and the energy that it has given since :meth:`begin`."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.name = folder.rpartition("/")[2]
        self._files = {
            key: HeldFile(f"{folder}/{key}")
            for key in ("power_now", "current_now", "voltage_now", "energy_now", "charge_now")
            if number_in(f"{folder}/{key}") is not None
        }
        self._status = HeldFile(f"{folder}/status")
        has_voltage = "voltage_now" in self._files
        self._power_key = "power_now" if "power_now" in self._files else "current_now"
        self._store_key = "energy_now" if "energy_now" in self._files else "charge_now"
        self.has_power = "power_now" in self._files or (
            "current_now" in self._files and has_voltage
        )
        self.has_energy = "energy_now" in self._files or (
            "charge_now" in self._files and has_voltage
        )
        self._power_steps = StepSeen(_USUAL_STEPS[self._power_key])
        self._store_steps = StepSeen(_USUAL_STEPS[self._store_key])
        self._voltage_v: float | None = None
        self._last: tuple[int, float | None] | None = None
        self._used_j = 0.0

    def status(self) -> str:
        """Return the kernel's word: Discharging, Charging, Full ... Raises Unreadable."""
        return self._status.read().decode("utf-8", "replace")

    def power_w(self) -> float | None:
        """Return the power that the battery gives now, None if it does not tell.

        Raises Unreadable; 0 W from a battery that drives a board is a gauge that does not know.
        """
        if not self.has_power:
            return None
        value = abs(self._files[self._power_key].number())
        if value == 0:
            raise Unreadable(f"{self.folder}/{self._power_key}: is 0 while the battery discharges")
        self._power_steps.add(value)
        return value / 1e6 * (self._volts() if self._power_key == "current_now" else 1.0)

    def begin(self) -> None:
        """Count the energy from here on."""
        self._used_j = 0.0
        self.skip()

    def skip(self) -> None:
        """Leave out what has happened to the store since the last look."""
        self._last = None

    def used_j(self) -> float | None:
        """Return the energy given since begin(), None if the battery does not tell.

        A charge is turned into energy with the voltage of the time in which it flowed, since a
        voltage that sags under load says nothing of energy used.
        """
        if not self.has_energy:
            return None
        value = self._files[self._store_key].number()
        volts = self._volts() if self._store_key == "charge_now" else None
        last, self._last = self._last, (value, volts)
        self._store_steps.add(value)
        if last is not None:
            between_v = 1.0 if volts is None or last[1] is None else (volts + last[1]) / 2.0
            self._used_j += energy_j_from_wh((last[0] - value) / 1e6) * between_v
        return self._used_j

    @property
    def power_step_w(self) -> float | None:
        """Return the step of the power, as far as it was seen."""
        volts = self._voltage_v if self._power_key == "current_now" else 1.0
        step = self._power_steps.step
        return None if step is None or volts is None else step / 1e6 * volts

    @property
    def energy_step_j(self) -> float | None:
        """Return the step of the energy, as far as it was seen."""
        volts = self._voltage_v if self._store_key == "charge_now" else 1.0
        step = self._store_steps.step
        return None if step is None or volts is None else energy_j_from_wh(step / 1e6) * volts

    def described(self) -> str:
        """Return where its figures come from."""
        kinds = []
        if self.has_power:
            voltage = " x voltage_now" if self._power_key == "current_now" else ""
            kinds.append(f"power from {self._power_key}{voltage}")
        if self.has_energy:
            voltage = " x voltage_now" if self._store_key == "charge_now" else ""
            kinds.append(f"counter from {self._store_key}{voltage}")
        return ", ".join(kinds)

    def close(self) -> None:
        """Close the files; may be called twice."""
        for file in (*self._files.values(), self._status):
            file.close()

    def _volts(self) -> float:
        self._voltage_v = self._files["voltage_now"].number() / 1e6
        return self._voltage_v


class Mains:
    """What may feed the board beside its battery."""

    def __init__(self, sysroot: str) -> None:
        place = f"{sysroot}/{SUPPLIES}"
        self._online = {
            supply: HeldFile(f"{place}/{supply}/online")
            for supply in names_in(place)
            if text_in(f"{place}/{supply}/type") not in ("Battery", "UPS")
            and number_in(f"{place}/{supply}/online") is not None
        }

    def plugged_in(self) -> str | None:
        """Return the name of a supply that is online, None if there is none."""
        for name, online in self._online.items():
            try:
                if online.number():
                    return name
            except Unreadable:
                continue  # a supply that went away feeds nothing
        return None

    def close(self) -> None:
        """Close the files; may be called twice."""
        for online in self._online.values():
            online.close()


def find_batteries(sysroot: str) -> list[Supply]:
    """Return the batteries of the machine itself, not those of a mouse."""
    place = f"{sysroot}/{SUPPLIES}"
    return [
        Supply(f"{place}/{name}")
        for name in names_in(place)
        if text_in(f"{place}/{name}/type") == "Battery"
        and text_in(f"{place}/{name}/scope") != "Device"
    ]
