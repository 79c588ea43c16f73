"""The way from a driver to a broker, as a protocol: a bench may put another in its place.

A driver asks :func:`open_link` and never makes a connection itself, so that the plugs of one
broker share one connection, and so that conformance tests can run it in virtual time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from benchharness.meters.mqtt.connection import Handler, LinkWatcher, MqttSettings
from benchharness.meters.mqtt.pool import ConnectionPool


class Link(Protocol):
    """One user's share of a connection to a broker. Closing it leaves the other users' alone."""

    def watch(self, watcher: LinkWatcher) -> None:
        """Have ``watcher`` told of lost and regained connections, on the network's thread."""
        ...

    def subscribe(self, topics: Mapping[str, Handler]) -> None:
        """Subscribe to topics or filters and wait until the broker has agreed.

        Several users may subscribe to one topic. Raises MeterError if the broker refuses.
        """
        ...

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> bool:
        """Send without waiting; False while there is no connection."""
        ...

    def every(self, period_s: float, action: Callable[[], object]) -> None:
        """Call ``action`` at fixed times, ``period_s`` apart, until this link is closed."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Let time pass until ``event`` is set or ``timeout_s`` is over; return whether it is."""
        ...

    def close(self) -> None:
        """Give the share back; may be called twice."""
        ...


LinkOpener = Callable[[MqttSettings], Link]


_pool = ConnectionPool()
_opener: LinkOpener = _pool.open


def open_link(settings: MqttSettings) -> Link:
    """Connect to a broker, or join the connection that there is. Raises MeterError."""
    return _opener(settings)


@contextmanager
def links_opened_by(opener: LinkOpener) -> Iterator[None]:
    """Have ``opener`` make the links in this block: an in-memory broker in virtual time."""
    global _opener  # noqa: PLW0603 - one process has one way to its brokers
    before, _opener = _opener, opener
    try:
        yield
    finally:
        _opener = before
