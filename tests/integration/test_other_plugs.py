"""Shelly of both generations, zigbee2mqtt and a JSON device, through a real broker.

Each device is emulated in a process of its own; what real devices do and those do not is
published by hand.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchharness.errors import MeterError
from benchharness.meters.base import Meter
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.model import MeasurementClass, MeterEvent, Reading
from tests.integration.mqtt_broker import Mosquitto

pytestmark = pytest.mark.broker


@dataclass(frozen=True)
class Kind:
    """A kind of device: its driver, its emulator, and what is to be expected of it."""

    driver: str
    emulator: str
    keys: str  # further lines of its instrument
    readings: str  # the topic of its readings
    energy_step_j: float
    has_relay: bool = True
    tells_firmware: bool = True


KINDS = [
    Kind("shelly1", "shelly-gen1", "poll_s = 0.1", "shellies/{}/relay/0/power", 60.0),
    Kind("shelly2", "shelly-gen2", "poll_s = 0.1", "{}/events/rpc", 3.6),
    Kind("zigbee2mqtt", "zigbee2mqtt", "poll_s = 0.1", "zigbee2mqtt/{}", 36_000.0,
         tells_firmware=False),
    Kind("mqtt-json", "json",
         'poll_s = 0.1\nask_topic = "bench/get"\npower_path = "$.power_w"\n'
         'energy_path = "$.energy_j"\nenergy_unit = "J"\ntime_path = "time"\n'
         'availability_topic = "bench/availability"',
         "{}", 0.001, has_relay=False, tells_firmware=False),
]  # fmt: skip
EACH = pytest.mark.parametrize("kind", KINDS, ids=[kind.driver for kind in KINDS])


class Watched:
    """An open meter and all that it has said."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.readings: list[Reading] = []
        self.events: list[MeterEvent] = []

    def until(self, condition: Callable[[Watched], object], timeout_s: float = 8.0) -> None:
        """Read until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.readings += self.meter.read()
            self.events += self.meter.events()
            if condition(self):
                return
            assert time.monotonic() < deadline, f"{self.readings[-3:]} {self.events}"
            time.sleep(0.02)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def powers(self) -> list[float]:
        return [one.power_w for one in self.readings if one.power_w is not None]

    def counters(self) -> list[float]:
        return [one.energy_j for one in self.readings if one.energy_j is not None]


@pytest.fixture
def start_device() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(broker: Mosquitto, kind: Kind, topic: str = "bench") -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "benchharness", "meters", "emulate", kind.emulator]
        command += ["--broker", broker.url, "--topic", topic, "--update", "0.1"]
        command += ["--idle-w", "600", "--full-w", "600"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        address = shlex.split(line.partition("ready: --meter ")[2])
        assert address and address[0].startswith(f"{kind.driver}:"), line
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


@pytest.fixture
def make_meter(tmp_path: Path) -> Iterator[Callable[..., PlugMeter]]:
    """Make meters from instrument files; they are closed at the end."""
    meters: list[PlugMeter] = []

    def make(broker: Mosquitto, driver: str, keys: str, topic: str = "bench") -> PlugMeter:
        path = tmp_path / f"plug-{len(meters)}.toml"
        path.write_text(
            f'driver = "{driver}"\nbroker = "{broker.url}"\ntopic = "{topic}"\n{keys}\n'
        )
        meter = load_meter(resolve_instrument(str(path)))
        assert isinstance(meter, PlugMeter)
        meters.append(meter)
        return meter

    yield make
    for meter in meters:
        meter.close()


StartDevice = Callable[..., "subprocess.Popen[str]"]
MakeMeter = Callable[..., PlugMeter]


@EACH
def test_power_and_counter_of_an_emulated_device(
    kind: Kind, mosquitto: Mosquitto, start_device: StartDevice, make_meter: MakeMeter
) -> None:
    start_device(mosquitto, kind)
    meter = make_meter(mosquitto, kind.driver, f'{kind.keys}\nclass = "measured"')
    meter.open()
    seen = Watched(meter)
    seen.until(lambda s: len(s.powers()) >= 8 and len(s.counters()) >= 8)
    times = [one.t_ns for one in seen.readings]
    assert times == sorted(set(times))
    assert abs(time.monotonic_ns() - times[-1]) < 1e9
    assert all(598 <= power_w <= 602 for power_w in seen.powers())
    assert seen.counters() == sorted(seen.counters())
    can = meter.capabilities()
    assert (can.has_power, can.has_counter) == (True, True)
    # A device that drops zeros at the end shows its step only now and then.
    assert can.energy_resolution_j is not None
    assert 0.999 <= can.energy_resolution_j / kind.energy_step_j <= 1001
    # Its joules are emulated, whatever the instrument's file says.
    assert can.measurement_class is MeasurementClass.EMULATED
    firmware = [event.detail for event in seen.events if event.kind == "firmware"]
    assert ["benchharness-emulated" in detail for detail in firmware] == [
        True
    ] * kind.tells_firmware


@EACH
def test_a_device_that_goes_and_comes_back(
    kind: Kind, mosquitto: Mosquitto, start_device: StartDevice, make_meter: MakeMeter
) -> None:
    device = start_device(mosquitto, kind)
    meter = make_meter(mosquitto, kind.driver, kind.keys)
    meter.open()
    seen = Watched(meter)
    device.send_signal(signal.SIGKILL)  # as a power cut would: the broker says its will
    device.wait(10)
    seen.until(lambda s: "offline" in s.kinds())
    gone_ns = next(event.t_ns for event in seen.events if event.kind == "offline")
    start_device(mosquitto, kind)
    seen.until(lambda s: "online" in s.kinds() and s.readings[-1].t_ns > s.events[-1].t_ns)
    back_ns = next(event.t_ns for event in seen.events if event.kind == "online")
    assert not any(gone_ns < one.t_ns < back_ns for one in seen.readings)
    assert 0.0 not in seen.powers()  # silence is never 0 W


@EACH
def test_what_is_no_reading_is_rejected_and_counted(
    kind: Kind, mosquitto: Mosquitto, start_device: StartDevice, make_meter: MakeMeter
) -> None:
    start_device(mosquitto, kind)
    meter = make_meter(mosquitto, kind.driver, kind.keys)
    meter.open()
    seen = Watched(meter)
    topic = kind.readings.format("bench")
    mosquitto.publish(topic, b"\xff\xfe")
    mosquitto.publish(topic, b"[" * 20_000)
    seen.until(lambda s: s.kinds().count("rejected") >= 2)
    assert {"not UTF-8": 1, "larger than 16384 bytes": 1}.items() <= meter.rejected().items()
    # What another device says on its own topics is nothing to this meter.
    mosquitto.publish(kind.readings.format("other"), b"\xff\xfe")
    before = len(seen.readings)
    seen.until(lambda s: len(s.readings) > before + 3)
    assert meter.rejected()["not UTF-8"] == 1


@EACH
def test_the_relay_is_switched_and_says_so(
    kind: Kind, mosquitto: Mosquitto, start_device: StartDevice, make_meter: MakeMeter
) -> None:
    start_device(mosquitto, kind)
    meter = make_meter(mosquitto, kind.driver, f"{kind.keys}\nrelay = true")
    meter.open()
    seen = Watched(meter)
    if not kind.has_relay:
        with pytest.raises(MeterError, match="this device has no relay that can be switched"):
            meter.switch(False)
        return
    meter.switch(False)
    seen.until(lambda s: s.powers() and s.powers()[-1] == 0.0)
    meter.switch(True)
    seen.until(lambda s: s.powers()[-1] > 500)


def test_a_name_that_nobody_has(mosquitto: Mosquitto, make_meter: MakeMeter) -> None:
    for kind in KINDS:
        with pytest.raises(MeterError) as caught:
            make_meter(mosquitto, kind.driver, f"{kind.keys}\nwait_s = 0.3").open()
        line = caught.value.line()
        assert "no message from the plug within 0.3 s" in line
        assert kind.readings.format("bench") in line


def test_a_shelly_that_only_tells_what_has_changed(
    mosquitto: Mosquitto, make_meter: MakeMeter
) -> None:
    """Status updates off and no answers: halves on ``events/rpc`` are all that there is."""
    meter = make_meter(mosquitto, "shelly2", "poll_s = 0\nwait_s = 0.2")
    with pytest.raises(MeterError):
        meter.open()
    meter = make_meter(mosquitto, "shelly2", "poll_s = 0\nwait_s = 5")
    head = (
        '{"src":"shellyplus1pm-a8032abc3d10","method":"NotifyStatus","params":{"ts":17083268%d.5,'
    )

    def say(ts: int, part: str) -> None:
        mosquitto.publish("bench/events/rpc", head % ts + f'"switch:0":{{"id":0,{part}}}}}}}')

    speaker = subprocess.Popen(  # the first message must come while open() waits
        [
            sys.executable,
            "-c",
            _SAY_LATER,
            str(mosquitto.port),
            head % 10 + '"switch:0":{"apower":6.2}}}',
        ],
    )
    meter.open()
    assert speaker.wait(10) == 0
    seen = Watched(meter)
    say(12, '"voltage":231.0')
    say(20, '"aenergy":{"total":18.015}')
    say(21, '"apower":6')
    seen.until(lambda s: len(s.readings) >= 3)
    assert [(one.power_w, one.energy_j) for one in seen.readings] == [
        (6.2, None),
        (None, pytest.approx(64_854.0)),
        (6.0, None),
    ]
    assert meter.capabilities().power_resolution_w == pytest.approx(0.1)  # 6 was 6.0
    assert meter.rejected() == {}


_SAY_LATER = """
import sys, time
import paho.mqtt.publish as mqtt
time.sleep(0.3)
mqtt.single("bench/events/rpc", sys.argv[2], qos=1, hostname="127.0.0.1", port=int(sys.argv[1]))
"""


def test_a_counter_on_a_topic_of_its_own_as_bare_numbers(
    mosquitto: Mosquitto, make_meter: MakeMeter
) -> None:
    keys = (
        'power_path = ""\nenergy_path = ""\nenergy_unit = "kWh"\nenergy_topic = "bench/energy"\n'
        "wait_s = 5"
    )
    meter = make_meter(mosquitto, "mqtt-json", keys, topic="bench/power")
    mosquitto.publish("bench/power", b"99.9", retain=True)  # of unknown age
    text = "import sys; " + _SAY_LATER.replace("bench/events/rpc", "bench/power")
    speaker = subprocess.Popen([sys.executable, "-c", text, str(mosquitto.port), "48.25"])
    meter.open()
    assert speaker.wait(10) == 0
    seen = Watched(meter)
    mosquitto.publish("bench/energy", b"1.5")
    seen.until(lambda s: len(s.readings) >= 2)
    assert [(one.power_w, one.energy_j) for one in seen.readings] == [(48.25, None), (None, 5.4e6)]
    assert meter.rejected() == {"retained, so of unknown age": 1}
