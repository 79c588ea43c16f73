"""What the server writes of each client: its phases, its numbers, and when it was left out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchharness import events
from benchharness.federated.legs import Reply
from benchharness.federated.standing import WAIT, Change
from benchharness.federated.timeline import Work, is_same_clock, spans


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a client stands that is not in a leg, since when, and after which round."""

    name: str
    since_ns: int
    after_round: int


class ClientLog:
    """Events about ``clients`` clients, on the clock of the machine that booted as ``boot_id``.

    A client waits from when it was heard until it is asked again; one that was given up is late
    until it is heard, and one that is not there is gone: neither is waiting. What it did between
    being asked and given up nobody knows: that time is no phase. ``foreign_clocks`` are the
    clients of whose phases only the lengths of the work are known.
    """

    def __init__(self, clients: int, boot_id: str) -> None:
        self.foreign_clocks: set[int] = set()
        self._clients, self._boot_id = clients, boot_id
        self._standing: dict[int, _Standing] = {}
        self._moved: dict[int, dict[str, float]] = {}  # in the legs of this round

    def start(self, after_round: int, standings: Mapping[int, str] | None = None) -> None:
        """Say that all clients stand as ``standings`` says from now on; the others wait."""
        now_ns, known = time.monotonic_ns(), standings or {}
        self._standing = {
            client: _Standing(known.get(client, WAIT), now_ns, after_round)
            for client in range(1, self._clients + 1)
        }

    def finish(self) -> None:
        """Write how all stood last: nobody is asked any more."""
        now_ns = time.monotonic_ns()
        for client in tuple(self._standing):
            self._end_standing(client, now_ns)

    def stands(self, change: Change) -> None:
        """Say how a client stands from then on. Who is in a leg is told of when that is over."""
        before = self._standing.get(change.client)
        if before is None or before.name == change.name:
            return
        if change.t_ns > before.since_ns:
            self._end_standing(change.client, change.t_ns)
            before = replace(before, since_ns=change.t_ns)
        self._standing[change.client] = replace(before, name=change.name)

    def answered(
        self, client: int, reply: Reply, work: Work | None, kind: str, round_number: int
    ) -> None:
        """Write a leg of a client; without its own times (``work``) no phase of it is known."""
        self._end_standing(client, reply.sent_ns)
        self._standing[client] = _Standing(WAIT, reply.done_ns, round_number)
        if work is None:
            return
        if not is_same_clock(reply, work, self._boot_id):
            self.foreign_clocks.add(client)
        for span in spans(reply, work, kind, self._boot_id):
            events.span(
                span.name,
                span.start_ns,
                span.end_ns,
                round_number,
                client_name(client),
                cpu_s=span.cpu_s,
            )

    def gave_up(self, client: int, reply: Reply, round_number: int, name: str) -> None:
        """Write that a client was asked in vain, and stands as ``name`` says from then on."""
        self._end_standing(client, reply.sent_ns)
        self._standing[client] = _Standing(name, reply.done_ns, round_number)

    def moved(self, client: int, sizes: Mapping[str, float]) -> None:
        """Add what a leg of this round moved to and from a client, in bytes by name."""
        sums = self._moved.setdefault(client, {})
        for name, size in sizes.items():
            sums[name] = sums.get(name, 0.0) + size

    def tell_moved(self, round_number: int) -> None:
        """Write what all legs of a round moved, and begin anew."""
        for client, sums in sorted(self._moved.items()):
            self.numbers(client, sums, round_number, unit="B")
        self._moved = {}

    def numbers(
        self, client: int, values: Mapping[str, float], round_number: int, unit: str = "1"
    ) -> None:
        """Write metrics of a client."""
        for name, value in values.items():
            events.metric(name, value, unit, round_number, client_name(client))

    def left_out(self, reasons: Mapping[int, str], round_number: int) -> None:
        """Write without whom the round goes on, and why."""
        for client, reason in sorted(reasons.items()):
            events.left_out(client_name(client), reason, round_number)

    def _end_standing(self, client: int, end_ns: int) -> None:
        stood = self._standing.pop(client, None)
        if stood is not None:
            end_ns = max(stood.since_ns, end_ns)
            events.span(stood.name, stood.since_ns, end_ns, stood.after_round, client_name(client))


def client_name(client: int) -> str:
    """Return the name of a client among the trial's participants."""
    return f"client-{client}"
