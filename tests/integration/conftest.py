"""Fixtures of integration tests: brokers and emulated plugs that are real processes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.mqtt_broker import EmulatedPlug, Mosquitto, configure, free_port

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, which has its jobs ignore Ctrl-C, as they would have
    # the programs that tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start brokers: ``start_mosquitto(users={"user": "password"}, tls=True)``."""
    brokers: list[Mosquitto] = []

    def start(*, users: dict[str, str] | None = None, tls: bool = False) -> Mosquitto:
        folder = tmp_path / f"broker{len(brokers)}"
        folder.mkdir()
        broker = Mosquitto(folder, free_port(), users or {}, tls)
        configure(broker)
        broker.start()
        brokers.append(broker)
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A broker that asks nobody for a password."""
    return start_mosquitto()


@pytest.fixture
def start_plug(tmp_path: Path) -> Iterator[Callable[..., EmulatedPlug]]:
    """Start emulated plugs: ``start_plug(broker, "plug-1", "--seed", "1")``; ready on return.

    ``kind`` is one of the devices of ``meters emulate``.
    """
    plugs: list[EmulatedPlug] = []

    def start(
        broker: Mosquitto,
        topic: str,
        *options: str,
        environment: dict[str, str] | None = None,
        kind: str = "tasmota",
    ) -> EmulatedPlug:
        truth = tmp_path / f"truth-{len(plugs)}.csv"
        command = [sys.executable, "-m", "benchharness", "meters", "emulate", kind]
        command += ["--broker", broker.url, "--topic", topic, "--truth", str(truth), *options]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        assert process.stderr is not None
        line = process.stderr.readline()
        plug = EmulatedPlug(process, "".join(shlex.split(line)[-1:]), truth)
        plugs.append(plug)
        if not line.startswith("ready: "):
            raise RuntimeError(line + process.stderr.read())
        return plug

    yield start
    for plug in plugs:
        plug.stop(signal.SIGKILL)


@pytest.fixture(autouse=True)
def no_credentials_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "PASSWORD", "CREDENTIALS"):
        monkeypatch.delenv(f"BENCHHARNESS_MQTT_{name}", raising=False)
