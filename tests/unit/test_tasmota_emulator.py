"""The emulated firmware, without a broker: steps, telemetry, commands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from benchharness.meters.emulator.device import Message
from benchharness.meters.emulator.load import Switched, WaveformLoad
from benchharness.meters.emulator.metering import Metering, MeteringSettings
from benchharness.meters.emulator.tasmota import TasmotaPlug
from benchharness.meters.emulator.tasmota_figures import (
    USED_J,
    Figures,
    TasmotaSettings,
    sensor_text,
)
from benchharness.meters.emulator.truth import TruthPoint
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.plugs.tasmota_payload import PlugReading, parse_sensor, parse_version

SECOND = 1_000_000_000


class Bench:
    """A plug on a waveform, moved on as its own process would."""

    def __init__(self, *waveforms: Waveform, **settings: Any) -> None:
        self.points: list[TruthPoint] = []
        self.settings = TasmotaSettings("plug-1", **settings)
        metering = MeteringSettings(base_j=USED_J, epoch=datetime(2024, 5, 14, 9, 31, 22, 987654))
        sockets = [
            Metering(Switched(WaveformLoad(waveform)), None, metering, self.points.extend)
            for waveform in waveforms
        ]
        self.plug = TasmotaPlug(self.settings, *sockets)
        self.hello = self.plug.start(0)
        self.now_ns = 0

    def run(self, until_s: float) -> list[Message]:
        said = []
        while self.plug.next_due_ns <= until_s * SECOND:
            self.now_ns = max(self.now_ns, self.plug.next_due_ns)
            said += self.plug.advance(self.now_ns)
        return said

    def ask(self, name: str, payload: str = "") -> list[tuple[str, Any]]:
        said = self.plug.command(f"cmnd/plug-1/{name}", payload, self.now_ns)
        return [(m.topic, json.loads(m.payload)) for m in said if m.payload[:1] == "{"]

    def reading(self) -> PlugReading:
        (message,) = self.plug.command("cmnd/plug-1/Status", "10", self.now_ns)
        seen = parse_sensor(message.payload.encode())
        assert isinstance(seen, PlugReading)
        return seen


def flat(power_w: float) -> Waveform:
    return Waveform((0.0,), (power_w,))


def test_it_announces_itself_as_a_plug_does_and_as_emulated() -> None:
    bench = Bench(flat(5))
    first = bench.hello[0]
    assert (first.topic, first.payload, first.retain) == ("tele/plug-1/LWT", "Online", True)
    assert bench.plug.farewell() == Message("tele/plug-1/LWT", "Offline", retain=True)
    names = [message.topic.rsplit("/", 1)[1] for message in bench.hello]
    assert names == ["LWT", "INFO1", "INFO2", "INFO3", "RESULT", "POWER"]
    ((topic, document),) = bench.ask("Status", "2")
    assert topic == "stat/plug-1/STATUS2"
    assert parse_version(json.dumps(document).encode()) == "14.2.0(benchharness-emulated)"
    assert bench.reading().emulated


def test_a_sensor_message_has_the_whole_energy_block() -> None:
    bench = Bench(flat(5), tele_period_s=10.0)
    state, sensor = bench.run(10)
    assert (state.topic, sensor.topic) == ("tele/plug-1/STATE", "tele/plug-1/SENSOR")
    assert not sensor.retain
    document = json.loads(sensor.payload)
    assert document["Time"] == "2024-05-14T09:31:32"  # whole seconds
    assert list(document["ENERGY"]) == [
        "TotalStartTime", "Total", "Yesterday", "Today", "Period", "Power",
        "ApparentPower", "ReactivePower", "Factor", "Voltage", "Current",
    ]  # fmt: skip
    assert json.loads(state.payload)["Uptime"] == "0T00:00:10"


def test_telemetry_comes_at_its_period() -> None:
    bench = Bench(flat(5), tele_period_s=30.0)
    said = bench.run(301)
    assert len([m for m in said if m.topic.endswith("SENSOR")]) == 10
    assert bench.ask("TelePeriod", "10") == [("stat/plug-1/RESULT", {"TelePeriod": 10})]
    assert len([m for m in bench.run(402) if m.topic.endswith("SENSOR")]) == 10


@pytest.mark.parametrize(
    ("sent", "kept"), [("0", 0), ("1", 300), ("5", 10), ("10", 10), ("9999", 3600), ("", 300)]
)
def test_tele_period_is_bounded_as_in_the_firmware(sent: str, kept: int) -> None:
    bench = Bench(flat(5))
    assert bench.ask("TelePeriod", sent) == [("stat/plug-1/RESULT", {"TelePeriod": kept})]


def test_tele_period_0_is_silence() -> None:
    bench = Bench(flat(5), tele_period_s=10.0)
    bench.ask("TelePeriod", "0")
    assert bench.run(3600) == []


def test_power_is_the_mean_of_the_last_second() -> None:
    bench = Bench(Waveform((0.0, 10.5), (4.0, 8.0)), watt_res=2)
    bench.run(10)
    assert bench.reading().power_w == 4.0
    bench.run(11)  # half a second of each
    assert bench.reading().power_w == pytest.approx(6.0)
    bench.run(12)
    assert bench.reading().power_w == 8.0


def test_figures_do_not_change_within_a_second() -> None:
    bench = Bench(Waveform((0.0, 10.2), (4.0, 8.0)), watt_res=2, energy_res=5)
    bench.run(10)
    before = bench.reading()
    bench.now_ns = 10 * SECOND + 900_000_000
    after = bench.reading()
    assert (after.power_w, after.energy_j) == (before.power_w, before.energy_j)


@pytest.mark.parametrize(("digits", "step_j"), [(5, 36.0), (4, 360.0), (3, 3600.0), (2, 36_000.0)])
def test_the_counter_shows_the_true_energy_to_one_step(digits: int, step_j: float) -> None:
    bench = Bench(flat(250.0), energy_res=digits)
    bench.run(1)
    start_j = bench.reading().energy_j
    true_start_j = bench.points[-1].energy_j
    bench.run(601)
    end = bench.reading()
    assert start_j is not None and end.energy_j is not None
    assert bench.points[-1].energy_j - true_start_j == pytest.approx(250.0 * 600)
    assert end.energy_j - start_j == pytest.approx(250.0 * 600, abs=1.01 * step_j + 36)
    assert end.energy_step_j == pytest.approx(step_j)


def test_a_large_total_loses_digits_as_a_32_bit_float() -> None:
    settings = TasmotaSettings("p", energy_res=5)
    figures = Figures(5.0, 5.0, 600 * 3.6e6 + 36.0, 36.0, None, 230.0)
    text = sensor_text(settings, "now", "then", [figures])
    seen = parse_sensor(text.encode())
    assert isinstance(seen, PlugReading) and seen.energy_j is not None
    # 600.00001 kWh lies between 32-bit floats 2**-14 kWh apart: one step of 36 J is not seen.
    assert seen.energy_j == pytest.approx(600 * 3.6e6)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("WattRes", 2, 4), ("EnergyRes", 5, 6), ("AmpRes", 1, 9), ("VoltRes", 3, 4)],
)
def test_decimals_are_set_within_their_bounds(name: str, good: int, bad: int) -> None:
    bench = Bench(flat(5))
    assert bench.ask(name, str(good)) == [("stat/plug-1/RESULT", {name: good})]
    assert bench.ask(name, str(bad)) == [("stat/plug-1/RESULT", {name: good})]
    assert bench.ask(name, "many") == [("stat/plug-1/RESULT", {name: good})]
    assert bench.ask(name) == [("stat/plug-1/RESULT", {name: good})]


def test_decimals_show_in_the_message() -> None:
    bench = Bench(flat(6.0))
    bench.run(2)
    assert bench.reading().power_step_w == 1.0
    bench.ask("WattRes", "3")
    assert bench.reading().power_step_w == pytest.approx(0.001)


def test_the_relay_switches_the_load() -> None:
    bench = Bench(flat(100.0))
    bench.run(10)
    assert ("stat/plug-1/RESULT", {"POWER": "OFF"}) in bench.ask("Power", "off")
    bench.run(20)
    assert bench.reading().power_w == 0.0
    assert bench.points[-1].energy_j == pytest.approx(1000.0)
    bench.ask("POWER1", "TOGGLE")
    bench.run(30)
    assert bench.reading().power_w == 100.0
    assert ("stat/plug-1/RESULT", {"POWER": "ON"}) in bench.ask("Power")


def test_status_0_tells_everything() -> None:
    bench = Bench(flat(5))
    topics = [topic for topic, _ in bench.ask("Status", "0")]
    assert topics == [f"stat/plug-1/STATUS{n}" for n in ("", "2", "5", "10", "11")]
    ((topic, document),) = bench.ask("Status0")
    assert topic == "stat/plug-1/STATUS0"
    assert {"Status", "StatusFWR", "StatusNET", "StatusSNS", "StatusSTS"} <= set(document)
    ((topic, _),) = bench.ask("Status", "8")
    assert topic == "stat/plug-1/STATUS8"


def test_what_it_does_not_know() -> None:
    bench = Bench(flat(5))
    assert bench.ask("Dance", "1") == [
        ("stat/plug-1/RESULT", {"Command": "Unknown", "Input": "DANCE"})
    ]
    assert bench.ask("Status", "99") == [("stat/plug-1/RESULT", {"Command": "Error"})]
    assert bench.ask("State")[0][1]["POWER"] == "ON"


def test_no_load_is_0_w_with_a_factor_of_0() -> None:
    bench = Bench(flat(0.0))
    bench.run(5)
    (message,) = bench.plug.command("cmnd/plug-1/Status", "8", bench.now_ns)
    energy = json.loads(message.payload)["StatusSNS"]["ENERGY"]
    assert (energy["Power"], energy["Factor"], energy["Current"]) == (0, 0.0, 0.0)
