"""The figures that an emulated Tasmota plug shows, with the steps that the real firmware has.

As there (Tasmota, xdrv_03_energy.ino) the counter advances in steps of 1e-5 kWh (36 J) and is
kept as a 32-bit float, and the decimals are set by WattRes, EnergyRes, AmpRes and VoltRes. A
device with several channels gives arrays; its Total is their sum unless SetOption129 asks for
each.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.meters.plugs.payload import EMULATED_MARK
from benchharness.units import JOULES_PER_KILOWATT_HOUR, JOULES_PER_WATT_HOUR

COUNTER_STEP_KWH = 1e-5
# What the counter of a plug that has been in use for a while may say, in joules.
USED_J = 12.34567 * JOULES_PER_KILOWATT_HOUR
_POWER_FACTOR = 0.6


@dataclass(slots=True)
class TasmotaSettings:
    """What the commands of the same names set; the values here are the firmware's defaults."""

    topic: str
    tele_period_s: float = 300.0
    watt_res: int = 0
    energy_res: int = 3
    amp_res: int = 3
    volt_res: int = 0
    each_total: bool = False  # SetOption129
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the firmware knows of one channel.

    ``shown`` is the power as it is said, which may be no number; ``since_j`` the energy since the
    last telemetry, where it is asked for.
    """

    shown: float | str
    power_w: float
    total_j: float
    today_j: float
    since_j: float | None
    voltage_v: float


def sensor_text(
    settings: TasmotaSettings, time: str, started: str, channels: Sequence[Figures]
) -> str:
    """Return a sensor document; the decimals matter, so that it is written by hand."""
    fields = {"TotalStartTime": f'"{started}"'} | _energy(settings, channels)
    energy = ",".join(f'"{key}":{value}' for key, value in fields.items())
    return f'{{"Time":"{time}","ENERGY":{{{energy}}},"Emulator":"{EMULATED_MARK}"}}'


def _energy(settings: TasmotaSettings, channels: Sequence[Figures]) -> dict[str, str]:
    watts, kwh = settings.watt_res, settings.energy_res
    totals = [_float32(_counted_kwh(c.total_j)) for c in channels]
    todays = [_counted_kwh(c.today_j) for c in channels]
    if not settings.each_total:
        totals, todays = [_float32(sum(totals))], [sum(todays)]
    apparents = [c.power_w / _POWER_FACTOR for c in channels]
    fields = {
        "Total": _array(totals, kwh),
        "Yesterday": _array([0.0] * len(totals), kwh),
        "Today": _array(todays, kwh),
    }
    since = [c.since_j / JOULES_PER_WATT_HOUR for c in channels if c.since_j is not None]
    if since:
        fields["Period"] = _array(since, watts)
    return fields | {
        "Power": _array([c.shown for c in channels], watts),
        "ApparentPower": _array(apparents, watts),
        "ReactivePower": _array(
            [math.sqrt(va**2 - c.power_w**2) for va, c in zip(apparents, channels, strict=True)],
            watts,
        ),
        "Factor": _array([_POWER_FACTOR if c.power_w > 0 else 0.0 for c in channels], 2),
        "Voltage": _array([channels[0].voltage_v], settings.volt_res),
        "Current": _array(
            [va / c.voltage_v for va, c in zip(apparents, channels, strict=True)], settings.amp_res
        ),
    }


def _array(values: Sequence[float | str], decimals: int) -> str:
    texts = [f'"{v}"' if isinstance(v, str) else f"{v:.{decimals}f}" for v in values]
    return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"


def _counted_kwh(energy_j: float) -> float:
    steps = math.floor(energy_j / JOULES_PER_KILOWATT_HOUR / COUNTER_STEP_KWH + 1e-6)
    return steps * COUNTER_STEP_KWH


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
