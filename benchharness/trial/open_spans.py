"""Which phases and windows a program has started and not ended: they end when it does."""

from __future__ import annotations

from collections.abc import Iterable

from benchharness.store.records import EventRecord

ENDED_WITH_IT = "ended with the program"  # the text of an end that no program wrote


class OpenSpans:
    """The open phases and windows of one events file, the newest last."""

    def __init__(self) -> None:
        self._open: list[EventRecord] = []

    def take(self, event: EventRecord) -> None:
        """Take the start or end of a span; any other event is nothing to it."""
        if event.edge == "start":
            self._open.append(event)
            return
        if event.edge != "end":
            return
        for place in range(len(self._open) - 1, -1, -1):
            if _key(self._open[place]) == _key(event):
                del self._open[place]
                return

    def has(self, kind: str) -> bool:
        """Return whether a span of this kind is open."""
        return any(event.kind == kind for event in self._open)

    def end(self, t_ns: int, kinds: Iterable[str]) -> list[EventRecord]:
        """End the open spans of these kinds, the newest first; return the ends.

        None ends before it started: a program may have stamped a start that was still to come.
        """
        wanted = frozenset(kinds)
        ending = [event for event in reversed(self._open) if event.kind in wanted]
        self._open = [event for event in self._open if event.kind not in wanted]
        return [
            EventRecord(
                max(t_ns, event.t_ns),
                event.participant,
                event.kind,
                edge="end",
                name=event.name,
                text=ENDED_WITH_IT,
                step=event.step,
            )
            for event in ending
        ]


def _key(event: EventRecord) -> tuple[str, str, str | None]:
    # Not the step: a reader pairs starts and ends by name, the last start first.
    return event.kind, event.participant, event.name
