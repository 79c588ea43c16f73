"""``benchharness meters emulate``: what is refused, in one line; what is asked for. No broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.main import main
from benchharness.meters.emulator import service
from benchharness.meters.emulator.faults import Episode
from benchharness.meters.emulator.load import CpuLoad, Load
from benchharness.meters.emulator.service import EmulatorOptions


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["json", "--faults", "los=1"], "--faults: unknown fault 'los'; did you mean 'lose'?"),
        (["json", "--shape", "squar"], "--shape: unknown shape 'squar'; did you mean 'square'?"),
        (["json", "--shape", "sine", "--waveform", "w.csv"], "--waveform and --shape: only one"),
        (["tasmota", "--channel", "2"], "--channel 2: there are 1 (--channels)"),
        (["tasmota", "--gain", "-1"], "--gain -1: nothing would be seen"),
        (["tasmota", "--count", "0"], "--count: expected 1 or more, got 0"),
        (["shelly-gen2", "--topic", "+"], "--topic: not a plug's topic: '+'"),
        (["shelly-gen2", "--chip", "hlw8o12"], "invalid choice: 'hlw8o12'"),
        (["shelly-gen2", "--latency", "-1"], "expected seconds, 0 or more, got '-1'"),
        (["shelly-gen2", "--gain", "much"], "expected a number, got 'much'"),
    ],
)
def test_wrong_usage_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert main(["meters", "emulate", *arguments]) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command has asked for, instead of an emulator that runs."""
    seen: dict[str, Any] = {}

    def emulate(options: EmulatorOptions, make_load: Any, on_ready: Any) -> None:
        load: Load = make_load()
        seen.update(options=options, load=load)
        load.close()
        on_ready([f"x:mqtt://b/{i}?a=1&b=2" for i in range(options.count)])

    monkeypatch.setattr(service, "emulate", emulate)
    return seen


def test_options_reach_the_device(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "meters emulate tasmota --topic a/b/ --chip bl0937 --gain 0.03 --latency 0.3 --count 2 "
        "--tele-period 1 --channels 3 --channel 2 --seed 5 --faults spike=0.1,offline=20@90 "
        "--shape square:low=3,high=6,period=20"
    )
    assert main(text.split()) == 0
    options, device = asked["options"], asked["options"].device
    assert (options.kind, options.count, device.topic, device.chip) == (
        "tasmota",
        2,
        "a/b",
        "bl0937",
    )
    assert (device.gain, device.latency_s, device.period_s, device.seed) == (0.03, 0.3, 1.0, 5)
    assert (device.channels, device.channel) == (3, 2)
    assert device.faults.offline == (Episode(20.0, 90.0),)
    assert asked["load"].source == "source shape square:low=3,high=6,period=20"
    # The address is quoted as a shell needs it.
    assert capsys.readouterr().err.splitlines() == [
        "ready: --meter 'x:mqtt://b/0?a=1&b=2'",
        "ready: 1 more, to x:mqtt://b/1?a=1&b=2",
    ]


def test_without_more_it_is_the_cpu_s_use(asked: dict[str, Any], tmp_path: Path) -> None:
    assert main(["meters", "emulate", "json", "--idle-w", "2", "--full-w", "9"]) == 0
    assert isinstance(asked["load"], CpuLoad)
    assert asked["load"].source == "source cpu, idle_w 2, full_w 9"
    assert asked["options"].device.period_s is None  # the device's own
