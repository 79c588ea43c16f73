"""The process of a testbed's emulated plugs: a broker, unless one is named, and every plug.

    python -m benchharness.testbed.program

The first line of stdin is its configuration (:class:`Configuration`, JSON). It answers with one
line on stdout: ``{"ready": {"broker": "mqtt://127.0.0.1:1883"}}`` once every plug answers, or
``{"error": {"what", "where", "remedy"}}``. The lines after that are what its devices draw from then
on (orders.py). It ends when its stdin does, which the kernel closes when the harness is gone, and
its broker with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchharness.errors import BenchharnessError, MeterError
from benchharness.meters.address import parse_broker
from benchharness.meters.emulator.devices import DeviceOptions
from benchharness.meters.emulator.group_load import GroupLoad
from benchharness.meters.emulator.service import Change, Changes, EmulatedDevice, emulate_devices
from benchharness.meters.mqtt.connection import MqttSettings
from benchharness.meters.mqtt.credentials import read_credentials
from benchharness.testbed.broker import own_broker
from benchharness.testbed.orders import Lines, LinkOrder, PowerOrder, order_from
from benchharness.testbed.records import PlugSettings


@dataclass(frozen=True, slots=True)
class PlugConfiguration:
    """One plug: its topic, the group whose use it sees, and the file for the exact energy."""

    topic: str
    usage_file: str
    cores: float
    idle_w: float
    busy_w: float
    truth: str | None = None
    device: str = ""
    transmit_w: float | None = None
    receive_w: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every plug of a testbed, and how they are.

    ``login`` is the file with the user and password of the broker that is to be started; None on
    a broker that the settings name.
    """

    settings: PlugSettings
    plugs: tuple[PlugConfiguration, ...]
    login: str | None = None

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Configuration:
        """Return what :meth:`to_json` has written."""
        data: dict[str, Any] = json.loads(text)
        plugs = tuple(PlugConfiguration(**each) for each in data["plugs"])
        return cls(PlugSettings(**data["settings"]), plugs, data.get("login"))


def main() -> int:
    """Be the plugs until stdin ends; return the exit code."""
    # Until the plugs run, which have handlers of their own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    try:
        lines = Lines(0)
        configuration = Configuration.from_json((lines.next() or b"").decode())
        with ExitStack() as stack:
            broker = configuration.settings.broker
            if broker is None:
                login = read_credentials(Path(configuration.login or ""))
                broker = stack.enter_context(own_broker(login))
            _emulate(configuration, broker, lines)
    except BenchharnessError as error:
        _say({"error": {"what": error.what, "where": error.where, "remedy": error.remedy}})
        return error.exit_code
    return 0


def _emulate(configuration: Configuration, broker: str, lines: Lines) -> None:
    settings = configuration.settings
    loads = [
        GroupLoad(
            Path(plug.usage_file),
            plug.cores,
            plug.idle_w,
            plug.busy_w,
            plug.transmit_w,
            plug.receive_w,
        )
        for plug in configuration.plugs
    ]
    devices = [
        EmulatedDevice(
            DeviceOptions(
                topic=plug.topic,
                chip=settings.chip,
                gain=settings.gain,
                period_s=settings.telemetry_s,
                watt_res=settings.watt_res,
                energy_res=settings.energy_res,
                seed=number,
                epoch=datetime.now(),
            ),
            partial(_same, loads[number]),
            None if plug.truth is None else Path(plug.truth),
        )
        for number, plug in enumerate(configuration.plugs)
    ]

    def ready(_addresses: Sequence[str]) -> None:
        _say({"ready": {"broker": broker}})

    login = None if configuration.login is None else Path(configuration.login)
    mqtt = MqttSettings(parse_broker(broker), credentials_file=login)
    changes: Changes = queue.SimpleQueue()
    places = {plug.device: number for number, plug in enumerate(configuration.plugs)}
    obey = partial(_obey_stdin, lines, places, loads, changes)
    threading.Thread(target=obey, name="stdin", daemon=True).start()
    emulate_devices(mqtt, "tasmota", devices, ready, changes=changes)


def _same(load: GroupLoad) -> GroupLoad:
    return load


def _obey_stdin(
    lines: Lines, places: Mapping[str, int], loads: Sequence[GroupLoad], changes: Changes
) -> None:
    """Take orders until the harness has gone or has enough, then leave as at a SIGTERM."""
    while (line := lines.next()) is not None:
        order = order_from(line)
        if order is not None and order.device in places:
            place = places[order.device]
            changes.put(Change(place, partial(_do, order, loads[place])))
    os.kill(os.getpid(), signal.SIGTERM)


def _do(order: PowerOrder | LinkOrder, load: GroupLoad) -> None:
    if isinstance(order, PowerOrder):
        load.set_power(order.power)
        return
    # The harness has looked at the counters; a port that has gone since carries nothing.
    with contextlib.suppress(MeterError):
        load.set_link(order.link)


def _leave(_number: int, _frame: object) -> None:
    """End by an exception, so that the broker is ended too."""
    raise SystemExit(0)


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")  # the protocol, not for people
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
