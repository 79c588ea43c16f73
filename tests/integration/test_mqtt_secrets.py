"""A password is where it was put and nowhere else: a whole run, searched byte by byte."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchharness.errors import MeterError
from benchharness.meters.instrument import load_meter, resolve_instrument
from tests.integration.harness import Harness
from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto

pytestmark = pytest.mark.broker

PASSWORD = "corr3ct-h0rse-b4ttery"
LOGIN = {"BENCHHARNESS_MQTT_USER": "lab", "BENCHHARNESS_MQTT_PASSWORD": PASSWORD}


def processes() -> dict[str, bytes]:
    """Each process's command line, as anybody may list it, and its environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            found[words.decode(errors="replace")] = (folder / "environ").read_bytes()
        except OSError:
            continue  # it has ended
    return found


@pytest.mark.slow
def test_a_password_is_in_no_result_output_process_list_or_report(
    tmp_path: Path,
    start_mosquitto: Callable[..., Mosquitto],
    start_plug: Callable[..., EmulatedPlug],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = Harness(tmp_path)
    broker = start_mosquitto(users={"lab": PASSWORD})
    start_plug(broker, "plug-1", environment=LOGIN)
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    program = "import time; time.sleep(2.125)"
    process = harness.start(
        "run", "--json", "--meter", broker.address("plug-1"), "--idle", "0.5",
        "--", sys.executable, "-c", program,
    )  # fmt: skip
    seen: dict[str, bytes] = {}
    while process.poll() is None:
        seen.update(processes())
        time.sleep(0.1)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    workloads = [line for line in seen if line.endswith(f"-c {program} ")]
    workloads = [line for line in workloads if "benchharness run" not in line]
    assert workloads
    # Nor has the program under measurement any business with it.
    assert not any(PASSWORD.encode() in seen[line] for line in workloads)
    assert "energy" in stdout
    report = tmp_path / "report.html"
    shown = harness("report", "last", "--html", str(report))
    assert shown.code == 0, shown.stderr
    assert report.stat().st_size > 10_000
    texts = [*seen, stdout, stderr, shown.stdout, shown.stderr]
    assert not any(PASSWORD in text for text in texts)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "broker" not in str(path)]
    assert any(path.suffix == ".db" for path in files)
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("password", [PASSWORD, "wr0ng-" + PASSWORD])
def test_a_password_is_in_no_repr_error_event_or_log(
    start_mosquitto: Callable[..., Mosquitto],
    start_plug: Callable[..., EmulatedPlug],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    password: str,
) -> None:
    broker = start_mosquitto(users={"lab": PASSWORD})
    start_plug(broker, "plug-1", environment=LOGIN)
    monkeypatch.setenv("BENCHHARNESS_MQTT_USER", "lab")
    monkeypatch.setenv("BENCHHARNESS_MQTT_PASSWORD", password)
    caplog.set_level(logging.DEBUG)
    meter = load_meter(resolve_instrument(broker.address("plug-1", check_s=0.3)))
    said: list[object] = []
    try:
        meter.open()
    except MeterError as error:
        said += [error, error.line(), error.__dict__]
    said += [meter, vars(meter), meter.instrument, meter.events(), meter.read()]
    said += [meter.check(), meter.events(), caplog.text]
    meter.close()
    said.append(meter.events())
    assert not any(password in f"{one!r} {one}" for one in said)
    assert len(said) == 8 + (0 if password == PASSWORD else 3) + 1


def test_the_command_that_checks_says_nothing_of_it(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    broker = start_mosquitto(users={"lab": "another"})
    done = subprocess.run(
        [sys.executable, "-m", "benchharness", "--debug", "meters", "check",
         broker.address("plug-1")],
        env={**os.environ, **LOGIN}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "the broker refuses: Not authorized" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
