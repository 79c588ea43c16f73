"""The figures that an emulated plug shows, with the steps that the real firmware gives them.

As there (Tasmota, xdrv_03_energy.ino) the counter advances in steps of 1e-5 kWh (36 J) and is
kept as a 32-bit float, and the decimals are set by WattRes, EnergyRes, AmpRes and VoltRes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from benchharness.meters.plugs.tasmota_payload import EMULATED_MARK
from benchharness.units import JOULES_PER_KILOWATT_HOUR, JOULES_PER_WATT_HOUR

COUNTER_STEP_KWH = 1e-5
_POWER_FACTOR = 0.6


@dataclass(slots=True)
class PlugSettings:
    """What the commands of the same names set; the values here are the firmware's defaults."""

    topic: str
    tele_period_s: float = 300.0
    watt_res: int = 0
    energy_res: int = 3
    amp_res: int = 3
    volt_res: int = 0
    update_s: float = 1.0
    total_kwh: float = 12.34567
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the firmware knows: ``since_j`` is the energy since the last telemetry, if asked."""

    power_w: float
    energy_j: float
    since_j: float | None
    voltage_v: float


def sensor_text(settings: PlugSettings, time: str, started: str, figures: Figures) -> str:
    """Return a sensor document; the decimals matter, so that it is written by hand."""
    fields = {"TotalStartTime": f'"{started}"'} | _energy(settings, figures)
    energy = ",".join(f'"{key}":{value}' for key, value in fields.items())
    return f'{{"Time":"{time}","ENERGY":{{{energy}}},"Emulator":"{EMULATED_MARK}"}}'


def _energy(settings: PlugSettings, figures: Figures) -> dict[str, str]:
    watts, kwh = settings.watt_res, settings.energy_res
    power_w = figures.power_w
    apparent_va = power_w / _POWER_FACTOR
    reactive_var = math.sqrt(apparent_va**2 - power_w**2)
    used_kwh = _counted_kwh(figures.energy_j / JOULES_PER_KILOWATT_HOUR)
    total_kwh = _float32(_counted_kwh(settings.total_kwh) + used_kwh)
    fields = {
        "Total": f"{total_kwh:.{kwh}f}",
        "Yesterday": f"{0.0:.{kwh}f}",
        "Today": f"{used_kwh:.{kwh}f}",
    }
    if figures.since_j is not None:
        fields["Period"] = f"{figures.since_j / JOULES_PER_WATT_HOUR:.{watts}f}"
    return fields | {
        "Power": f"{power_w:.{watts}f}",
        "ApparentPower": f"{apparent_va:.{watts}f}",
        "ReactivePower": f"{reactive_var:.{watts}f}",
        "Factor": f"{_POWER_FACTOR if power_w > 0 else 0.0:.2f}",
        "Voltage": f"{figures.voltage_v:.{settings.volt_res}f}",
        "Current": f"{apparent_va / figures.voltage_v:.{settings.amp_res}f}",
    }


def _counted_kwh(energy_kwh: float) -> float:
    return math.floor(energy_kwh / COUNTER_STEP_KWH + 1e-6) * COUNTER_STEP_KWH


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
