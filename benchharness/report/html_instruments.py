"""An instrument as a reviewer asks after it: what it is, its steps, its gain, its delay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchharness.energy.observed import ASSUMED_GAIN_BOUND, ASSUMED_MODEL_BOUND
from benchharness.model import MeasurementClass
from benchharness.report.html_facts import Fact, fact_text, facts
from benchharness.report.text import number, plain
from benchharness.units import format_si

NOT_KNOWN = "not known"
_OWN = frozenset({"target", "declared in", "serial"})  # what differs between meters that are alike
_ALIKE = 3  # so many meters are described together
_TOLD = frozenset(
    {
        *("name", "driver", "class", "target", "part_of", "where", "description", "period_s"),
        *("power_resolution_w", "energy_resolution_j", "has_power", "has_counter", "floor_w"),
        *("max_power_w", "gain_bound", "latency_bound_s", "latency_s", "latency_u_s", "pulse_j"),
        *("calibration_date", "serial"),
    }
)


def instrument_facts(meter: Mapping[str, Any]) -> list[Fact]:
    """Return what is known of an instrument, in a fixed order; what is not known says so."""
    rows = [Fact(label, plain(text, 300)) for label, text in _rows(meter) if text]
    return [*rows, *facts({key: meter[key] for key in meter if key not in _TOLD})]


def instrument_groups(meters: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Fact]]]:
    """Return title and facts of each instrument; several that differ in their target are one."""
    groups: dict[tuple[Fact, ...], list[tuple[str, Mapping[str, Any]]]] = {}
    for meter in meters:
        name = plain(meter.get("name", "meter"), 60)
        alike = tuple(f for f in instrument_facts(meter) if f.label not in _OWN)
        groups.setdefault(alike, []).append((name, meter))
    found = []
    for alike, members in groups.items():
        if len(members) < _ALIKE:
            found += [(f"Meter {name}", instrument_facts(meter)) for name, meter in members]
            continue
        names = ", ".join(name for name, _ in members)
        title = f"{len(members)} meters alike: {plain(names, 300)}"
        found.append((title, [*alike[:2], Fact("target", "each its device"), *alike[2:]]))
    return found


def latency_text(meter: Mapping[str, Any]) -> str:
    """Return the delay that was used: the calibrated one, else the bound, else that none is."""
    latency_s, u_s, bound_s = (
        meter.get(k) for k in ("latency_s", "latency_u_s", "latency_bound_s")
    )
    if latency_s is not None:
        spread = f" ± {format_si(u_s, 's', 2)} (standard uncertainty)" if u_s else ""
        return f"{format_si(latency_s, 's')}{spread}, calibrated"
    if bound_s is not None:
        return f"up to {format_si(bound_s, 's', 2)}, a bound: not calibrated"
    return "taken as none" if meter.get("class") == "estimated" else NOT_KNOWN


def gain_text(meter: Mapping[str, Any]) -> str:
    """Return the bound of the gain error, and whether it is stated or assumed."""
    gain = meter.get("gain_bound")
    if gain is not None:
        return f"± {number(100 * gain, 2)} %"
    estimated = meter.get("class") == MeasurementClass.ESTIMATED.value
    assumed = ASSUMED_MODEL_BOUND if estimated else ASSUMED_GAIN_BOUND
    return f"± {number(100 * assumed, 2)} %, assumed: its file states none"


def _rows(meter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    part_of = meter.get("part_of")
    yield "driver", str(meter.get("driver") or "")
    yield "class", str(meter.get("class") or "")
    target = str(meter.get("target") or "board")
    yield "target", f"{target}, part of {part_of}" if part_of else target
    yield "declared in", fact_text("where", meter["where"]) if meter.get("where") else ""
    yield "description", str(meter.get("description") or "")
    yield "a reading each", _si(meter, "period_s", "s")
    if meter.get("has_power", True):
        yield "step of the power", _si(meter, "power_resolution_w", "W")
    if meter.get("has_counter", True):
        yield "step of the counter", _si(meter, "energy_resolution_j", "J")
    else:
        yield "counter", "none: energy is summed from the powers"
    yield "floor, below which it is blind", _si(meter, "floor_w", "W")
    yield "gain error", gain_text(meter)
    yield "delay of a reading", latency_text(meter)
    yield "energy of a pulse", _si(meter, "pulse_j", "J", missing="")
    yield "most that the target draws", _si(meter, "max_power_w", "W", missing="")
    yield "calibrated on", str(meter.get("calibration_date") or "no date in its file")
    yield "serial", str(meter.get("serial") or "")


def _si(meter: Mapping[str, Any], key: str, unit: str, missing: str = NOT_KNOWN) -> str:
    value = meter.get(key)
    return missing if value is None else format_si(value, unit)
