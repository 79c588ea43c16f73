"""A Shelly of the first generation (Plug, Plug S, 1PM, 2.5, EM ...) as a meter, over MQTT.

It publishes each figure on change and every ``mqtt update period`` (30 s unless set otherwise),
and all of them on the command ``update``, which is how it is asked. Power and counter are on two
topics, so that each reading is a half. Relays count watt-minutes, from 0 after each power-up;
energy meters (``meter = "emeter"``) count Wh and keep them.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.meters.checks import Refine
from benchharness.meters.common import CommonDefaults
from benchharness.meters.options import OptionReader
from benchharness.meters.plugs import shelly1_payload as payload
from benchharness.meters.plugs.dialect import Command, Dialect, Topic, Traits
from benchharness.meters.plugs.plug import PlugMeter

PREFIX = "shellies"
METERS = ("relay", "emeter")

# Sources: Shelly API reference, Gen1 (units, update period of 30 s, watt-minutes in whole numbers,
# power with two decimals). Its figures are worked out about once a second; the rest is the
# network. The gain is the bound for any pulse meter that was not calibrated, and assumed.
DEFAULTS = CommonDefaults(
    period_s=30.0,
    power_resolution_w=0.01,
    energy_resolution_j=60.0,
    gain_bound=0.05,
    latency_bound_s=2.0,
)
_REFINE = Refine(counter="it counts whole watt-minutes: take a longer window")


class Shelly1Dialect(Dialect):
    """One relay or one energy meter of a first-generation Shelly; ``channel`` counts from 1."""

    traits = Traits(
        make="a Shelly (Gen1)",
        defaults=DEFAULTS,
        poll_s=1.0,
        answers_identity=True,
        refine=_REFINE,
    )

    def __init__(self, topic: str, channel: int = 1, meter: str = "relay") -> None:
        whole = topic.startswith(f"{PREFIX}/")
        self._place = topic if whole else f"{PREFIX}/{topic}"
        self._part = f"{self._place}/{meter}/{channel - 1}"
        self._relay = f"{self._place}/relay/{channel - 1}"
        self._is_relay = meter == "relay"

    def topics(self) -> Sequence[Topic]:
        """Return the topics of power, counter, relay, presence and identity."""
        if self._is_relay:
            counter = Topic(f"{self._part}/energy", payload.parse_watt_minutes, answers=True)
        else:
            counter = Topic(f"{self._part}/total", payload.parse_watt_hours, answers=True)
        return (
            Topic(f"{self._part}/power", payload.parse_power, answers=True),
            counter,
            Topic(self._relay, payload.parse_relay, believe_retained=True),
            Topic(f"{self._place}/online", payload.parse_online, believe_retained=True),
            Topic(f"{self._place}/announce", payload.parse_announce, believe_retained=True),
        )

    def ask_reading(self) -> Sequence[Command]:
        """Have it publish all that it knows."""
        return (Command(f"{self._place}/command", "update"),)

    def ask_identity(self) -> Sequence[Command]:
        """Have it announce itself."""
        return (Command(f"{self._place}/command", "announce"),)

    def switch(self, on: bool) -> Sequence[Command]:
        """Close or open the relay; it answers on the relay's topic."""
        return (Command(f"{self._relay}/command", "on" if on else "off"),)


class Shelly1Meter(PlugMeter):
    """One channel of a Shelly of the first generation."""

    @classmethod
    def read_dialect(cls, keys: OptionReader, topic: str, channel: int) -> Dialect:
        """Read ``meter``: relay (default) or emeter."""
        return Shelly1Dialect(topic, channel, keys.choice("meter", METERS) or "relay")
