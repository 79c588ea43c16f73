"""A Zigbee plug behind zigbee2mqtt as a meter.

``topic`` is the plug's name in the bridge, or its whole topic. The bridge publishes the plug's
state when the plug reports, which takes seconds to minutes, and reads it from the plug when
asked at ``<topic>/get``. Zigbee plugs count coarsely, 0.01 kWh as a rule: a window needs minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from benchharness.meters.checks import Refine
from benchharness.meters.common import CommonDefaults
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs import zigbee2mqtt_payload as payload
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Said

BASE_TOPIC = "zigbee2mqtt"
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII)

# Sources: zigbee2mqtt.io, pages of plugs (power in W, energy in kWh, TS011F polled each 60 s) and
# "MQTT topics and messages" (/get); public captures of its log: whole watts and 0.01 kWh. The
# latency is assumed: a plug's own refresh, the radio and the bridge; calibrate it with
# benchharness meters check. So is the gain, as for any meter that was not calibrated.
DEFAULTS = CommonDefaults(
    period_s=60.0,
    power_resolution_w=1.0,
    energy_resolution_j=36_000.0,
    gain_bound=0.05,
    latency_bound_s=5.0,
)
# A plug that is not asked reports when it likes; many are read by the bridge once a minute only.
UNASKED_LATENCY_BOUND_S = 60.0
# Two attributes are read over the radio each time, and the plugs of a mesh share one channel.
DEFAULT_POLL_S = 2.0
_REFINE = Refine(
    power="take a plug that shows tenths of a watt",
    counter="the plug counts no finer: energy comes from its power, or take a longer window",
)


class Zigbee2MqttDialect(Dialect):
    """One plug, or one of its outlets (``endpoint``, such as ``l1``)."""

    def __init__(
        self,
        topic: str,
        base: str = BASE_TOPIC,
        endpoint: str | None = None,
        *,
        asked: bool = True,
    ) -> None:
        late = replace(DEFAULTS, latency_bound_s=UNASKED_LATENCY_BOUND_S)
        self.traits = Traits(
            make="a plug behind zigbee2mqtt",
            defaults=DEFAULTS if asked else late,
            poll_s=DEFAULT_POLL_S,
            fixed_decimals=False,
            refine=_REFINE,
        )
        self._place = topic if topic.startswith(f"{base}/") else f"{base}/{topic}"
        self._endpoint = endpoint
        self._suffix = f"_{endpoint}" if endpoint else ""

    def topics(self) -> Sequence[Topic]:
        """Return the topics of the state and of presence."""
        return (
            Topic(self._place, self._on_state, answers=True),
            Topic(f"{self._place}/availability", payload.parse_availability, believe_retained=True),
        )

    def ask_reading(self) -> Sequence[Command]:
        """Have the bridge read power and counter from the plug."""
        return (self._say("get", {f"power{self._suffix}": "", f"energy{self._suffix}": ""}),)

    def switch(self, on: bool) -> Sequence[Command]:
        """Close or open the relay; the bridge publishes the state."""
        return (self._say("set", {f"state{self._suffix}": "ON" if on else "OFF"}),)

    def _say(self, verb: str, document: dict[str, str]) -> Command:
        return Command(f"{self._place}/{verb}", json.dumps(document, separators=(",", ":")))

    def _on_state(self, raw: bytes) -> Said | tuple[Said, ...]:
        return payload.parse_state(raw, self._endpoint)


class Zigbee2MqttMeter(PlugMeter):
    """One plug, or one of its outlets, behind zigbee2mqtt."""

    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        """Read ``base_topic`` and ``endpoint``; from channel 2 on the endpoint is l<channel>."""
        base = (keys.text("base_topic") or BASE_TOPIC).strip("/")
        if not base or any(sign in base for sign in "+#\0"):
            raise keys.error("base_topic", f"not a topic: {base!r}", "write it without + and #")
        endpoint = keys.text("endpoint") or (f"l{channel}" if channel > 1 else None)
        if endpoint is not None and not _ENDPOINT.fullmatch(endpoint):
            remedy = "write what follows power_ in the plug's messages, such as l1"
            raise keys.error("endpoint", f"not an outlet's name: {endpoint!r}", remedy)
        asked = keys.number("poll_s") != 0.0
        return Zigbee2MqttDialect(topic, base, endpoint, asked=asked)
