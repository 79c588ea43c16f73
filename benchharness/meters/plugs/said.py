"""What one message of a plug can say, beside a reading: the answers of every dialect's parsers."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.meters.plugs.payload import PlugReading, Rejection


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the plug is there: its last will (LWT), or what a bridge says of it."""

    online: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers: firmware version or model for people, and what is unique to one device.

    ``hardware`` is a MAC address, a serial number or the like: two different ones on one topic
    are two devices. Either may come alone. ``emulated`` is said by the emulator's mark.
    """

    version: str | None = None
    hardware: str | None = None
    emulated: bool = False


@dataclass(frozen=True, slots=True)
class RelayState:
    """Whether the relay of this channel is closed, so that current can flow."""

    on: bool


Said = PlugReading | Availability | Identity | RelayState | Rejection
