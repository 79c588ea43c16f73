"""A plug with Tasmota firmware (Delock 11827 and others) as a meter, over MQTT.

The driver listens to ``tele/<topic>/SENSOR`` and asks ``cmnd/<topic>/Status 10`` every
``poll_s``, since TelePeriod alone gives a message each 10 s at best. ``Power`` is a snapshot of
recent pulses; ``Total`` integrates them and is the counter. Retained sensor messages are of
unknown age and rejected; the retained LWT is believed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from benchharness.meters.checks import Refine
from benchharness.meters.common import CommonDefaults
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Availability, Identity, RelayState, Said
from benchharness.meters.plugs.tasmota_payload import (
    Rejection,
    parse_hardware,
    parse_online,
    parse_relay,
    parse_sensor,
    parse_version,
)

_DEFAULT_FULL_TOPIC = "%prefix%/%topic%/"
_TRAITS = Traits(
    make="a Tasmota plug",
    defaults=CommonDefaults(
        # Whole watts and three decimals of kWh are what the firmware shows unless told otherwise.
        power_resolution_w=1.0,
        energy_resolution_j=3600.0,
        # An uncalibrated pulse meter may be off by several per cent, all of it one common gain.
        gain_bound=0.05,
        # The firmware works its figures out once a second; the rest is the network.
        latency_bound_s=1.5,
    ),
    poll_s=1.0,
    answers_identity=True,
    refine=Refine(power="send WattRes 1 to the plug", counter="send EnergyRes 5 to the plug"),
)


class TasmotaDialect(Dialect):
    """One channel of a Tasmota device. ``full_topic`` is the firmware's FullTopic setting."""

    traits = _TRAITS

    def __init__(self, topic: str, channel: int, full_topic: str = _DEFAULT_FULL_TOPIC) -> None:
        self._topic = topic
        self._channel = channel
        self._full_topic = full_topic

    def topics(self) -> Sequence[Topic]:
        """Return sensor messages, answers to Status, the last will, and the relay's."""
        sensor = functools.partial(parse_sensor, channel=self._channel)
        relay = functools.partial(_relay, channel=self._channel)
        return [
            Topic(self._at("tele", "SENSOR"), sensor),
            Topic(self._at("stat", "STATUS8"), sensor, answers=True),
            Topic(self._at("stat", "STATUS10"), sensor, answers=True),
            Topic(self._at("tele", "LWT"), _lwt, believe_retained=True),
            Topic(self._at("stat", "STATUS2"), _firmware),
            Topic(self._at("stat", "STATUS5"), _network),
            Topic(self._at("stat", "RESULT"), relay),
        ]

    def ask_reading(self) -> Sequence[Command]:
        """Ask for the sensors."""
        return [Command(self._at("cmnd", "Status"), "10")]

    def ask_identity(self) -> Sequence[Command]:
        """Ask for the MAC address, which only one device has, and for the firmware."""
        return [Command(self._at("cmnd", "Status"), number) for number in ("5", "2")]

    def switch(self, on: bool) -> Sequence[Command]:
        """Switch this channel's relay."""
        return [Command(self._at("cmnd", f"Power{self._channel}"), "ON" if on else "OFF")]

    def _at(self, prefix: str, name: str) -> str:
        place = self._full_topic.replace("%prefix%", prefix).replace("%topic%", self._topic)
        return f"{place.rstrip('/')}/{name}"


class TasmotaMeter(PlugMeter):
    """A meter of one channel of a Tasmota plug."""

    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> TasmotaDialect:
        """Take ``full_topic``. Raises UsageError."""
        full_topic = keys.text("full_topic") or _DEFAULT_FULL_TOPIC
        named = "%prefix%" in full_topic and "%topic%" in full_topic
        if not named or any(sign in full_topic for sign in "+#\0"):
            remedy = f"write it like {_DEFAULT_FULL_TOPIC}"
            raise keys.error("full_topic", f"got {full_topic!r}", remedy)
        return TasmotaDialect(topic, channel, full_topic)


def _lwt(payload: bytes) -> Said:
    online = parse_online(payload)
    return online if isinstance(online, Rejection) else Availability(online)


def _firmware(payload: bytes) -> Said:
    version = parse_version(payload)
    if isinstance(version, Rejection):
        return Rejection(f"STATUS2: {version.reason}")
    return Identity(version=version)


def _network(payload: bytes) -> Said:
    mac = parse_hardware(payload)
    if isinstance(mac, Rejection):
        return Rejection(f"STATUS5: {mac.reason}")
    return Identity(hardware=mac)


def _relay(payload: bytes, channel: int) -> Said | tuple[Said, ...]:
    on = parse_relay(payload, channel)
    if on is None:
        return ()
    return on if isinstance(on, Rejection) else RelayState(on)
