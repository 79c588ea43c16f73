"""The classes of faults that a meter is put through, and what must be said of each.

The faults themselves are those of ``benchharness.meters.emulator``; here they are given their
rates, and their times within a trial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from benchharness.conformance.waveforms import Span

# Shares of the window. The short absence leaves enough for a figure, the long one does not.
SHORT, LONG = 0.05, 0.3
_BEGINS = 0.4


class Notice(Enum):
    """What must be known of a fault afterwards, at the least."""

    NOTHING = "nothing"  # it changes no reading, or nobody could see it
    EVENT = "event"  # the meter says so in an event of that kind
    REJECTED = "rejected"  # the driver counts what it rejects
    FLAGGED = "flagged"  # counted by the gate or the driver, cautioned about, or no figure


@dataclass(frozen=True, slots=True)
class FaultClass:
    """``text`` returns what ``parse_faults`` reads, for a window (times from the start).
    ``event`` is the kind of event that the meter may (or must) tell of it.

    ``injected`` is what the emulator calls the fault, whose count says whether it happened.
    ``broker`` is when the broker goes down and for how long, as shares of the window;
    ``broker_keeps`` says that it still knows then what was retained, and sends it again.
    ``counter`` says that the fault changes the counter itself; ``below_floor`` that it is none for
    an instrument without a floor, which may well see 0 W. ``figure`` is False where too much is
    missing for a figure, and None where it may be so.
    """

    name: str
    text: Callable[[Span], str]
    notice: Notice = Notice.NOTHING
    event: str = ""
    injected: str = ""
    broker: tuple[float, float] | None = None
    broker_keeps: bool = False
    counter: bool = False
    below_floor: bool = False
    figure: bool | None = True


def _always(text: str) -> Callable[[Span], str]:
    return lambda _span: text


def _once(text: str) -> Callable[[Span], str]:
    """Return a fault with {at} (s) in the middle of the window and {short}, {long} (s)."""

    def at(span: Span) -> str:
        return text.format(
            at=round(span.start_s + _BEGINS * span.length_s, 3),
            short=round(SHORT * span.length_s, 3),
            long=round(LONG * span.length_s, 3),
        )

    return at


def _classes() -> tuple[FaultClass, ...]:
    flagged, event, rejected = Notice.FLAGGED, Notice.EVENT, Notice.REJECTED
    short, long = (_BEGINS, SHORT), (_BEGINS, LONG)
    return (
        FaultClass("none", _always("")),
        FaultClass("lost", _always("lose=0.05"), figure=None),
        FaultClass("doubled", _always("double=0.05")),
        FaultClass("reordered", _always("reorder=0.03")),
        FaultClass("delayed", _always("delay=0.1,jitter=0.3")),
        FaultClass("spikes", _always("spike=0.005"), flagged, injected="spike"),
        FaultClass("zeros", _always("zero=0.01"), flagged, injected="zero", below_floor=True),
        FaultClass("text", _always("text=0.02"), rejected, injected="text", figure=None),
        FaultClass("nan", _always("nan=0.02"), rejected, injected="nan", figure=None),
        FaultClass(
            "negative", _always("negative=0.02"), rejected, injected="negative", figure=None
        ),
        FaultClass(
            "retained",
            _always("retain=0.3"),
            event,
            "disconnected",
            broker=(_BEGINS, 0.02),
            broker_keeps=True,
            figure=None,
        ),
        FaultClass("clock jump", _once("clock-jump=3600@{at}")),
        FaultClass(
            "counter reset", _once("reset=0@{at}"), flagged, "counter", "reset", counter=True
        ),
        FaultClass(
            "jump back",
            _once("jump-back=100000@{at}"),
            flagged,
            "counter",
            "jump-back",
            counter=True,
        ),
        FaultClass("offline 5 %", _once("offline={short}@{at}"), event, "offline", figure=None),
        FaultClass("offline 30 %", _once("offline={long}@{at}"), event, "offline", figure=False),
        FaultClass("broker restart", _always(""), event, "disconnected", broker=short, figure=None),
        FaultClass("broker away", _always(""), event, "disconnected", broker=long, figure=False),
    )


FAULTS: dict[str, FaultClass] = {fault.name: fault for fault in _classes()}

# What can happen to a meter on a broker; one that is read directly has only "none".
MQTT_FAULTS: tuple[str, ...] = tuple(FAULTS)
