"""The rails that INA3221 chips measure, as two drivers of the kernel show them.

    sys/class/hwmon/hwmon*/   name = ina3221, in<N>_label, in<N>_input (mV), curr<N>_input (mA),
                              shunt<N>_resistor (µΩ), in<N>_enable, update_interval (ms)
    sys/bus/i2c/drivers/ina3221x/*/iio:device*/   (L4T kernel 4.9)
                              rail_name_<N>, in_power<N>_input (mW)

Documentation/hwmon/ina3221.rst; NVIDIA Jetson Linux Developer Guide, r32, "Power monitor".
"""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.meters.onboard.held_file import names_in, number_in, text_in

_CHANNELS = (1, 2, 3)  # 4 and 7 are the chip's own sums of channels
_NOT_CONNECTED = "NC"
HWMON = "sys/class/hwmon"
IIO = "sys/bus/i2c/drivers/ina3221x"


@dataclass(frozen=True, slots=True)
class Rail:
    """One channel of one chip. ``power`` in mW, or ``voltage`` in mV and ``current`` in mA."""

    name: str
    power: str | None = None
    voltage: str | None = None
    current: str | None = None
    shunt_ohm: float | None = None
    update_s: float | None = None
    enabled: bool = True

    @property
    def folder(self) -> str:
        """Return where the chip is."""
        return (self.power or self.voltage or "").rpartition("/")[0]


def find_rails(sysroot: str) -> dict[str, Rail]:
    """Return the rails by name, the hwmon driver's if both drivers are there."""
    return _hwmon(f"{sysroot}/{HWMON}") or _iio(f"{sysroot}/{IIO}")


def _hwmon(place: str) -> dict[str, Rail]:
    found: dict[str, Rail] = {}
    for monitor in names_in(place):
        folder = f"{place}/{monitor}"
        if text_in(f"{folder}/name") != "ina3221":
            continue
        interval_ms = number_in(f"{folder}/update_interval")
        for channel in _CHANNELS:
            name = text_in(f"{folder}/in{channel}_label")
            if not name or name == _NOT_CONNECTED:
                continue
            shunt_uohm = number_in(f"{folder}/shunt{channel}_resistor")
            found[name] = Rail(
                name,
                voltage=f"{folder}/in{channel}_input",
                current=f"{folder}/curr{channel}_input",
                shunt_ohm=shunt_uohm / 1e6 if shunt_uohm else None,
                update_s=None if interval_ms is None else interval_ms / 1e3,
                enabled=number_in(f"{folder}/in{channel}_enable") != 0,
            )
    return found


def _iio(place: str) -> dict[str, Rail]:
    found: dict[str, Rail] = {}
    for chip in names_in(place):
        for device in names_in(f"{place}/{chip}"):
            folder = f"{place}/{chip}/{device}"
            if not device.startswith("iio:device"):
                continue
            for channel in (channel - 1 for channel in _CHANNELS):
                name = text_in(f"{folder}/rail_name_{channel}")
                if name and name != _NOT_CONNECTED:
                    found[name] = Rail(name, power=f"{folder}/in_power{channel}_input")
    return found
