"""Real-shaped payloads of plugs with the readings that they hold, from tests/data/<kind>/.

An entry is four lines: what it is, its topic (for mqtt-json the places of the figures), the
payload, and after "=" what it says, worked out by hand. A key that is not there is None.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Availability, Identity, RelayState

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Entry:
    """One payload."""

    what: str
    topic: str
    payload: bytes
    says: dict[str, Any]


def corpus(kind: str) -> list[Entry]:
    """Return the entries of ``tests/data/<kind>/corpus.txt``."""
    text = (DATA / kind / "corpus.txt").read_text(encoding="utf-8")
    entries = []
    for block in text.strip().split("\n\n"):
        what, topic, payload, says = block.splitlines()
        assert what.startswith("# ") and says.startswith("= "), block
        entries.append(Entry(what[2:], topic, payload.encode(), json.loads(says[2:])))
    return entries


def as_table(said: object) -> dict[str, Any]:
    """Return what a parser said as a corpus writes it."""
    found: dict[str, Any] = {}
    for one in said if isinstance(said, tuple) else (said,):
        if isinstance(one, PlugReading):
            found.update(
                power_w=one.power_w,
                power_step_w=one.power_step_w,
                energy_j=one.energy_j,
                energy_step_j=one.energy_step_j,
                device_s=one.device_s,
                device_step_s=one.device_step_s,
            )
        elif isinstance(one, Availability):
            found["online"] = one.online
        elif isinstance(one, RelayState):
            found["relay"] = one.on
        elif isinstance(one, Identity):
            found.update(version=one.version, hardware=one.hardware)
        else:
            assert isinstance(one, Rejection)
            found["rejected"] = one.reason
    return {key: value for key, value in found.items() if value is not None}
