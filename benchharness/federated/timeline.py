"""When a client was sent its question, began, ended and was heard again: its phases in a leg."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.federated.legs import Reply

DOWNLOAD, UPLOAD = "download", "upload"


@dataclass(frozen=True, slots=True)
class Work:
    """What a client says of its own work: begin and end on its CLOCK_MONOTONIC, and which it is.

    ``cpu_s`` is the CPU time in seconds that it used between the two, None where it does not say.
    """

    begin_ns: int
    end_ns: int
    boot_id: str
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A phase of a client, on the server's clock; ``cpu_s`` is None where it is not known."""

    name: str
    start_ns: int
    end_ns: int
    cpu_s: float | None = None


def is_same_clock(reply: Reply, work: Work, own_boot_id: str) -> bool:
    """Return whether the client's stamps are of the server's clock.

    They are where both booted together and the work lies within the leg: a container can have a
    clock of its own.
    """
    together = bool(own_boot_id) and work.boot_id == own_boot_id
    return together and reply.sent_ns <= work.begin_ns <= work.end_ns <= reply.done_ns


def spans(reply: Reply, work: Work, kind: str, own_boot_id: str) -> tuple[Span, Span, Span]:
    """Return download, ``kind`` (train, evaluate) and upload of a leg, without a gap.

    Of another clock only the duration of the work is known: it is placed in the midst of the leg,
    and the rest is shared evenly between the two transfers. CPU seconds are the same on any clock.
    """
    if is_same_clock(reply, work, own_boot_id):
        begin_ns, end_ns = work.begin_ns, work.end_ns
    else:
        leg_ns = reply.done_ns - reply.sent_ns
        duration_ns = min(work.end_ns - work.begin_ns, leg_ns)
        begin_ns = reply.sent_ns + (leg_ns - duration_ns) // 2
        end_ns = begin_ns + duration_ns
    return (
        Span(DOWNLOAD, reply.sent_ns, begin_ns),
        Span(kind, begin_ns, end_ns, work.cpu_s),
        Span(UPLOAD, end_ns, reply.done_ns),
    )
