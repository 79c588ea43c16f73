"""The keys that every instrument may carry, with each driver's own defaults.

    what the file says  >  what the readings have shown  >  the driver's default

They become the meter's :class:`~benchharness.model.Capabilities`, which is where the budget of an
energy figure starts. ``gain`` is the half-width of a rectangular bound, relative; ``latency_s``
with ``latency_u_s`` is a calibrated delay and stands in place of ``latency_bound_s``.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.meters.options import OptionReader
from benchharness.model import Capabilities, MeasurementClass

SUPPLY_PREFIX = "supply:"  # of the stream of currents and voltages beside a meter's readings
SUPPLY_VOLTAGE_KEY = "supply_voltage_v"  # for a current in milliamperes where none is read
_LONGEST_S = 86_400.0
_LONGEST_LATENCY_S = 120.0  # a bridge that hands out its minute's mean is one late


@dataclass(frozen=True, slots=True)
class CommonDefaults:
    """What a driver takes where the instrument's file says nothing; None for not known."""

    period_s: float | None = None
    wait_s: float = 5.0
    check_s: float = 5.0
    power_resolution_w: float | None = None
    energy_resolution_j: float | None = None
    floor_w: float | None = None
    gain_bound: float | None = None
    latency_bound_s: float | None = None
    pulse_j: float | None = None
    measurement_class: MeasurementClass = MeasurementClass.MEASURED


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """What an instrument's file says; None for what it does not say."""

    defaults: CommonDefaults
    period_s: float | None
    wait_s: float | None
    check_s: float
    power_resolution_w: float | None
    energy_resolution_j: float | None
    floor_w: float | None
    gain_bound: float | None
    latency_bound_s: float | None
    latency_s: float | None
    latency_u_s: float | None
    pulse_j: float | None
    max_power_w: float | None
    supply_voltage_v: float | None
    measurement_class: MeasurementClass

    def capabilities(
        self,
        *,
        has_power: bool,
        has_counter: bool,
        period_s: float | None = None,
        power_step_w: float | None = None,
        energy_step_j: float | None = None,
        measurement_class: MeasurementClass | None = None,
    ) -> Capabilities:
        """Return the meter's capabilities.

        ``period_s`` and the steps are what the readings have shown so far; ``measurement_class``
        is what they have proved, and stands above the file's.
        """
        usual = self.defaults
        return Capabilities(
            measurement_class=measurement_class or self.measurement_class,
            has_power=has_power,
            has_counter=has_counter,
            period_s=first_known(self.period_s, period_s, usual.period_s),
            power_resolution_w=first_known(
                self.power_resolution_w, power_step_w, usual.power_resolution_w
            ),
            energy_resolution_j=first_known(
                self.energy_resolution_j, energy_step_j, usual.energy_resolution_j
            ),
            floor_w=first_known(self.floor_w, usual.floor_w),
            gain_bound=first_known(self.gain_bound, usual.gain_bound),
            latency_bound_s=first_known(self.latency_bound_s, usual.latency_bound_s),
            latency_s=self.latency_s,
            latency_u_s=self.latency_u_s,
            pulse_j=first_known(self.pulse_j, usual.pulse_j),
            max_power_w=self.max_power_w,
        )


def read_common(keys: OptionReader, defaults: CommonDefaults | None = None) -> CommonOptions:
    """Take the shared keys; the driver takes its own and calls ``keys.done()``.

    Raises UsageError with file and key.
    """
    defaults = defaults or CommonDefaults()
    latency_s, latency_u_s = _calibrated_latency(keys)
    max_power_w = _above_zero(keys, "max_power_w")
    floor_w = keys.number("floor_w", minimum=0.0)
    if floor_w is not None and max_power_w is not None and floor_w >= max_power_w:
        what = f"{max_power_w:g} W is not above floor_w, {floor_w:g} W"
        raise keys.error("max_power_w", what, "write the most that the target can draw")
    return CommonOptions(
        defaults=defaults,
        period_s=keys.number("period_s", minimum=0.01, maximum=_LONGEST_S),
        wait_s=keys.number("wait_s", minimum=0.1, maximum=3600.0),
        check_s=keys.number("check_s", minimum=0.1, maximum=3600.0) or defaults.check_s,
        power_resolution_w=keys.number("power_resolution_w", minimum=0.0),
        energy_resolution_j=keys.number("energy_resolution_j", minimum=0.0),
        floor_w=floor_w,
        gain_bound=keys.number("gain", minimum=0.0, maximum=1.0),
        latency_bound_s=keys.number("latency_bound_s", minimum=0.0, maximum=_LONGEST_LATENCY_S),
        latency_s=latency_s,
        latency_u_s=latency_u_s,
        pulse_j=_above_zero(keys, "pulse_j"),
        max_power_w=max_power_w,
        supply_voltage_v=_above_zero(keys, SUPPLY_VOLTAGE_KEY),
        measurement_class=keys.measurement_class(defaults.measurement_class),
    )


def first_known(*values: float | None) -> float | None:
    """Return the first value that is not None, else None."""
    return next((value for value in values if value is not None), None)


def _calibrated_latency(keys: OptionReader) -> tuple[float | None, float | None]:
    latency_s = keys.number("latency_s", minimum=0.0, maximum=_LONGEST_LATENCY_S)
    latency_u_s = keys.number("latency_u_s", minimum=0.0, maximum=_LONGEST_LATENCY_S)
    if latency_s is not None and latency_u_s is None:
        remedy = "add its standard uncertainty, as benchharness meters check --save writes it"
        raise keys.error("latency_u_s", "is missing beside latency_s", remedy)
    if latency_u_s is not None and latency_s is None:
        raise keys.error("latency_s", "is missing beside latency_u_s", "add the mean delay, in s")
    return latency_s, latency_u_s


def _above_zero(keys: OptionReader, key: str) -> float | None:
    value = keys.number(key, minimum=0.0)
    if value == 0:
        raise keys.error(key, "expected a number above 0, got 0")
    return value
