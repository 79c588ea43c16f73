"""Any device that tells power or energy over MQTT, as its instrument describes it.

driver = "mqtt-json"
broker = "mqtt://broker.local"
topic = "lab/meter-3/state"
power_path = "$.meter.kw"       # left out: it tells no power; "" or "$": the payload is the number
power_unit = "kW"               # W (default), kW, mW
energy_path = "$.meter.kwh"     # its cumulative counter
energy_unit = "kWh"             # no default: J, kJ, mWh, Wh, kWh, watt-minutes
energy_topic = "lab/meter-3/kwh"    # where the counter has a topic of its own
time_path = "$.ts"              # the device's own time: late messages are known by it
ask_topic = "lab/meter-3/get"   # what to publish to have it tell at once, where it can
ask_payload = "{}"
availability_topic = "lab/meter-3/status"
availability_online = "online"
availability_offline = "offline"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.meters.common import CommonDefaults
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs import mqtt_json_payload as payload
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.json_path import Path, parse_path
from benchharness.meters.plugs.mqtt_json_payload import JOULES, WATTS, Place, Shape
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Said

# Nothing is known of a device that nobody has described: its steps are learnt from its digits, its
# period from its messages. Gain and latency are assumed as for a plug that was not calibrated.
DEFAULTS = CommonDefaults(gain_bound=0.05, latency_bound_s=2.0)
DEFAULT_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class JsonTopics:
    """Topics and words of one device; None where it has no such thing."""

    state: str
    energy: str | None = None  # where the counter has a topic of its own
    ask: Command | None = None
    availability: str | None = None
    online: str = "online"
    offline: str = "offline"


class MqttJsonDialect(Dialect):
    """One device as its instrument describes it."""

    def __init__(self, topics: JsonTopics, shape: Shape) -> None:
        self._topics = topics
        self._shape = shape
        self.traits = Traits(
            make="this device",
            defaults=DEFAULTS,
            poll_s=0.0 if topics.ask is None else DEFAULT_POLL_S,
            fixed_decimals=False,
        )

    def topics(self) -> Sequence[Topic]:
        """Return the topics of the figures and of presence."""
        own, shape = self._topics, self._shape
        asked = own.ask is not None
        listed = [Topic(own.state, self._on_state, answers=asked)]
        if own.energy is not None:
            only = Shape(None, shape.energy, shape.time)
            listed.append(
                Topic(own.energy, lambda raw: payload.parse_reading(raw, only), answers=asked)
            )
        if own.availability is not None:
            listed.append(Topic(own.availability, self._on_availability, believe_retained=True))
        return listed

    def ask_reading(self) -> Sequence[Command]:
        """Return what the instrument says that the device is asked with."""
        return () if self._topics.ask is None else (self._topics.ask,)

    def _on_state(self, raw: bytes) -> Said | tuple[Said, ...]:
        shape = self._shape
        if self._topics.energy is not None:
            shape = Shape(shape.power, None, shape.time)
        return payload.parse_reading(raw, shape)

    def _on_availability(self, raw: bytes) -> Said:
        return payload.parse_words(raw, self._topics.online, self._topics.offline)


class MqttJsonMeter(PlugMeter):
    """Any device that tells power or energy over MQTT."""

    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        """Read where the figures stand and what they are counted in."""
        if channel != 1:
            raise keys.error("channel", "has no meaning here", "name the figures with power_path")
        power = _place(keys, "power", WATTS, default_unit="W")
        energy = _place(keys, "energy", JOULES, default_unit=None)
        time_path = _path(keys, "time_path")
        energy_topic = _topic(keys, "energy_topic")
        if power is None and energy is None:
            raise keys.error("power_path", "is missing, and so is energy_path", "add one of them")
        if energy_topic is not None and (power is None or energy is None):
            raise keys.error("energy_topic", "needs power_path and energy_path", "leave it out")
        if energy_topic is None and power is not None and energy is not None:
            _refuse_same_place(keys, power, energy)
        shape = Shape(power, energy, time_path)
        return MqttJsonDialect(_topics(keys, topic, energy_topic), shape)


def _topics(keys: OptionReader, state: str, energy: str | None) -> JsonTopics:
    ask_topic = _topic(keys, "ask_topic")
    ask_payload = keys.text("ask_payload", may_be_empty=True)
    if ask_payload is not None and ask_topic is None:
        raise keys.error("ask_payload", "has no ask_topic beside it", "add ask_topic")
    availability = _topic(keys, "availability_topic")
    online, offline = keys.text("availability_online"), keys.text("availability_offline")
    if availability is None and (online is not None or offline is not None):
        key = "availability_online" if online is not None else "availability_offline"
        raise keys.error(key, "has no availability_topic beside it", "add availability_topic")
    online, offline = online or "online", offline or "offline"
    if online == offline:
        raise keys.error("availability_offline", f"{offline!r} means online too")
    return JsonTopics(
        state=state,
        energy=energy,
        ask=None if ask_topic is None else Command(ask_topic, ask_payload or ""),
        availability=availability,
        online=online,
        offline=offline,
    )


def _place(
    keys: OptionReader, name: str, units: dict[str, float], default_unit: str | None
) -> Place | None:
    path = _path(keys, f"{name}_path")
    unit = keys.choice(f"{name}_unit", units)
    if path is None:
        if unit is not None:
            raise keys.error(f"{name}_unit", f"has no {name}_path beside it", f"add {name}_path")
        return None
    unit = unit or default_unit
    if unit is None:
        raise keys.error(f"{name}_unit", "is missing", f"add one of {', '.join(units)}")
    return Place(path, units[unit])


def _path(keys: OptionReader, key: str) -> Path | None:
    text = keys.text(key, may_be_empty=True)
    if text is None:
        return None
    try:
        return parse_path(text)
    except ValueError as error:
        raise keys.error(key, str(error), "write it like $.meter.kwh or a.b[0]") from None


def _topic(keys: OptionReader, key: str) -> str | None:
    text = keys.text(key)
    if text is not None and any(sign in text for sign in "+#\0"):
        raise keys.error(key, f"not one topic: {text!r}", "write it without + and #")
    return text


def _refuse_same_place(keys: OptionReader, power: Place, energy: Place) -> None:
    if power.path == energy.path:
        raise keys.error("energy_path", "is power_path too", "a figure is a power or an energy")
    if not power.path or not energy.path:
        key = "energy_path" if power.path else "power_path"
        raise keys.error(key, "a bare number has no place beside it", "name an energy_topic")
