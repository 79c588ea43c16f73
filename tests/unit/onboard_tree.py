"""Recorded trees that a test may change: a copy of tests/data/<name>, and how to write into it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from benchharness.clock import FakeClock
from benchharness.meters.base import Instrument
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.model import Reading

DATA = Path(__file__).resolve().parents[1] / "data"
SECOND = 1_000_000_000


class Tree:
    """A copy of a recorded tree."""

    def __init__(self, name: str, tmp_path: Path) -> None:
        self.root = tmp_path / name
        shutil.copytree(DATA / name, self.root)

    def path(self, where: str) -> Path:
        """Return the one file that the pattern ``where`` finds, such as */hwmon1/in1_input."""
        (found,) = self.root.glob(f"**/{where}")
        return found

    def put(self, where: str, value: object) -> None:
        """Write a value, as the kernel would show it."""
        self.path(where).write_text(f"{value}\n")

    def remove(self, where: str) -> None:
        self.path(where).unlink()


def instrument(driver: str, options: Mapping[str, object] | None = None) -> Instrument:
    return Instrument(driver, driver, f"{driver}.toml", options=dict(options or {}))


def step(meter: PolledMeter, clock: FakeClock, duration_s: float | None = None) -> list[Reading]:
    """Let a period pass, and return what the meter read then."""
    clock.sleep_s(meter.poll_s if duration_s is None else duration_s)
    return meter.read()
