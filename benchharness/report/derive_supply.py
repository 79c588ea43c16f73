"""The current in a trial's window, for people: no energy is made from it.

A meter that tells its current has it in a stream beside its readings; where none does and the
instrument's file states the supply's voltage, the current is the mean power by that voltage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchharness.energy.devices import is_sum
from benchharness.energy.readings import Window
from benchharness.meters.common import SUPPLY_PREFIX, SUPPLY_VOLTAGE_KEY
from benchharness.model import EnergyFigure, SupplyCurrent
from benchharness.store.records import StreamRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store


def supply_current(
    store: Store,
    streams: Sequence[StreamRecord],
    window: Window | None,
    figure: EnergyFigure | None,
) -> SupplyCurrent | None:
    """Return the mean current in the window by the first meter that tells one; None without.

    None too where the energy is that of several devices: no one current is theirs.
    """
    if window is None or (figure is not None and is_sum(figure)):
        return None
    for meter in (stream for stream in streams if stream.source == "meter"):
        for stream in streams:
            if stream.source == "probe" and stream.name == f"{SUPPLY_PREFIX}{meter.name}":
                found = _told(store, stream, window, meter.name)
                if found is not None:
                    return found
    return _computed(streams, window, figure)


def _told(store: Store, stream: StreamRecord, window: Window, meter: str) -> SupplyCurrent | None:
    times_ns, columns = store.read_stream(stream.stream_id)
    inside = (times_ns >= window.start_ns) & (times_ns <= window.end_ns)
    means = []
    for name in ("current_a", "voltage_v"):
        values = columns[name][inside]
        known = values[np.isfinite(values)]
        means.append(float(known.mean()) if known.size else None)
    current_a, voltage_v = means
    return None if current_a is None else SupplyCurrent(current_a, voltage_v, meter)


def _computed(
    streams: Sequence[StreamRecord], window: Window, figure: EnergyFigure | None
) -> SupplyCurrent | None:
    for stream in streams:
        voltage_v = stream.meta.get(SUPPLY_VOLTAGE_KEY)
        if figure is not None and stream.source == "meter" and stream.name == figure.meter:
            if not isinstance(voltage_v, int | float) or voltage_v <= 0:
                return None
            current_a = figure.gross_j.value / window.duration_s / voltage_v
            return SupplyCurrent(current_a, float(voltage_v), figure.meter, computed=True)
    return None
