"""Passwords and TLS against a real broker; what is wrong is one line, and no secret is in it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchharness.errors import MeterError
from benchharness.meters.instrument import load_meter, resolve_instrument
from benchharness.meters.mqtt import connection as mqtt
from benchharness.model import MeterEvent
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto, make_ca, make_server_certificate

pytestmark = pytest.mark.broker

StartBroker = Callable[..., Mosquitto]
StartPlug = Callable[..., EmulatedPlug]
PASSWORD = "corr3ct-h0rse"
LOGIN = {"BENCHHARNESS_MQTT_USER": "lab", "BENCHHARNESS_MQTT_PASSWORD": PASSWORD}


def open_error(address: str) -> str:
    meter = load_meter(resolve_instrument(address))
    started = time.monotonic()
    with pytest.raises(MeterError) as caught:
        meter.open()
    assert time.monotonic() - started < 6
    line = caught.value.line()
    assert "\n" not in line
    assert PASSWORD not in line and PASSWORD not in repr(caught.value) + repr(meter.instrument)
    return line


def read_one(address: str) -> None:
    meter = load_meter(resolve_instrument(address))
    meter.open()
    assert meter.read()
    meter.close()


def test_password_from_the_environment(
    start_mosquitto: StartBroker, start_plug: StartPlug, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = start_mosquitto(users={"lab": PASSWORD})
    start_plug(broker, "plug-1", environment=LOGIN)
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    read_one(broker.address("plug-1"))
    monkeypatch.setenv("BENCHHARNESS_MQTT_PASSWORD", "wrong")
    line = open_error(broker.address("plug-1"))
    assert "the broker refuses: " in line
    assert "a user and a password were sent: check both" in line


def test_no_password_where_one_is_asked_for(start_mosquitto: StartBroker) -> None:
    line = open_error(start_mosquitto(users={"lab": PASSWORD}).address("plug-1"))
    assert "the broker refuses: Not authorized" in line
    assert "set BENCHHARNESS_MQTT_USER and BENCHHARNESS_MQTT_PASSWORD" in line


def test_password_from_a_file_of_mode_600(
    start_mosquitto: StartBroker, start_plug: StartPlug, tmp_path: Path
) -> None:
    broker = start_mosquitto(users={"lab": PASSWORD})
    start_plug(broker, "plug-1", environment=LOGIN)
    secret = tmp_path / "broker.secret"
    secret.write_text(f"lab\n{PASSWORD}\n")
    file = tmp_path / "plug-1.toml"
    file.write_text(
        f'driver = "tasmota"\nbroker = "{broker.url}"\ntopic = "plug-1"\n'
        'credentials_file = "broker.secret"\n'
    )
    secret.chmod(0o644)
    line = open_error(str(file))
    assert line == f"{secret}: other users may read the credentials; chmod 600 {secret}"
    secret.chmod(0o600)
    read_one(str(file))


def test_the_emulator_holds_no_password_in_its_command_line(
    start_mosquitto: StartBroker, start_plug: StartPlug
) -> None:
    plug = start_plug(start_mosquitto(users={"lab": PASSWORD}), "plug-1", environment=LOGIN)
    command = Path(f"/proc/{plug.process.pid}/cmdline").read_bytes()
    assert b"emulate" in command and PASSWORD.encode() not in command
    assert PASSWORD not in plug.truth.read_text()


def test_tls_with_the_right_ca(
    start_mosquitto: StartBroker, start_plug: StartPlug, tmp_path: Path
) -> None:
    broker = start_mosquitto(tls=True)
    start_plug(broker, "plug-1", "--tls-ca", str(broker.ca_file))
    read_one(broker.address("plug-1", tls_ca=broker.ca_file))


def test_tls_with_a_wrong_ca_or_none(start_mosquitto: StartBroker, tmp_path: Path) -> None:
    broker = start_mosquitto(tls=True)
    wrong = make_ca(tmp_path)
    for address in (broker.address("plug-1", tls_ca=wrong), broker.address("plug-1")):
        line = open_error(address)
        assert "the broker's certificate is not trusted" in line
        assert "set tls_ca to the PEM file of the CA that signed it" in line


@pytest.mark.parametrize(
    ("names", "days", "problem", "remedy"),
    [
        ("DNS:broker.example", 2, "is for another name: IP address mismatch", "write the name"),
        ("IP:127.0.0.1", -1, "is out of date: certificate has expired", "renew it, or set"),
    ],
)
def test_tls_with_a_certificate_that_is_not_good_here(
    start_mosquitto: StartBroker, names: str, days: int, problem: str, remedy: str
) -> None:
    broker = start_mosquitto(tls=True)
    broker.kill()
    make_server_certificate(broker.folder, names, days)
    broker.start()
    line = open_error(broker.address("plug-1", tls_ca=broker.ca_file))
    assert f"the broker's certificate {problem}" in line and remedy in line


def test_a_user_whom_the_broker_no_longer_knows_is_told_and_not_forgotten(
    start_mosquitto: StartBroker, start_plug: StartPlug, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = start_mosquitto(users={"lab": PASSWORD})
    start_plug(broker, "plug-1", environment=LOGIN)
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    meter = load_meter(resolve_instrument(broker.address("plug-1")))
    meter.open()
    broker.kill()
    (broker.folder / "passwords").write_text("")
    broker.start()
    events: list[MeterEvent] = []
    deadline = time.monotonic() + 8
    while not any("refuses" in event.detail for event in events):
        assert time.monotonic() < deadline, events
        time.sleep(0.05)
        events += meter.events()
    meter.close()
    assert [event.kind for event in events].count("disconnected") == 2
    assert not any(PASSWORD in event.detail for event in events)


def test_tls_to_a_port_without_it_and_the_other_way_round(start_mosquitto: StartBroker) -> None:
    plain, secured = start_mosquitto(), start_mosquitto(tls=True)
    assert "TLS" in open_error(plain.address("plug-1").replace("mqtt:", "mqtts:"))
    line = open_error(secured.address("plug-1").replace("mqtts:", "mqtt:"))
    assert "the broker hangs up; write mqtts:// if it wants TLS" in line


def test_a_ca_file_that_is_none(start_mosquitto: StartBroker, tmp_path: Path) -> None:
    broker = start_mosquitto(tls=True)
    missing, text = tmp_path / "missing.pem", tmp_path / "text.pem"
    text.write_text("not a certificate\n")
    assert "tls_ca: no such file" in open_error(broker.address("plug-1", tls_ca=missing))
    assert "tls_ca: not a certificate" in open_error(broker.address("plug-1", tls_ca=text))


def test_a_host_that_does_not_exist() -> None:
    assert "no such host" in open_error("tasmota:mqtt://no-such-host.invalid/plug-1")


def test_something_that_listens_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "CONNECT_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "the broker does not answer" in open_error(f"tasmota:mqtt://127.0.0.1:{port}/p")
