"""A plug's relay through a real broker: refused, asked, confirmed or not."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.errors import MeterError, UsageError
from benchharness.meters.base import Switchable
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.meters.plugs import plug as plug_module
from benchharness.meters.plugs.plug import PlugMeter
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = pytest.mark.broker


@pytest.fixture
def file(mosquitto: Mosquitto, tmp_path: Path) -> Callable[..., Path]:
    """Write an instrument file of plug-1."""

    def write(*lines: str) -> Path:
        path = tmp_path / "plug-1.toml"
        text = ['driver = "tasmota"', f'broker = "{mosquitto.url}"', 'topic = "plug-1"', *lines]
        path.write_text("\n".join(text) + "\n")
        return path

    return write


@pytest.fixture
def told(mosquitto: Mosquitto) -> Iterator[list[str]]:
    """What is said to the relay of plug-1."""
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    words: list[str] = []
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: words.append(bytes(message.payload).decode())
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", mosquitto.port)
    client.subscribe("cmnd/plug-1/Power1")
    client.loop_start()
    assert ready.wait(5)
    yield words
    client.disconnect()
    client.loop_stop()


def test_it_is_off_by_default_and_says_how_to_turn_it_on(
    file: Callable[..., Path], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = file()
    assert main(["meters", "power", str(path), "off", "--yes"]) == 2
    assert capsys.readouterr().err == (
        f"benchharness: {path}: this plug's relay is not to be switched; "
        "write relay = true in its instrument file\n"
    )
    with pytest.raises(UsageError, match="relay = true"):
        relay_of(path).switch(False)
    assert told == []


def test_an_address_cannot_allow_it(
    mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    address = mosquitto.address("plug-1", relay="true")
    assert main(["meters", "power", address, "off", "--yes"]) == 2
    error = capsys.readouterr().err
    assert "relay: expected true or false, got 'true'; write it in an instrument file" in error


def test_without_a_terminal_it_is_refused(
    file: Callable[..., Path],
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert main(["meters", "power", str(file("relay = true")), "off"]) == 2
    assert capsys.readouterr().err == (
        "benchharness: there is no terminal to ask on; add --yes if you are sure\n"
    )
    assert told == []


def test_a_meter_without_a_relay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meters", "power", "estimate-raspberry-pi-4b", "off", "--yes"]) == 2
    assert "estimate meters have no relay" in capsys.readouterr().err


def test_off_and_on_are_confirmed_and_take_the_load_away(
    mosquitto: Mosquitto,
    start_plug: Callable[..., EmulatedPlug],
    file: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_plug(mosquitto, "plug-1", "--update", "0.1", "--idle-w", "5", "--full-w", "5")
    path = file("relay = true", "poll_s = 0.1")
    assert main(["meters", "power", str(path), "off", "--yes"]) == 0
    assert capsys.readouterr().err == "plug-1: off, as the plug confirms\n"
    meter = relay_of(path)
    meter.open()
    try:
        until(lambda: any(reading.power_w == 0 for reading in meter.read()))
        meter.switch(True)  # while it measures: on the same connection
        until(lambda: any(reading.power_w == 5 for reading in meter.read()))
        assert "switched on" in [event.detail for event in meter.events()]
    finally:
        meter.close()


@pytest.mark.parametrize("kind", ["shelly-gen1", "shelly-gen2", "zigbee2mqtt"])
def test_every_make_is_switched_and_confirms(
    mosquitto: Mosquitto, start_plug: Callable[..., EmulatedPlug], tmp_path: Path, kind: str
) -> None:
    plug = start_plug(mosquitto, "plug-1", kind=kind)
    declared = resolve_instrument(plug.address)
    meter = load_meter(replace(declared, options={**declared.options, "relay": True}))
    assert isinstance(meter, Switchable)
    meter.switch(False)
    meter.switch(False)  # it is off already, and says so
    meter.switch(True)


def test_a_cycle_is_off_and_then_on(
    mosquitto: Mosquitto,
    start_plug: Callable[..., EmulatedPlug],
    file: Callable[..., Path],
    told: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_plug(mosquitto, "plug-1")
    started = time.monotonic()
    path = file("relay = true")
    assert main(["meters", "power", str(path), "cycle", "--off-s", "0.3", "--yes"]) == 0
    assert time.monotonic() - started >= 0.3
    until(lambda: told == ["OFF", "ON"])
    assert capsys.readouterr().err.splitlines() == [
        "plug-1: off, as the plug confirms",
        "plug-1: on, as the plug confirms",
    ]


def test_a_plug_that_does_not_confirm_is_exit_code_3(
    file: Callable[..., Path],
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plug_module, "_CONFIRM_S", 0.3)
    assert main(["meters", "power", str(file("relay = true")), "off", "--yes"]) == 3
    error = capsys.readouterr().err
    assert "the plug does not confirm within 0.3 s that it is switched off" in error
    assert error.count("\n") == 1
    until(lambda: told == ["OFF"])


def test_another_channel_s_answer_is_no_confirmation(
    mosquitto: Mosquitto, file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plug_module, "_CONFIRM_S", 0.3)
    mosquitto.publish("stat/plug-1/RESULT", json.dumps({"POWER1": "OFF"}), retain=True)
    with pytest.raises(MeterError, match="does not confirm"):
        relay_of(file("relay = true", "channel = 2")).switch(False)


@pytest.mark.parametrize(("answer", "code", "words"), [("y", 0, ["OFF"]), ("", 1, [])])
def test_it_asks_on_a_terminal(
    mosquitto: Mosquitto,
    start_plug: Callable[..., EmulatedPlug],
    file: Callable[..., Path],
    told: list[str],
    answer: str,
    code: int,
    words: list[str],
) -> None:
    start_plug(mosquitto, "plug-1")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "benchharness", "meters", "power"]
    with subprocess.Popen(
        [*command, str(file("relay = true")), "off"],
        stdin=theirs,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        _, error = process.communicate(timeout=20)
    os.close(ours)
    assert error.startswith("Switch off what hangs on plug-1? [y/N] ")
    assert process.returncode == code
    until(lambda: told == words)


def relay_of(path: Path) -> PlugMeter:
    meter = load_meter(resolve_instrument(str(path)))
    assert isinstance(meter, PlugMeter)
    return meter


def until(condition: Callable[[], bool], timeout_s: float = 8.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
