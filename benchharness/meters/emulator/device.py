"""What every emulated device is, whatever it speaks: moved on in time, asked, told; never a clock.

Each marks itself with EMULATED_MARK (plugs/payload.py) where its driver listens:

tasmota       ``Version`` in StatusFWR and INFO1; key ``Emulator`` in each sensor message
shelly-gen1   ``fw_ver`` in ``shellies/announce`` and ``shellies/<id>/announce`` (on connecting and
              on the command ``announce``); key ``emulator`` in ``shellies/<id>/info`` (every 30 s
              and on the command ``update``). relay/0/power and /energy are bare numbers.
shelly-gen2   ``ver`` and ``fw_id`` in Shelly.GetDeviceInfo and in ``<prefix>/announce``; key
              ``emulator`` in each switch status: on ``<prefix>/status/switch:0``, in NotifyStatus
              on ``<prefix>/events/rpc`` and in the answers of Switch.GetStatus and
              Shelly.GetStatus
zigbee2mqtt   key ``emulator`` in each message of ``zigbee2mqtt/<name>``
json          key ``emulator`` in each message
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from benchharness.clock import NANOSECONDS_PER_SECOND

# When nothing will ever be due.
NEVER_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish."""

    topic: str
    payload: str
    retain: bool = False


class Device(Protocol):
    """A device on a broker. It is pure: equal calls and an equal seed give equal messages."""

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics and filters whose messages command() wants."""
        ...

    @property
    def address(self) -> str:
        """Return the path and query of its ``--meter`` address, after ``driver:mqtt://host/``."""
        ...

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do; NEVER_NS if not before a command."""
        ...

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what it says when it has connected."""
        ...

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns what has become due."""
        ...

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Take a message of one of its subscriptions; returns the answers."""
        ...

    def greeting(self) -> list[Message]:
        """Return what it says when it has connected, or connected again."""
        ...

    def farewell(self) -> Message | None:
        """Return its last will, which is also said on leaving; None if it leaves none."""
        ...


def ns(duration_s: float) -> int:
    """Convert seconds to whole nanoseconds."""
    return round(duration_s * NANOSECONDS_PER_SECOND)


def mac_address(topic: str, seed: int) -> str:
    """Return 12 hexadecimal digits: two devices on one topic differ by their seeds.

    The first digits say that the address is locally administered: it is nobody's.
    """
    return "020000" + hashlib.sha256(f"{topic} {seed}".encode()).hexdigest()[:6].upper()
