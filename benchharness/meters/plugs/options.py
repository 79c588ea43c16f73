"""The keys of a Tasmota plug's instrument, with the defaults that they have if left out."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.meters.address import parse_broker
from benchharness.meters.base import Instrument
from benchharness.meters.mqtt.connection import MqttSettings
from benchharness.meters.options import OptionReader
from benchharness.model import MeasurementClass

# With no pulse for 10 s the firmware says 0 W: below one pulse in 10 s a load is invisible.
# HLW8012: 12.5 J a pulse; BL0937: 1.7 J (datasheets, with the usual shunts and dividers).
FLOOR_W = {"hlw8012": 1.25, "bl0937": 0.17}
# An uncalibrated pulse meter may be off by several per cent, all of it one common gain.
DEFAULT_GAIN_BOUND = 0.05
# The firmware works its figures out once a second; the rest is the network.
DEFAULT_LATENCY_BOUND_S = 1.5
DEFAULT_POLL_S = 1.0
DEFAULT_FULL_TOPIC = "%prefix%/%topic%/"


@dataclass(frozen=True, slots=True)
class PlugOptions:
    """What the instrument's file says of one plug; None means not said."""

    mqtt: MqttSettings
    topic: str
    full_topic: str
    channel: int
    poll_s: float
    period_s: float | None
    wait_s: float
    check_s: float
    power_resolution_w: float | None
    energy_resolution_j: float | None
    floor_w: float | None
    gain_bound: float
    latency_bound_s: float
    measurement_class: MeasurementClass

    def topic_of(self, prefix: str, name: str) -> str:
        """Return the MQTT topic of a message, such as ``tele/plug-1/SENSOR``."""
        place = self.full_topic.replace("%prefix%", prefix).replace("%topic%", self.topic)
        return f"{place.rstrip('/')}/{name}"


def read_plug_options(instrument: Instrument) -> PlugOptions:
    """Check an instrument's keys. Raises UsageError with file and key."""
    keys = OptionReader(instrument)
    poll_s = keys.number("poll_s", minimum=0.0, maximum=3600.0)
    poll_s = DEFAULT_POLL_S if poll_s is None else poll_s
    period_s = keys.number("period_s", minimum=0.01, maximum=86_400.0)
    chip = keys.choice("chip", FLOOR_W)
    floor_w = keys.number("floor_w", minimum=0.0)
    gain_bound = keys.number("gain", minimum=0.0, maximum=1.0)
    latency_bound_s = keys.number("latency_bound_s", minimum=0.0)
    options = PlugOptions(
        mqtt=_mqtt_settings(keys, instrument.where),
        topic=_topic(keys),
        full_topic=_full_topic(keys),
        channel=keys.integer("channel", 1, minimum=1, maximum=32),
        poll_s=poll_s,
        period_s=period_s,
        wait_s=keys.number("wait_s", minimum=0.1, maximum=3600.0) or _patience_s(poll_s, period_s),
        check_s=keys.number("check_s", minimum=0.1, maximum=3600.0) or 5.0,
        power_resolution_w=keys.number("power_resolution_w", minimum=0.0),
        energy_resolution_j=keys.number("energy_resolution_j", minimum=0.0),
        floor_w=FLOOR_W[chip] if floor_w is None and chip is not None else floor_w,
        gain_bound=DEFAULT_GAIN_BOUND if gain_bound is None else gain_bound,
        latency_bound_s=DEFAULT_LATENCY_BOUND_S if latency_bound_s is None else latency_bound_s,
        measurement_class=keys.measurement_class(MeasurementClass.MEASURED),
    )
    keys.done()
    return options


def _mqtt_settings(keys: OptionReader, where: str) -> MqttSettings:
    text = keys.required_text("broker", 'broker = "mqtt://HOST:1883"')
    port = keys.integer("port", 0, minimum=1, maximum=65_535)
    broker = parse_broker(text, where, port or None)
    tls_ca = keys.path("tls_ca")
    if tls_ca is not None and not broker.tls:
        raise keys.error("tls_ca", "the broker's address has no TLS", "write mqtts://HOST:8883")
    return MqttSettings(broker, tls_ca, keys.path("credentials_file"))


def _topic(keys: OptionReader) -> str:
    topic = keys.required_text("topic", 'topic = "plug-1"').strip("/")
    if not topic or any(sign in topic for sign in "+#\0"):
        raise keys.error("topic", f"not a plug's topic: {topic!r}", "write it without + and #")
    return topic


def _full_topic(keys: OptionReader) -> str:
    text = keys.text("full_topic") or DEFAULT_FULL_TOPIC
    if "%prefix%" not in text or "%topic%" not in text or any(sign in text for sign in "+#\0"):
        raise keys.error("full_topic", f"got {text!r}", f"write it like {DEFAULT_FULL_TOPIC}")
    return text


def _patience_s(poll_s: float, period_s: float | None) -> float:
    """Return how long the first reading may take: a plug that is polled answers at once."""
    if poll_s > 0:
        return 5.0
    return max(5.0, 1.5 * (period_s or 10.0))
