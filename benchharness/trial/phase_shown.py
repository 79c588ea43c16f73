"""What the progress line says of a workload's phases: those that its first main program is in."""

from __future__ import annotations

from collections.abc import Iterable

from benchharness.store.records import EventRecord

_SHOWN = 2  # of phases that lie inside one another, the innermost


class PhaseShown:
    """The open phases of the program whose phases are shown: ``lead``.

    What it says of other programs, and they of it, happens beside its own doings.
    """

    def __init__(self, lead: str = "main") -> None:
        self.lead = lead
        self._open: list[tuple[str, int | None]] = []

    def take(self, writer: str, events: Iterable[EventRecord]) -> None:
        """Take what one program has written."""
        if writer != self.lead:
            return
        for event in events:
            if event.kind == "phase" and event.participant == self.lead:
                self._turn(event.edge, event.name or "", event.step)

    def clear(self) -> None:
        """Forget what is open: the program has gone."""
        self._open.clear()

    @property
    def words(self) -> str | None:
        """Return ``round 3, aggregate``, or None outside any phase."""
        shown = self._open[-_SHOWN:]
        words = [name if step is None else f"{name} {step}" for name, step in shown]
        return ", ".join(words) or None

    def _turn(self, edge: str | None, name: str, step: int | None) -> None:
        if edge == "start":
            self._open.append((name, step))
            return
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == name:
                del self._open[place]
                return
