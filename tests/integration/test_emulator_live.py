"""Emulated devices in processes of their own, through a real broker, read by their drivers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchharness.meters.base import Meter
from benchharness.meters.emulator.faults import faults_path, read_faults
from benchharness.meters.emulator.truth import read_truth, truth_energy_j
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.model import MeasurementClass, Reading
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = pytest.mark.broker

StartPlug = Callable[..., EmulatedPlug]
# Fast figures: more watts than a board draws, so that coarse counters move within seconds.
LOAD = ("--shape", "square:low=1000,high=2000,period=2", "--update", "0.1")
# By how much a counter, or what is read of it within a poll, may be off.
STEPS_J = {"tasmota": 36.0, "shelly-gen1": 60.0, "shelly-gen2": 3.6, "json": 0.001}


@contextmanager
def opened(address: str) -> Iterator[Meter]:
    meter = load_meter(resolve_instrument(address))
    meter.open()
    try:
        yield meter
    finally:
        meter.close()


def read_until(
    meter: Meter, enough: Callable[[list[Reading]], bool], timeout_s: float = 10.0
) -> list[Reading]:
    readings: list[Reading] = []
    deadline = time.monotonic() + timeout_s
    while not enough(readings):
        assert time.monotonic() < deadline, f"{readings[-3:]}"
        time.sleep(0.02)
        readings += meter.read()
    return readings


def polled(address: str, poll_s: float = 0.1) -> str:
    return f"{address}{'&' if '?' in address else '?'}poll_s={poll_s}"


@pytest.mark.alone
def test_a_device_of_each_kind_is_read_by_its_driver_as_emulated(
    mosquitto: Mosquitto, start_plug: StartPlug
) -> None:
    """All at once, since each takes seconds of waiting for its counter."""
    kinds = [*STEPS_J, "zigbee2mqtt"]
    plugs = {
        kind: start_plug(mosquitto, f"plug-{kind}", *LOAD, "--energy-res", "5", kind=kind)
        for kind in kinds
    }
    seen: dict[str, list[Reading]] = {}
    with ExitStack() as stack:
        meters = {
            kind: stack.enter_context(opened(polled(plug.address))) for kind, plug in plugs.items()
        }

        def enough(readings: list[Reading]) -> bool:
            counters = [r for r in readings if r.energy_j is not None]
            powers = {round(r.power_w, -2) for r in readings if r.power_w is not None}
            long_s = (counters[-1].t_ns - counters[0].t_ns) / 1e9 if counters else 0.0
            return long_s > 2.5 and powers >= {1000.0, 2000.0}

        for kind, meter in meters.items():
            seen[kind] = read_until(meter, enough)
            assert meter.capabilities().measurement_class is MeasurementClass.EMULATED, kind
            assert meter.rejected() == {}, kind  # type: ignore[attr-defined]
    for kind, step_j in STEPS_J.items():  # the step of the fifth's counter, 36 kJ, is too long
        plugs[kind].stop()
        counters = [r for r in seen[kind] if r.energy_j is not None]
        first, last = counters[0], counters[-1]
        assert first.energy_j is not None and last.energy_j is not None
        true_j = truth_energy_j(read_truth(plugs[kind].truth), first.t_ns, last.t_ns)
        # Figures are up to 0.1 s old, of a poll that may wait as long on a busy machine.
        assert last.energy_j - first.energy_j == pytest.approx(true_j, abs=step_j + 800), kind


def test_faults_are_done_and_listed(mosquitto: Mosquitto, start_plug: StartPlug) -> None:
    faults = "lose=0.1,double=0.2,spike=0.2,reset=0@1.5,offline=0.5@2.5,delay=0.05"
    plug = start_plug(
        mosquitto, "plug-1", *LOAD, "--tele-period", "0.05", "--faults", faults, "--seed", "3",
        kind="json",
    )  # fmt: skip
    with opened(plug.address) as meter:
        readings = read_until(meter, lambda seen: bool(seen) and seen[-1].t_ns - seen[0].t_ns > 3e9)
        events = [event.kind for event in meter.events()]
    assert plug.stop() == 0
    done = read_faults(faults_path(plug.truth))
    assert {record.fault for record in done} == {
        "lose", "double", "spike", "reset", "offline", "online",
    }  # fmt: skip
    truth = read_truth(plug.truth)
    assert truth.span_ns[0] <= done[0].t_ns and done[-1].t_ns <= truth.span_ns[1]
    assert 8000.0 in [reading.power_w for reading in readings]
    assert "offline" in events and "online" in events


def test_it_outlives_its_broker(mosquitto: Mosquitto, start_plug: StartPlug) -> None:
    plug = start_plug(mosquitto, "plug-1", *LOAD, kind="shelly-gen2")
    mosquitto.kill()
    mosquitto.start()
    # It greets the broker again, so that the driver finds it online.
    with opened(polled(plug.address) + "&wait_s=15") as meter:
        assert read_until(meter, lambda seen: len(seen) > 3)
    assert plug.stop() == 0


def test_many_plugs_on_one_connection(
    mosquitto: Mosquitto, start_plug: StartPlug, tmp_path: Path
) -> None:
    count = 20
    plug = start_plug(mosquitto, "lab", *LOAD, "--count", str(count), kind="tasmota")
    assert plug.address.endswith("/lab-1")
    for number in (1, count):
        with opened(polled(plug.address.replace("lab-1", f"lab-{number}"))) as meter:
            assert read_until(meter, lambda seen: len(seen) > 2)
    assert plug.process.stderr is not None
    assert plug.process.stderr.readline().startswith(f"ready: {count - 1} more, to tasmota:")
    assert plug.stop() == 0
