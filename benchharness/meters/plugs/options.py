"""The keys that the instruments of all plugs have, beside those that every instrument has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from benchharness.meters.address import parse_broker
from benchharness.meters.base import Instrument
from benchharness.meters.common import CommonOptions, read_common
from benchharness.meters.mqtt.connection import MqttSettings
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs.dialect import Dialect


class Chip(NamedTuple):
    """A metering chip that counts pulses: the energy of one, and the least power it shows.

    With no pulse for 10 s the firmware says 0 W: below one pulse in 10 s a load is invisible.
    """

    pulse_j: float
    floor_w: float


# Datasheets, with the usual shunts and dividers.
CHIPS = {"hlw8012": Chip(12.5, 1.25), "bl0937": Chip(1.7, 0.17)}
_USUAL_PERIOD_S = 10.0


class Place(NamedTuple):
    """Which plug: its broker, its topic, and which of its channels (from 1)."""

    mqtt: MqttSettings
    topic: str
    channel: int


@dataclass(frozen=True, slots=True)
class PlugOptions:
    """What an instrument's file says of one plug, with the defaults of its make."""

    place: Place
    common: CommonOptions
    poll_s: float
    wait_s: float
    relay: bool


def read_place(keys: OptionReader, instrument: Instrument) -> Place:
    """Take broker, port, TLS, credentials, topic and channel. Raises UsageError with the key."""
    mqtt = _mqtt_settings(keys, instrument.where)
    topic = keys.required_text("topic", 'topic = "plug-1"').strip("/")
    if not is_topic(topic):
        raise keys.error("topic", f"not a plug's topic: {topic!r}", "write it without + and #")
    return Place(mqtt, topic, keys.integer("channel", 1, minimum=1, maximum=32))


def read_plug_options(keys: OptionReader, place: Place, dialect: Dialect) -> PlugOptions:
    """Take the other keys of all plugs. Raises UsageError with file and key."""
    traits = dialect.traits
    poll_s = keys.number("poll_s", minimum=0.0, maximum=3600.0)
    if poll_s and not dialect.ask_reading():
        raise keys.error("poll_s", f"{traits.make} cannot be asked", "leave it out")
    defaults = traits.defaults
    chip = keys.choice("chip", CHIPS)
    if chip is not None:
        found = CHIPS[chip]
        defaults = replace(defaults, pulse_j=found.pulse_j, floor_w=found.floor_w)
    common = read_common(keys, defaults)
    asked_s = traits.poll_s if poll_s is None else poll_s
    return PlugOptions(
        place=place,
        common=common,
        poll_s=asked_s,
        wait_s=common.wait_s or _patience_s(asked_s, common),
        relay=keys.flag("relay", False),
    )


def is_topic(text: str) -> bool:
    """Return whether a text is a topic that a device may have: no wildcard in it."""
    return bool(text) and not any(sign in text for sign in "+#\0")


def _mqtt_settings(keys: OptionReader, where: str) -> MqttSettings:
    text = keys.required_text("broker", 'broker = "mqtt://HOST:1883"')
    port = keys.integer("port", 0, minimum=1, maximum=65_535)
    broker = parse_broker(text, where, port or None)
    tls_ca = keys.path("tls_ca")
    if tls_ca is not None and not broker.tls:
        raise keys.error("tls_ca", "the broker's address has no TLS", "write mqtts://HOST:8883")
    return MqttSettings(broker, tls_ca, keys.path("credentials_file"))


def _patience_s(poll_s: float, common: CommonOptions) -> float:
    """Return how long the first reading may take: a plug that is polled answers at once."""
    usual_s = common.defaults.wait_s
    if poll_s > 0:
        return usual_s
    period_s = common.period_s or common.defaults.period_s or _USUAL_PERIOD_S
    return max(usual_s, 1.5 * period_s)
