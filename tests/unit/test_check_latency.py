"""The latency that a check finds is the one that the emulated plug was told, in virtual time."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date

import pytest

from benchharness.meters.check.checkup import calibration, latency_check
from benchharness.meters.check.latency import Latency, NoLatency, find_latency
from benchharness.meters.check.pattern import LONGEST_S, SHORTEST_S, pulse_pattern
from benchharness.meters.check.pulse import ASK_S, Recorded, usual_duration_s
from benchharness.meters.emulator.devices import DeviceOptions, make_device
from benchharness.meters.emulator.load import WaveformLoad
from benchharness.meters.emulator.waveform import Waveform
from benchharness.model import Capabilities, CheckState, MeasurementClass, Reading
from benchharness.units import energy_j_from_kwh

SECOND_NS = 1_000_000_000
ZERO_NS = 500 * SECOND_NS
LEAD_S = 10.0
CAN = Capabilities(
    MeasurementClass.EMULATED,
    True,
    True,
    period_s=1.0,
    power_resolution_w=0.1,
    energy_resolution_j=36.0,
    latency_bound_s=1.5,
)


def recorded(
    latency_s: float,
    *,
    duration_s: float = 90.0,
    step_w: float = 4.0,
    seed: int = 3,
    chip: str = "ideal",
    can: Capabilities = CAN,
) -> Recorded:
    """Return what a Tasmota plug tells of a pulse, polled each second and now and then besides."""
    runs = pulse_pattern(duration_s, seed)
    times, powers = [0.0], [3.0]
    for on_s, off_s in runs:
        times += [LEAD_S + on_s, LEAD_S + off_s]
        powers += [3.0 + step_w, 3.0]
    options = DeviceOptions(latency_s=latency_s, watt_res=1, energy_res=5, chip=chip)
    device = make_device("tasmota", WaveformLoad(Waveform(tuple(times), tuple(powers))), options)
    device.start(ZERO_NS - round(LEAD_S * SECOND_NS))
    draw = random.Random(seed)
    asks_s = [float(t) for t in range(int(duration_s))]
    t_s = draw.expovariate(1.0 / ASK_S)
    while t_s < duration_s:
        asks_s.append(t_s)
        t_s += draw.expovariate(1.0 / ASK_S)
    readings = []
    for ask_s in sorted(asks_s):
        now_ns = ZERO_NS + round(ask_s * SECOND_NS)
        while device.next_due_ns < now_ns:
            device.advance(device.next_due_ns)
        for message in device.command("cmnd/plug-1/Status", "10", now_ns):
            if message.topic.endswith("STATUS10"):
                energy = json.loads(message.payload)["StatusSNS"]["ENERGY"]
                total_j = energy_j_from_kwh(float(energy["Total"]))
                readings.append(Reading(now_ns, float(energy["Power"]), total_j))
    return Recorded(readings, runs, (), ZERO_NS, duration_s, can)


@pytest.mark.parametrize("latency_s", [0.0, 0.6, 2.0, 5.5])
def test_the_latency_is_the_one_that_the_plug_was_told(latency_s: float) -> None:
    found = find_latency(recorded(latency_s))
    assert isinstance(found, Latency)
    # Means of a second (middle: 0.5 s ago), worked out once a second (0 to 1 s ago).
    assert latency_s + 0.5 - found.lag.half_width_s <= found.latency_s
    assert found.latency_s <= latency_s + 1.5 + found.lag.half_width_s
    # Any reading's own delay lies within what the file keeps, at k = 2.
    assert abs(found.latency_s - (latency_s + 1.0)) <= 2.0 * found.reading_u_s
    assert found.lag.half_width_s < 0.15
    assert found.lag.step == pytest.approx(4.0, rel=0.1)
    assert found.channel == "power"  # 36 J a step is too coarse for runs of a second


def test_no_step_says_what_would_help() -> None:
    found = find_latency(recorded(0.5, step_w=0.0))
    assert isinstance(found, NoLatency)
    assert found.reason == "the readings never changed while the load went on and off"
    assert "see that the meter measures this machine" in found.remedy


def test_a_busy_machine_is_named_as_the_cause() -> None:
    still = recorded(0.5, step_w=0.0)
    busy = [(0.1 * t, 0.098 * t) for t in range(900)]  # 98 % all the time
    found = find_latency(replace(still, busy=busy))
    assert isinstance(found, NoLatency)
    assert found.reason.startswith("the machine was 98 % busy while the load was off")


def test_slow_telemetry_is_told_how_long_it_would_take() -> None:
    whole = recorded(0.5)
    few = replace(whole, readings=whole.readings[::30])
    found = find_latency(few)
    assert isinstance(found, NoLatency)
    assert "are too few to tell a latency" in found.reason
    number = len(few.readings)
    needed_s = float(found.remedy.split()[-1])
    assert 90.0 * 25 / number <= needed_s <= 90.0 * 40 / number
    silent = find_latency(replace(whole, readings=()))
    assert isinstance(silent, NoLatency)
    assert silent.remedy == "see that the meter is on"


@pytest.mark.parametrize("latency_s", [0.3, 2.0])
def test_the_time_between_pulses_is_no_part_of_what_is_kept(latency_s: float) -> None:
    can = replace(CAN, pulse_j=12.5)
    found = find_latency(recorded(latency_s, duration_s=120.0, chip="hlw8012", can=can))
    assert isinstance(found, Latency)
    # 12.5 J a pulse: 4.2 s at 3 W, 1.8 s at 7 W, and the load is on for half of the time.
    assert found.pulses_s == pytest.approx(3.0, abs=0.5)
    assert abs(found.latency_s - latency_s) <= 2.0 * found.reading_u_s
    assert found.lag.lag_s > latency_s + 1.0
    assert found.u_s > found.lag.u_s


def test_a_counter_that_is_fine_enough_is_preferred() -> None:
    whole = recorded(1.0)
    fine = []
    for reading in whole.readings:
        t_s = (reading.t_ns - ZERO_NS) / SECOND_NS - 0.3  # a counter that is 0.3 s late
        active_s = sum(max(0.0, min(off, t_s) - on) for on, off in whole.runs_s)
        fine.append(Reading(reading.t_ns, reading.power_w, 3.0 * t_s + 4.0 * active_s + 1000.0))
    can = replace(CAN, energy_resolution_j=0.001)
    found = find_latency(replace(whole, readings=fine, capabilities=can))
    assert isinstance(found, Latency)
    assert found.channel == "counter"
    assert found.latency_s == pytest.approx(0.3, abs=0.03)
    assert found.other is not None
    assert found.other.lag_s > 1.0
    # One latency stands for both: what they differ in is part of its uncertainty.
    assert found.reading_u_s >= (found.other.lag_s - 0.3) / 2.0


def test_what_is_kept_and_what_is_said() -> None:
    found = find_latency(recorded(2.0))
    assert isinstance(found, Latency)
    values = calibration(found)
    assert set(values) == {"latency_s", "latency_u_s", "calibration_date"}
    assert date.fromisoformat(str(values["calibration_date"]))
    assert float(values["latency_u_s"]) >= found.reading_u_s
    above = latency_check("plug", found, CAN)
    assert above.state is CheckState.ADVICE
    assert "the bound is 1.5 s" in above.found
    same = replace(CAN, latency_s=found.latency_s, latency_u_s=0.3)
    assert latency_check("plug", found, same).state is CheckState.OK
    other = replace(CAN, latency_s=0.2, latency_u_s=0.1)
    assert latency_check("plug", found, other).advice == "keep the new one with --save"


@pytest.mark.parametrize("seed", range(5))
def test_the_pattern_is_of_whole_runs_and_the_same_for_one_seed(seed: int) -> None:
    runs = pulse_pattern(60.0, seed)
    assert runs == pulse_pattern(60.0, seed)
    assert runs != pulse_pattern(60.0, seed + 1)
    edges = [edge for run in runs for edge in run]
    lengths = [b - a for a, b in zip([0.0, *edges], edges, strict=False)]
    assert all(SHORTEST_S <= length <= LONGEST_S for length in lengths)
    assert edges[-1] <= 60.0 - SHORTEST_S
    assert edges[-1] > 20.0


def test_the_usual_duration_follows_the_telemetry() -> None:
    assert usual_duration_s(None) == usual_duration_s(1.0) == 60.0
    assert usual_duration_s(10.0) == 600.0
    assert usual_duration_s(300.0) == 900.0
