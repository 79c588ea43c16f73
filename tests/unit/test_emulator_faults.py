"""Faults: what is written, what is done, and that it is all recorded."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.meters.emulator.channel import FaultyChannel
from benchharness.meters.emulator.device import Device, Message
from benchharness.meters.emulator.devices import DeviceOptions, make_device
from benchharness.meters.emulator.faults import (
    NAMES,
    Episode,
    FaultLog,
    FaultRecord,
    Faults,
    FaultWriter,
    faults_path,
    parse_faults,
    read_faults,
)
from benchharness.meters.emulator.load import WaveformLoad
from benchharness.meters.emulator.waveform import Waveform

SECOND = 1_000_000_000


def told(number: int) -> Message:
    return Message("tele/p/SENSOR", str(number))


def passed(text: str, count: int = 1000, seed: int = 1) -> tuple[list[str], FaultLog]:
    channel = FaultyChannel(parse_faults(text), seed)
    arrived = [
        (t_ns, message.payload)
        for i in range(count)
        for t_ns, message in channel.pass_on([told(i)], i * SECOND)
    ]
    assert [t for t, _ in arrived] == sorted(t for t, _ in arrived)
    return [payload for _, payload in arrived], channel.log


def test_a_line_of_every_fault() -> None:
    faults = parse_faults(
        "lose=0.02, double=0.01,reorder=.02,retain=0.1,spike=0.001,spike-w=9000,zero=0.01,nan=0.1,"
        "text=0.1,negative=0.1,delay=0.3,jitter=0.1,drift=-0.01,offline=20@90,freeze=30@200,"
        "reset=0@120,jump-back=500@150,clock-jump=-3600@60,offline=5@300"
    )
    assert (faults.lose, faults.spike_w, faults.delay_s, faults.drift) == (0.02, 9000, 0.3, -0.01)
    assert faults.offline == (Episode(20, 90), Episode(5, 300))
    assert faults.clock_jump == (Episode(-3600, 60),)
    assert all(getattr(faults, field.name) for field in fields(Faults))
    assert len(NAMES) == len(fields(Faults))


def test_nothing_is_no_faults() -> None:
    assert not parse_faults("") and not parse_faults("spike-w=50")
    assert parse_faults("lose=0.1")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("los=0.1", "faults: unknown fault 'los'; did you mean 'lose'?"),
        ("lose", "faults: lose: no value; write lose=0.01"),
        ("lose=often", "faults: lose: 'often' is not a number; write lose=0.01"),
        ("lose=nan", "faults: lose: 'nan' is not a number; write lose=0.01"),
        ("lose=1.5", "faults: lose: '1.5' is above 1; write lose=0.01"),
        ("delay=-1", "faults: delay: '-1' is negative"),
        ("offline=20", "faults: offline: no time in '20'; write offline=20@90"),
        ("offline=20@-1", "faults: offline: the time '-1' is negative"),
        ("lose=0.1,lose=0.2", "faults: lose: given twice"),
    ],
)
def test_what_is_no_fault(text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults(text)
    assert caught.value.line() == line


@given(st.text(max_size=40))
@pytest.mark.slow
def test_any_text_is_faults_or_one_line(text: str) -> None:
    try:
        parse_faults(text)
    except UsageError as error:
        assert "\n" not in error.line()


def test_lost_messages_are_the_recorded_ones() -> None:
    payloads, log = passed("lose=0.1")
    lost = {record.t_ns // SECOND for record in log.records}
    assert payloads == [str(i) for i in range(1000) if i not in lost]
    assert 70 < len(lost) < 130  # 100, +-3 standard deviations


def test_doubled_messages_follow_each_other() -> None:
    payloads, log = passed("double=0.05")
    assert len(payloads) == 1000 + log.counts()["double"] > 1000
    assert list(dict.fromkeys(payloads)) == [str(i) for i in range(1000)]


def test_reordered_messages_come_after_their_followers() -> None:
    payloads, log = passed("reorder=0.05")
    assert payloads != sorted(payloads, key=int)
    for record in log.records[:-1]:
        number = record.t_ns // SECOND
        i = payloads.index(str(number))
        assert payloads[i - 1] == str(number + 1)


def test_a_delay_keeps_the_order_and_its_bounds() -> None:
    channel = FaultyChannel(parse_faults("delay=0.3,jitter=0.4"), 3)
    times = []
    for i in range(300):
        ((t_ns, _),) = channel.pass_on([told(i)], i * SECOND // 10)
        assert 0.3 <= t_ns / 1e9 - i / 10 <= 0.7
        times.append(t_ns)
    assert times == sorted(times)


def test_frozen_messages_repeat_the_last_one() -> None:
    payloads, log = passed("freeze=3@10", count=20)
    assert payloads[8:15] == ["8", "9", "9", "9", "9", "13", "14"]
    assert [r.t_ns // SECOND for r in log.records] == [10, 11, 12]


def test_what_a_broker_keeps_is_not_lost_but_for_silence() -> None:
    channel = FaultyChannel(parse_faults("lose=1,offline=5@10"))
    will = Message("tele/p/LWT", "Online", retain=True)
    channel.start(0)
    assert channel.pass_on([will, told(1)], 0) == [(0, will)]
    assert channel.pass_on([will], 10 * SECOND) == []
    assert channel.pass_on([will], 15 * SECOND) == [(15 * SECOND, will)]


def test_one_kind_of_fault_does_not_change_another() -> None:
    _, alone = passed("lose=0.1")
    _, both = passed("lose=0.1,double=0.3")
    lost = [r.t_ns for r in alone.records]
    assert [r.t_ns for r in both.records if r.fault == "lose"] == lost
    _, other = passed("lose=0.1", seed=2)
    assert [r.t_ns for r in other.records] != lost


class Bench:
    """A generic device with faults, moved on in time: what arrives, and when."""

    def __init__(self, faults: str, power_w: float = 5.0, kind: str = "json") -> None:
        self.log = FaultLog()
        load = WaveformLoad(Waveform((0.0,), (power_w,)))
        options = DeviceOptions(faults=parse_faults(faults), seed=4)
        self.device: Device = make_device(kind, load, options, log=self.log)
        self.arrived = [(0, message) for message in self.device.start(0)]

    def run(self, until_s: float) -> Bench:
        while self.device.next_due_ns <= until_s * SECOND:
            now_ns = self.device.next_due_ns
            self.arrived += [(now_ns, message) for message in self.device.advance(now_ns)]
        return self

    def figures(self) -> list[tuple[float, dict[str, object]]]:
        return [
            (t_ns / 1e9, json.loads(message.payload))
            for t_ns, message in self.arrived
            if message.payload.startswith("{")
        ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("spike", 8000.0), ("zero", 0.0), ("negative", -5.0), ("nan", math.nan), ("text", "unknown")],
)
def test_wrong_powers_are_the_recorded_ones(name: str, shown: float | str) -> None:
    bench = Bench(f"{name}=0.1").run(400)
    wrong = {record.t_ns / 1e9 for record in bench.log.records if record.fault == name}
    assert 15 < len(wrong) < 70
    for t_s, document in bench.figures():
        expected = pytest.approx(shown if t_s in wrong else 5.0, nan_ok=True)
        assert document["power_w"] == (
            shown if isinstance(shown, str) and t_s in wrong else expected
        )
        assert document["energy_j"] == pytest.approx(5.0 * t_s)  # the counter is sound


def test_a_counter_that_is_reset_and_jumps_back() -> None:
    bench = Bench("reset=7@10,jump-back=50@30").run(60)
    shown = {t_s: document["energy_j"] for t_s, document in bench.figures()}
    assert (shown[9.0], shown[10.0], shown[20.0]) == (45.0, 7.0, 57.0)
    assert (shown[29.0], shown[30.0], shown[60.0]) == (102.0, 57.0, 207.0)
    assert [(r.t_ns // SECOND, r.fault, r.detail) for r in bench.log.records] == [
        (10, "reset", "50 J to 7 J"),
        (30, "jump-back", "107 J to 57 J"),
    ]


def test_a_gain_that_drifts() -> None:
    bench = Bench("drift=0.1").run(3600)
    _, last = bench.figures()[-1]
    assert last["power_w"] == pytest.approx(5.5, rel=1e-3)
    # The mean over the hour is 5 % too much.
    assert last["energy_j"] == pytest.approx(5.0 * 1.05 * 3600, rel=1e-3)


def test_a_clock_that_jumps() -> None:
    bench = Bench("clock-jump=3600@10").run(12)
    times = [document["time"] for _, document in bench.figures()][-4:]
    assert times == [f"2024-05-14T{t}" for t in ("09:30:09", "10:30:10", "10:30:11", "10:30:12")]
    assert bench.log.records == [FaultRecord(10 * SECOND, "clock-jump", "3600 s")]


def test_offline_is_a_will_silence_and_a_greeting() -> None:
    bench = Bench("offline=5@10").run(20)
    said = [(t_ns // SECOND, m.payload) for t_ns, m in bench.arrived if "{" not in m.payload]
    assert said == [(0, "online"), (10, "offline"), (15, "online")]
    at_s = [t_s for t_s, _ in bench.figures()]
    assert at_s == [*map(float, range(1, 10)), *map(float, range(15, 21))]
    assert bench.device.command("plug-1/get", "", 20 * SECOND) != []


def test_who_is_offline_takes_no_command() -> None:
    bench = Bench("offline=5@10", kind="tasmota").run(12)
    assert bench.device.command("cmnd/plug-1/Status", "10", 12 * SECOND) == []
    assert bench.device.greeting() == []


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from(["double=0.3", "lose=0.3", "reorder=0.3", "delay=1"]))
def test_a_bad_way_does_not_change_the_counter(seed: int, faults: str) -> None:
    def counted(text: str) -> dict[str, float]:
        load = WaveformLoad(Waveform((0.0, 20.0), (5.0, 9.0)))
        options = DeviceOptions(faults=parse_faults(text), seed=seed, chip="bl0937")
        device = make_device("json", load, options)
        device.start(0)
        said = [m.payload for t_s in range(1, 42) for m in device.advance(t_s * SECOND)]
        documents = [json.loads(payload) for payload in said if payload.startswith("{")]
        return {document["time"]: document["energy_j"] for document in documents}

    sound, bad = counted(""), counted(faults)
    assert len(sound) == 41 and len(bad) > 15
    assert bad.items() <= sound.items()


def test_equal_seeds_give_equal_messages() -> None:
    text = "lose=0.1,double=0.1,reorder=0.1,spike=0.1,jitter=0.5,offline=3@20"
    assert Bench(text).run(60).arrived == Bench(text).run(60).arrived


def test_the_list_of_faults_beside_the_truth(tmp_path: Path) -> None:
    path = faults_path(tmp_path / "truth.csv")
    assert path.name == "truth.faults.csv"
    log = FaultLog()
    writer = FaultWriter(path, log)
    assert read_faults(path) == []
    log.note(5, "lose", "tele/p/SENSOR")
    writer.write()
    log.note(7, "reset", "50 J, to 7 J")
    assert read_faults(path) == log.records[:1]
    writer.close()
    writer.close()
    assert read_faults(path) == log.records
    path.write_text("t,x\n")
    with pytest.raises(UsageError, match="not a list of faults"):
        read_faults(path)
    with pytest.raises(UsageError, match="cannot be written"):
        FaultWriter(tmp_path / "no" / "f.csv", log)
    with pytest.raises(UsageError, match="cannot be read"):
        read_faults(tmp_path / "none.csv")
