"""A Shelly of the second generation or later (Plus, Pro, Gen3, Gen4) as a meter, over MQTT.

``topic`` is the prefix that the device's MQTT settings show. It tells changes on
``<prefix>/events/rpc``, whole states on ``<prefix>/status/...`` if "generic status update" is on,
and answers questions on ``<prefix>/rpc`` at ``<src>/rpc``, where ``src`` is a name that only this
meter has. ``component`` is what measures: ``switch:0`` (default, by channel), ``pm1:0``, ``em1:0``.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence

from benchharness.meters.common import CommonDefaults
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs import shelly2_payload as payload
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.plug import PlugMeter
from benchharness.meters.plugs.said import Said
from benchharness.meters.plugs.shelly1_payload import parse_online
from benchharness.meters.plugs.shelly2_payload import Component

_COMPONENT = re.compile(r"(switch|pm1|em1):(\d{1,3})", re.ASCII)
_METHODS = {"switch": "Switch", "pm1": "PM1", "em1": "EM1"}
_STATUS, _INFO, _DATA, _SWITCH = 1, 2, 3, 4  # the numbers of our questions

# Sources: Shelly API reference, Gen2+ ("Switch", "PM1", "EM1": units; a counter is told once a
# minute, a power when it changes), and captures: apower with one decimal, totals with three of a
# Wh. Figures are worked out about once a second; the rest is the network. The gain is the bound
# for any meter of this kind that was not calibrated, and assumed.
DEFAULTS = CommonDefaults(
    period_s=60.0,
    power_resolution_w=0.1,
    energy_resolution_j=3.6,
    gain_bound=0.05,
    latency_bound_s=2.0,
)


class Shelly2Dialect(Dialect):
    """One component of a Shelly; ``reply_to`` is the name under which it is asked."""

    traits = Traits(
        make="a Shelly (Gen2 or later)",
        defaults=DEFAULTS,
        poll_s=1.0,
        answers_identity=True,
        fixed_decimals=False,
    )

    def __init__(self, topic: str, component: Component, reply_to: str | None = None) -> None:
        self._prefix = topic
        self._component = component
        self._reply_to = reply_to or f"benchharness-{secrets.token_hex(4)}"

    def topics(self) -> Sequence[Topic]:
        """Return the topics of answers, notifications, states and presence."""
        part = self._component
        keys = {part.key, part.data_key}
        return (
            Topic(f"{self._prefix}/events/rpc", self._on_notification),
            *(Topic(f"{self._prefix}/status/{key}", self._on_status) for key in sorted(keys)),
            Topic(f"{self._reply_to}/rpc", self._on_reply, answers=True),
            Topic(f"{self._prefix}/online", parse_online, believe_retained=True),
        )

    def ask_reading(self) -> Sequence[Command]:
        """Ask for the component's state, and its counter's where that is another component."""
        part = self._component
        asked = [self._ask(_STATUS, f"{_METHODS[part.kind]}.GetStatus", {"id": part.number})]
        if part.data_key != part.key:
            asked.append(self._ask(_DATA, "EM1Data.GetStatus", {"id": part.number}))
        return asked

    def ask_identity(self) -> Sequence[Command]:
        """Ask for model and firmware."""
        return (self._ask(_INFO, "Shelly.GetDeviceInfo", {}),)

    def switch(self, on: bool) -> Sequence[Command]:
        """Close or open the relay, and ask for its state."""
        part = self._component
        if part.kind != "switch":
            return ()
        wanted = {"id": part.number, "on": on}
        return (self._ask(_SWITCH, "Switch.Set", wanted), *self.ask_reading())

    def _ask(self, number: int, method: str, params: Mapping[str, object]) -> Command:
        frame: dict[str, object] = {"id": number, "src": self._reply_to, "method": method}
        if params:
            frame["params"] = params
        return Command(f"{self._prefix}/rpc", json.dumps(frame, separators=(",", ":")))

    def _on_notification(self, raw: bytes) -> Said | tuple[Said, ...]:
        return payload.parse_notification(raw, self._component)

    def _on_status(self, raw: bytes) -> Said | tuple[Said, ...]:
        return payload.parse_status(raw, self._component)

    def _on_reply(self, raw: bytes) -> Said | tuple[Said, ...]:
        number = payload.reply_number(raw)
        if number == _INFO:
            return payload.parse_device_info(raw)
        if number == _SWITCH:
            return payload.parse_switch_reply(raw)
        return payload.parse_status_reply(raw, self._component)


class Shelly2Meter(PlugMeter):
    """One component of a Shelly of the second generation or later."""

    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        """Read ``component``: switch:N, pm1:N or em1:N; else it is the channel's switch."""
        text = keys.text("component")
        if text is None:
            return Shelly2Dialect(topic, Component("switch", channel - 1))
        match = _COMPONENT.fullmatch(text)
        if match is None:
            remedy = "write switch:0, pm1:0 or em1:0, as the device's topics name it"
            raise keys.error("component", f"not one that measures: {text!r}", remedy)
        return Shelly2Dialect(topic, Component(match[1], int(match[2])))
