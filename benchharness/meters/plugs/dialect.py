"""What a make of plug has to say of itself, so that one meter can serve them all.

A driver is a dialect and a name::

    class ShellyMeter(PlugMeter):
        @classmethod
        def read_dialect(cls, keys, topic, channel):
            return ShellyDialect(topic, channel, keys.text("prefix") or "shellies")

The dialect is pure: it names topics, reads payloads and words commands. Everything that takes
time, that can fail or that needs memory is the meter's: the connection, questions at intervals,
what is retained, delivered twice or out of order, silence, events, checks, the relay.

- A device that only pushes leaves :meth:`Dialect.ask_reading` as it is, and ``Traits.poll_s`` 0.
- Topics that each bring half a reading are two :class:`Topic`; their parsers leave the other
  figure None. Never hold a half back to join it with the next: its time would be wrong.
- A counter in Wh, watt-minutes or kWh becomes joules in the parser, with ``payload.read_number``,
  which also tells the step that the digits show.
- A topic that tells of several channels: pick one in the parser, say how many there are.
- A message that is not for us (another channel's event) is ``()``: nothing, and not counted.
  A message that ought to have been a reading and is none is a ``Rejection``, which is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from benchharness.meters.checks import Refine
from benchharness.meters.common import CommonDefaults
from benchharness.meters.plugs.said import Said

# A payload in, what it says out. Never raises, whatever the bytes are; called on the network's
# thread, up to a thousand times a second.
Parser = Callable[[bytes], Said | tuple[Said, ...]]


class Command(NamedTuple):
    """Something to publish."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic to listen to, and how its payloads are read.

    ``believe_retained`` is for what holds until it is replaced: availability, who the device is.
    A retained reading is of unknown age and never believed, whatever is set here. ``answers``
    says that messages come in answer to ``ask_reading``: then two that are equal byte for byte
    may both be true, while a telemetry message with a time stamp never comes twice.
    """

    name: str
    parse: Parser
    believe_retained: bool = False
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a make of plug before a message has come.

    ``make`` names it in messages, with its article: "a Tasmota plug". ``defaults`` are the period
    of its pushes, its steps, floor, gain bound and latency bound, with their source in a comment.
    ``poll_s`` is how often it is asked unless the instrument says otherwise, 0 for never.
    ``answers_identity`` says that :meth:`Dialect.ask_identity` brings an Identity with a version
    within a second or two, for which open() waits. ``fixed_decimals`` says that the device always
    writes as many decimals as its setting has (5.0, 41.38000), so that the last message tells the
    step; a device that drops zeros at the end (5, 41.38) shows its step only now and then, so
    that the finest seen counts. ``refine`` is what to do about coarse steps.
    """

    make: str
    defaults: CommonDefaults
    poll_s: float = 0.0
    answers_identity: bool = False
    fixed_decimals: bool = True
    refine: Refine = field(default_factory=Refine)


class Dialect(Protocol):
    """One channel of one plug, in the words of its make. Subclass it and say what differs."""

    traits: Traits

    def topics(self) -> Sequence[Topic]:
        """Return what to listen to. The first is where readings come: error messages name it."""
        ...

    def ask_reading(self) -> Sequence[Command]:
        """Return what asks for a reading at once; nothing for a device that only pushes."""
        return ()

    def ask_identity(self) -> Sequence[Command]:
        """Return what asks who the device is; sent at open() and when the device comes back."""
        return ()

    def switch(self, on: bool) -> Sequence[Command]:  # noqa: ARG002 - for those who override it
        """Return what closes or opens the relay; nothing for a device without one.

        The device's answer must reach a parser that gives a RelayState.
        """
        return ()
