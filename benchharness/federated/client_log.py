"""What the server writes of each client: its phases, its numbers, and when it was left out."""

from __future__ import annotations

import time
from collections.abc import Mapping

from benchharness import events
from benchharness.federated.legs import Reply
from benchharness.federated.timeline import WAIT, Work, is_same_clock, spans


class ClientLog:
    """Events about ``clients`` clients, on the clock of the machine that booted as ``boot_id``.

    A client waits from when it was heard, or given up, until it is asked again. What it did
    between being asked and given up nobody knows: that time is no phase. ``foreign_clocks`` are
    the clients of whose phases only the lengths of the work are known.
    """

    def __init__(self, clients: int, boot_id: str) -> None:
        self.foreign_clocks: set[int] = set()
        self._clients, self._boot_id = clients, boot_id
        self._waiting: dict[int, tuple[int, int]] = {}  # since when, after which round

    def start(self, after_round: int) -> None:
        """Say that all clients wait from now on."""
        now_ns = time.monotonic_ns()
        self._waiting = dict.fromkeys(range(1, self._clients + 1), (now_ns, after_round))

    def finish(self) -> None:
        """Write the last waits: nobody is asked any more."""
        now_ns = time.monotonic_ns()
        for client in tuple(self._waiting):
            self._end_wait(client, now_ns)

    def answered(
        self, client: int, reply: Reply, work: Work | None, kind: str, round_number: int
    ) -> None:
        """Write a leg of a client; without its own times (``work``) no phase of it is known."""
        self._end_wait(client, reply.sent_ns)
        self._waiting[client] = (reply.done_ns, round_number)
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

    def gave_up(self, client: int, reply: Reply, round_number: int) -> None:
        """Write that a client was asked in vain."""
        self._end_wait(client, reply.sent_ns)
        self._waiting[client] = (reply.done_ns, round_number)

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

    def _end_wait(self, client: int, end_ns: int) -> None:
        waited = self._waiting.pop(client, None)
        if waited is not None:
            since_ns, after_round = waited
            events.span(WAIT, since_ns, max(since_ns, end_ns), after_round, client_name(client))


def client_name(client: int) -> str:
    """Return the name of a client among the trial's participants."""
    return f"client-{client}"
