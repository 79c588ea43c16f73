"""What a device draws while it computes, sends, receives and waits; every result says from where.

In this order: the profile that was given; what the testbed says of the device; the boards of the
published experiment, one Raspberry Pi and Jetson Nanos, taken for device 1 and for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.cuts import published
from benchharness.cuts.records import Watts

EMULATED = "emulated"
_NAMES = ("idle_w", "compute_w", "transmit_w", "receive_w")


def watts_of(index: int, described: Mapping[str, Any] | None) -> Watts:
    """Return the watts of device ``index`` (from 1), ``described`` as its testbed has it.

    A testbed that does not say what sending or receiving takes has them at the idle power. Raises
    UsageError for powers that cannot be.
    """
    found = {} if described is None else {name: _number(described.get(name)) for name in _NAMES}
    compute_w, idle_w = found.get("compute_w"), found.get("idle_w")
    if described is None or compute_w is None:
        kind = "pi" if index == 1 else "nano"
        known = published.watts(kind)
        source = f"no testbed says; taken for the {kind}: {known.source}"
        return Watts(known.compute_w, known.transmit_w, known.receive_w, None, source)
    rest_w = 0.0 if idle_w is None else idle_w
    transmit_w, receive_w = (
        rest_w if found[name] is None else float(found[name] or 0.0)
        for name in ("transmit_w", "receive_w")
    )
    mode = described.get("power_mode")
    source = f"testbed, {described.get('name')}" + (f" in mode {mode}" if mode else "")
    if cores_of(described) is not None and idle_w is not None:
        source += "; on top of each phase its CPU's use, as the program counts it"
    return Watts(compute_w, transmit_w, receive_w, idle_w, source)


def cores_of(described: Mapping[str, Any] | None) -> float | None:
    """Return the cores whose full use draws ``compute_w`` on a testbed's twin; None elsewhere.

    A twin's watts of sending and receiving come on top of what the CPU's use draws; a board's were
    measured while its CPU worked at them, and hold as they are.
    """
    if described is None or described.get("class") != EMULATED:
        return None
    cores = _number(described.get("cores"))
    return cores if cores is not None and cores > 0.0 else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
