"""Instruments: names, files, addresses, and one clear line for what is wrong."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from benchharness.errors import MeterError, UnknownNameError, UsageError
from benchharness.meters import instrument as instruments
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.estimate import EstimateMeter
from benchharness.meters.instrument import (
    default_instrument,
    known_drivers,
    list_instruments,
    load_meter,
    read_instrument,
    resolve_instrument,
)
from benchharness.meters.plugs.tasmota import TasmotaMeter

PLUG = 'driver = "tasmota"\nbroker = "mqtt://broker:1883"\ntopic = "plug-1"\n'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of instruments, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "benchharness" / "meters"
    folder.mkdir(parents=True)
    return folder


def error_of(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_meter(resolve_instrument(text))
    assert "\n" not in caught.value.line()
    assert caught.value.exit_code == 2
    return caught.value


def test_a_name_is_a_file_in_the_user_s_folder(own: Path) -> None:
    (own / "desk.toml").write_text(PLUG + 'target = "pi-4"\n')
    found = resolve_instrument("desk")
    assert (found.name, found.driver, found.target) == ("desk", "tasmota", "pi-4")
    assert found.where == str(own / "desk.toml")
    assert found.options == {"broker": "mqtt://broker:1883", "topic": "plug-1"}
    assert isinstance(load_meter(found), TasmotaMeter)


def test_a_user_s_own_file_hides_a_shipped_one(own: Path) -> None:
    (own / "estimate-raspberry-pi-5.toml").write_text(
        'driver = "estimate"\nidle_w = 2.0\nfull_w = 6.0\n'
    )
    assert resolve_instrument("estimate-raspberry-pi-5").options["full_w"] == 6.0


def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "plug.toml"
    path.write_text(PLUG)
    assert resolve_instrument(str(path)).name == "plug"
    assert error_of(str(tmp_path / "no.toml")).what == "no such instrument file"


def test_an_address() -> None:
    found = resolve_instrument("tasmota:mqtts://broker.local/lab/plug-1?poll_s=0.5&channel=2")
    assert found == Instrument(
        name="lab-plug-1",
        driver="tasmota",
        where="tasmota:mqtts://broker.local/lab/plug-1?poll_s=0.5&channel=2",
        target="board",
        options={
            "poll_s": 0.5,
            "channel": 2,
            "broker": "mqtts://broker.local:8883",
            "topic": "lab/plug-1",
        },
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("estimate-raspberry-pi-6", "did you mean 'estimate-raspberry-pi-"),
        ("tasmoto:mqtt://broker/p", "unknown meter driver 'tasmoto'; did you mean 'tasmota'?"),
        ("tasmota:mqtt://broker", "the address names no topic; add /TOPIC at its end"),
        ("tasmota:mqtt://broker:99999/p", "the port is not a number from 1 to 65535"),
        ("tasmota:mqtt://:1883/p", "the broker's host or port is missing"),
        ("tasmota:http://broker/p", "unknown scheme 'http'; use mqtt:// or mqtts:// (TLS)"),
        ("tasmota:mqtt://broker/p?pol_s=1", "unknown key 'pol_s'; did you mean 'poll_s'?"),
        ("tasmota:mqtt://broker/p?poll_s=fast", "poll_s: expected a number from 0 to 3600"),
        ("tasmota:plug-1", 'broker: is missing; add broker = "mqtt://HOST:1883"'),
        ("tasmota:mqtt://[::1/p", "not a broker's address"),
    ],
)
def test_a_wrong_address_or_name(own: Path, text: str, line: str) -> None:
    assert line in error_of(text).line()


@pytest.mark.parametrize(
    "text",
    [
        "tasmota:mqtt://user:s3cret@broker/plug-1",
        "tasmota:mqtt://s3cret@broker/plug-1",
        "tasmota:mqtt://user:s3cret@broker:x/plug-1",
        "tasmota:mqtt://broker/plug-1?password=s3cret",
        "tasmota:user:s3cret@broker",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    line = error_of(text).line()
    assert "BENCHHARNESS_MQTT_PASSWORD" in line and "mode 600" in line
    assert "s3cret" not in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 'driver: is missing; add driver = "tasmota"'),
        ("driver = 3", "driver: expected a text, got 3"),
        ('driver = "tasmot"', "unknown meter driver 'tasmot'; did you mean 'tasmota'?"),
        ('driver = "tasmota"\nbroker = "b"', 'topic: is missing; add topic = "plug-1"'),
        (PLUG + "poll_s = -1", "poll_s: expected a number from 0 to 3600, got -1"),
        (PLUG + "poll_s = nan", "poll_s: expected a number from 0 to 3600, got nan"),
        (PLUG + "poll_s = true", "poll_s: expected a number from 0 to 3600, got True"),
        (PLUG + 'gain = "5 %"', "gain: expected a number from 0 to 1, got '5 %'"),
        (PLUG + "channel = 1.5", "channel: expected a whole number from 1 to 32, got 1.5"),
        (PLUG + 'chip = "hlw8013"', "unknown chip 'hlw8013'; did you mean 'hlw8012'?"),
        (PLUG + 'class = "real"', "unknown class 'real'"),
        (PLUG + "power_resolution = 1", "did you mean 'power_resolution_w'?"),
        (PLUG + "port = 1884", "port: the broker's address has one already"),
        (PLUG + 'tls_ca = "ca.pem"', "tls_ca: the broker's address has no TLS"),
        (PLUG + 'full_topic = "x/%topic%"', "full_topic: got 'x/%topic%'"),
        ('driver = "tasmota"\nbroker = "b/x"\ntopic = "p"', "nothing may follow the port"),
        ('driver = "tasmota"\nbroker = "b"\ntopic = "p/#"', "topic: not a plug's topic: 'p/#'"),
        ('driver = "tasmota"\nbroker = 7\ntopic = "p"', "broker: expected a text, got 7"),
        ('driver = "tasmota', "is not TOML"),
        ('driver = "estimate"\nidle_w = 2', "full_w: is missing"),
        ('driver = "estimate"\nidle_w = 5\nfull_w = 2', "full_w: 2 W is below idle_w, 5 W"),
        (
            'driver = "estimate"\nidle_w = 2\nfull_w = 5\nclass = "measured"',
            "class: an estimate is not measured",
        ),
        (
            'driver = "estimate"\nidle_w = 2\nfull_w = 5\nboards = "Pi"',
            "boards: expected a list of texts, got 'Pi'",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(text)
    found = error_of(str(path)).line()
    assert found.startswith(str(path)) and line in found


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "meter.toml"
    path.write_bytes(b'driver = "\xff"')
    assert error_of(str(path)).what == "is not UTF-8 text"


@pytest.mark.parametrize("key", ["password", "mqtt_passwd", "api_token", "client_secret"])
def test_a_secret_in_a_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(PLUG + f'{key} = "s3cret"\n')
    line = error_of(str(path)).line()
    assert line.startswith(f"{path}: {key}: a secret does not belong here; ")
    assert "s3cret" not in line


def test_a_broker_s_port_may_stand_apart(tmp_path: Path) -> None:
    path = tmp_path / "meter.toml"
    path.write_text('driver = "tasmota"\nbroker = "broker"\nport = 1884\ntopic = "p"\n')
    (check,) = load_meter(read_instrument(path)).check()
    assert "mqtt://broker:1884" in check.found


def test_the_drivers_and_the_shipped_instruments() -> None:
    assert {"estimate", "tasmota"} <= set(known_drivers())
    shipped = list_instruments()
    assert [item.name for item in shipped] == sorted(item.name for item in shipped)
    for item in shipped:
        meter = load_meter(item)
        assert isinstance(meter, Meter)
        assert item.options["source"], "published watts need their source"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (b"Raspberry Pi 3 Model B Plus Rev 1.3\0", "estimate-raspberry-pi-3b-plus"),
        (b"Raspberry Pi 4 Model B Rev 1.4\0", "estimate-raspberry-pi-4b"),
        (b"Raspberry Pi 5 Model B Rev 1.0\0", "estimate-raspberry-pi-5"),
        (b"NVIDIA Jetson Nano Developer Kit\0", "estimate-jetson-nano"),
        (b"NVIDIA Jetson AGX Orin Developer Kit\0", "estimate-jetson-agx-orin"),
        (b"NVIDIA Jetson Orin Nano Developer Kit Super\0", "estimate-jetson-orin-nano"),
        (b"Some Board Nobody Knows\0", "estimate-generic-arm"),
    ],
)
def test_the_board_decides_the_estimate(own: Path, tmp_path: Path, model: bytes, name: str) -> None:
    place = tmp_path / "root" / "proc" / "device-tree"
    place.mkdir(parents=True)
    (place / "model").write_bytes(model)
    sysroot = str(tmp_path / "root")
    assert default_instrument(sysroot).name == name
    assert resolve_instrument("estimate", sysroot=sysroot).name == name
    assert isinstance(load_meter(default_instrument(sysroot)), EstimateMeter)


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "estimate-generic-x86"), ("aarch64", "estimate-generic-arm")]
)
def test_a_machine_without_a_device_tree(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, name: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert default_instrument(str(tmp_path)).name == name


def test_the_day_of_a_calibration_is_a_day(own: Path) -> None:
    path = own / "plug.toml"
    for written in ("2026-01-31", '"2026-01-31"', "2026-01-31T08:00:00"):
        path.write_text(f"{PLUG}\ncalibration_date = {written}\n")
        assert read_instrument(path).options["calibration_date"] == "2026-01-31"
    for written in ('"soon"', "7", '"2026-13-01"'):
        path.write_text(f"{PLUG}\ncalibration_date = {written}\n")
        with pytest.raises(UsageError, match="calibration_date: expected a day"):
            read_instrument(path)


def test_a_broken_file_does_not_stand_in_the_way_of_the_others(own: Path) -> None:
    (own / "broken.toml").write_text("driver = ")
    assert default_instrument().driver == "estimate"
    assert resolve_instrument("estimate").driver == "estimate"
    with pytest.raises(UsageError, match="broken"):
        resolve_instrument("broken")


def test_a_default_of_the_user_s_own_comes_first(own: Path) -> None:
    (own / "default.toml").write_text(PLUG)
    assert default_instrument().driver == "tasmota"


def test_a_driver_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("shelly", "no_such_package.shelly:Meter", "benchharness.meters")
    monkeypatch.setattr(instruments, "entry_points", lambda group: [entry])
    with pytest.raises(MeterError, match="driver 'shelly' cannot be loaded"):
        load_meter(resolve_instrument("shelly:192.168.1.5"))


def test_an_unknown_driver_in_an_instrument() -> None:
    with pytest.raises(UnknownNameError, match="unknown meter driver 'wattsup'"):
        load_meter(Instrument("x", "wattsup", "x.toml"))
