"""What an instrument is and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.model.words import MeasurementClass


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a stream of observations."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an instrument can do. ``None`` means that it is not known.

    ``gain_bound`` is the relative half-width of the rectangular bound on the gain error
    (0.05 for ±5 %). ``latency_bound_s`` is the largest delay of a reading against its stamp;
    where the delay was calibrated, ``latency_s`` is its mean, ``latency_u_s`` the standard
    uncertainty of that, and they stand in place of the bound. ``pulse_j`` is the energy per pulse
    of a pulse-counting chip: at little power its readings lag by the time between two pulses.
    ``max_power_w`` is the most that the target can draw: a reading above it is implausible.
    """

    measurement_class: MeasurementClass
    has_power: bool
    has_counter: bool
    period_s: float | None = None
    power_resolution_w: float | None = None
    energy_resolution_j: float | None = None
    floor_w: float | None = None
    gain_bound: float | None = None
    latency_bound_s: float | None = None
    latency_s: float | None = None
    latency_u_s: float | None = None
    pulse_j: float | None = None
    max_power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a meter. ``energy_j`` is a cumulative counter with an arbitrary zero.

    Current and voltage (RMS where they alternate) stand beside it for people: no energy is ever
    made from them.
    """

    t_ns: int
    power_w: float | None = None
    energy_j: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """Something that happened to a meter: offline, online, rejected, disconnected, connected."""

    t_ns: int
    kind: str
    detail: str
