"""A device whose connection is bad: what it says passes a FaultyChannel, and comes late if ever."""

from __future__ import annotations

import heapq
import itertools

from benchharness.meters.emulator.channel import FaultyChannel
from benchharness.meters.emulator.device import NEVER_NS, Device, Message
from benchharness.meters.emulator.faults import FaultLog, Faults


class FaultyDevice:
    """Is a device itself: advance() returns what has arrived by now.

    When it goes offline the broker tells its last will, as it does when a connection breaks; when
    it is back the device greets. While offline it takes no command.
    """

    def __init__(
        self, device: Device, faults: Faults, seed: int = 0, log: FaultLog | None = None
    ) -> None:
        self._device = device
        self._channel = FaultyChannel(faults, seed, log)
        self.log = self._channel.log
        self._under_way: list[tuple[int, int, Message]] = []
        self._order = itertools.count()
        self._edges_ns: list[int] = []
        self._now_ns = 0

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topics of the device."""
        return self._device.subscriptions

    @property
    def address(self) -> str:
        """Return the address of the device."""
        return self._device.address

    @property
    def next_due_ns(self) -> int:
        """Return when a message arrives, the connection changes, or the device has to do."""
        arrival_ns = self._under_way[0][0] if self._under_way else NEVER_NS
        edge_ns = self._edges_ns[0] if self._edges_ns else NEVER_NS
        return min(arrival_ns, edge_ns, self._device.next_due_ns)

    def start(self, now_ns: int) -> list[Message]:
        """Switch on at ``now_ns``; returns what has arrived."""
        self._now_ns = now_ns
        self._channel.start(now_ns)
        self._edges_ns = self._channel.edges_ns()
        self._send(self._device.start(now_ns), now_ns)
        return self._arrived(now_ns)

    def greeting(self) -> list[Message]:
        """Return what the device says when it has connected again; nothing while offline."""
        return [] if self._channel.offline(self._now_ns) else self._device.greeting()

    def farewell(self) -> Message | None:
        """Return the device's last will."""
        return self._device.farewell()

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns what has arrived."""
        self._now_ns = now_ns
        while self._edges_ns and self._edges_ns[0] <= now_ns:
            self._cross(self._edges_ns.pop(0))
        self._send(self._device.advance(now_ns), now_ns)
        return self._arrived(now_ns)

    def command(self, topic: str, payload: str, now_ns: int) -> list[Message]:
        """Take a message; the answers come as late as everything else."""
        messages = self.advance(now_ns)
        if not self._channel.offline(now_ns):
            self._send(self._device.command(topic, payload, now_ns), now_ns)
        return messages + self._arrived(now_ns)

    def _cross(self, edge_ns: int) -> None:
        """Lose or regain the connection."""
        if not self._channel.offline(edge_ns):
            self.log.note(edge_ns, "online")
            self._send(self._device.greeting(), edge_ns)
            return
        will = self._device.farewell()
        if will is not None:
            self._put(edge_ns, will)

    def _send(self, messages: list[Message], now_ns: int) -> None:
        for t_ns, message in self._channel.pass_on(messages, now_ns):
            self._put(t_ns, message)

    def _put(self, t_ns: int, message: Message) -> None:
        heapq.heappush(self._under_way, (t_ns, next(self._order), message))

    def _arrived(self, now_ns: int) -> list[Message]:
        messages = []
        while self._under_way and self._under_way[0][0] <= now_ns:
            messages.append(heapq.heappop(self._under_way)[2])
        return messages
