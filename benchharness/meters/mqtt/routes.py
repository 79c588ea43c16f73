"""Who wants which topic: several users of one connection may want the same one.

Read on the network's thread for every message and changed by others, so that each entry is a
tuple that is replaced and never altered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from paho.mqtt.client import topic_matches_sub


class Arrival(NamedTuple):
    """A message as it arrived.

    ``retained`` says that the broker had kept it for some time, ``duplicate`` that the sender may
    have sent it before (the DUP flag).
    """

    t_ns: int
    topic: str
    payload: bytes
    retained: bool
    duplicate: bool = False


Handler = Callable[[Arrival], object]


class Routes:
    """Handlers by topic or filter, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exact: dict[str, tuple[Handler, ...]] = {}
        self._filters: dict[str, tuple[Handler, ...]] = {}

    def add(self, topics: Mapping[str, Handler]) -> None:
        """Have each topic's or filter's messages handed to its handler, too."""
        with self._lock:
            for topic, handler in topics.items():
                table = self._table(topic)
                table[topic] = (*table.get(topic, ()), handler)

    def remove(self, topics: Mapping[str, Handler]) -> list[str]:
        """Take handlers away again; returns the topics that nobody wants any more."""
        orphans = []
        with self._lock:
            for topic, handler in topics.items():
                handlers = list(self._table(topic).get(topic, ()))
                if handler in handlers:
                    handlers.remove(handler)
                if handlers:
                    self._table(topic)[topic] = tuple(handlers)
                elif self._table(topic).pop(topic, None) is not None:
                    orphans.append(topic)
        return orphans

    def topics(self) -> list[str]:
        """Return every topic and filter that somebody wants."""
        with self._lock:
            return [*self._exact, *self._filters]

    def hand_out(self, arrival: Arrival) -> None:
        """Call the handlers of a message."""
        for handler in self._exact.get(arrival.topic, ()):
            handler(arrival)
        if self._filters:
            for handler in self._matching(arrival.topic):
                handler(arrival)

    def _matching(self, topic: str) -> Iterable[Handler]:
        with self._lock:
            filters = list(self._filters.items())
        for pattern, handlers in filters:
            if topic_matches_sub(pattern, topic):
                yield from handlers

    def _table(self, topic: str) -> dict[str, tuple[Handler, ...]]:
        return self._filters if "+" in topic or "#" in topic else self._exact
