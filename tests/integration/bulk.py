"""Many meters at once on the plugs of many_plugs.py: what came, and what it cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from benchharness.meters.base import Meter
from benchharness.meters.instrument import load_meter, resolve_instrument
from tests.integration.many_plugs import STEP_J
from tests.integration.mqtt_broker import Mosquitto

_OPEN_AT_ONCE = 50


@dataclass
class Watched:
    """What the meters have told, by plug: the numbers of its messages."""

    meters: list[Meter]
    numbers: list[list[int]]

    def take(self) -> None:
        for meter, numbers in zip(self.meters, self.numbers, strict=True):
            for reading in meter.read():
                assert reading.energy_j is not None
                numbers.append(round(reading.energy_j / STEP_J))

    def watch(self, duration_s: float) -> float:
        """Read once a second, as the recorder does; returns the CPU seconds of this process."""
        self.take()
        start_s, end = time.process_time(), time.monotonic() + duration_s
        while time.monotonic() < end:
            time.sleep(max(0.0, min(1.0, end - time.monotonic())))
            self.take()
        return time.process_time() - start_s

    def missing(self, sent: list[int]) -> int:
        """Return how many messages did not become readings, from each meter's first on."""
        lost = 0
        for numbers, last in zip(self.numbers, sent, strict=True):
            lost += len(set(range(numbers[0], last + 1)) - set(numbers))
        return lost


@contextmanager
def bulk_plugs(broker: Mosquitto, plugs: int, rate_hz: float) -> Iterator[subprocess.Popen[str]]:
    """Have a process be so many plugs."""
    command = [sys.executable, "-m", "tests.integration.many_plugs"]
    command += [str(broker.port), str(plugs), str(rate_hz)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def stop(process: subprocess.Popen[str]) -> list[int]:
    """End the plugs; returns how many messages each has sent, all of which are on their way."""
    stdout, _ = process.communicate("\n", timeout=30)
    sent: list[int] = json.loads(stdout)
    return sent


@contextmanager
def open_meters(broker: Mosquitto, plugs: int, poll_s: float) -> Iterator[Watched]:
    """Open a meter for each plug."""
    meters = [
        load_meter(resolve_instrument(broker.address(f"bulk-{n}", poll_s=poll_s, wait_s=30)))
        for n in range(plugs)
    ]
    try:
        with ThreadPoolExecutor(_OPEN_AT_ONCE) as pool:
            list(pool.map(lambda meter: meter.open(), meters))
        yield Watched(meters, [[] for _ in meters])
    finally:
        for meter in meters:
            meter.close()
