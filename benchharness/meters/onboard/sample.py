"""What one look at a source gave, and what is known of the source."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.model import MeasurementClass


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look gave. Without ``t_ns`` its time is the middle of the look."""

    power_w: float | None = None
    energy_j: float | None = None
    t_ns: int | None = None
    current_a: float | None = None
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a driver knows of its source, from the source or since; None for not known.

    ``latency_bound_s`` is without the duration of a look, which is added.
    """

    has_power: bool = True
    has_counter: bool = False
    power_step_w: float | None = None
    energy_step_j: float | None = None
    gain_bound: float | None = None
    latency_bound_s: float | None = None
    max_power_w: float | None = None
    measurement_class: MeasurementClass | None = None
