"""The way of an emulated device's messages to the broker, and what goes wrong on it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from benchharness.meters.emulator.device import Message, ns
from benchharness.meters.emulator.faults import Episode, FaultLog, Faults


class Dice:
    """One stream of chances for each kind of fault, so that one kind does not change another."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, kind: str) -> random.Random:
        """Return the stream of one kind of fault."""
        if kind not in self._streams:
            self._streams[kind] = random.Random(f"{self._seed} {kind}")  # noqa: S311 - a game
        return self._streams[kind]

    def falls(self, kind: str, share: float) -> bool:
        """Return whether the fault happens this time."""
        return share > 0 and self.stream(kind).random() < share


class FaultyChannel:
    """Passes messages on, late, twice, in another order, or not at all.

    What a broker keeps (LWT) is delayed or, while offline, dropped, but never lost, doubled or
    reordered: devices send it with QoS 1.
    """

    def __init__(self, faults: Faults, seed: int = 0, log: FaultLog | None = None) -> None:
        self.faults = faults
        self.log = log if log is not None else FaultLog()
        self._dice = Dice(seed)
        self._start_ns: int | None = None
        self._held: Message | None = None
        self._before: dict[str, str] = {}
        self._latest_ns = 0

    def start(self, now_ns: int) -> None:
        """Begin the time of ``WHAT@WHEN``; else the first call of pass_on() does."""
        self._start_ns = now_ns

    def offline(self, now_ns: int) -> bool:
        """Return whether nothing passes now."""
        return self._within(self.faults.offline, now_ns)

    def edges_ns(self) -> list[int]:
        """Return when the connection is lost or regained; start() has been called."""
        start_ns = self._start_ns or 0
        return sorted(
            start_ns + ns(t_s)
            for episode in self.faults.offline
            for t_s in (episode.at_s, episode.at_s + episode.value)
        )

    def pass_on(self, messages: Sequence[Message], now_ns: int) -> list[tuple[int, Message]]:
        """Return the messages that arrive, each with its time, in their order."""
        if self._start_ns is None:
            self.start(now_ns)
        if self.offline(now_ns):
            for message in messages:
                self.log.note(now_ns, "offline", message.topic)
            return []
        frozen = self._within(self.faults.freeze, now_ns)
        passed: list[Message] = []
        for message in messages:
            self._pass(message, frozen, now_ns, passed.append)
        return [(self._arrival_ns(now_ns), message) for message in passed]

    def _pass(
        self, message: Message, frozen: bool, now_ns: int, put: Callable[[Message], None]
    ) -> None:
        if message.retain:
            put(message)
            return
        faults, dice, topic = self.faults, self._dice, message.topic
        if frozen and topic in self._before:
            self.log.note(now_ns, "freeze", topic)
            message = Message(topic, self._before[topic])
        elif not frozen:
            self._before[topic] = message.payload
        if dice.falls("lose", faults.lose):
            self.log.note(now_ns, "lose", topic)
            return
        if dice.falls("retain", faults.retain):
            self.log.note(now_ns, "retain", topic)
            message = Message(topic, message.payload, retain=True)
        if self._held is None and dice.falls("reorder", faults.reorder):
            self.log.note(now_ns, "reorder", topic)
            self._held = message
            return
        put(message)
        if dice.falls("double", faults.double):
            self.log.note(now_ns, "double", topic)
            put(message)
        if self._held is not None:
            put(self._held)
            self._held = None

    def _arrival_ns(self, now_ns: int) -> int:
        late_s = self.faults.delay_s
        if self.faults.jitter_s > 0:
            late_s += self._dice.stream("jitter").uniform(0.0, self.faults.jitter_s)
        # One connection is one stream of bytes: a message does not overtake another.
        self._latest_ns = max(self._latest_ns, now_ns + ns(late_s))
        return self._latest_ns

    def _within(self, episodes: tuple[Episode, ...], now_ns: int) -> bool:
        since_ns = now_ns - (self._start_ns or 0)
        return any(
            ns(episode.at_s) <= since_ns < ns(episode.at_s + episode.value) for episode in episodes
        )
