"""One connection for all the plugs of a broker: opened by the first user, closed by the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from benchharness.meters.mqtt.connection import LinkWatcher, MqttConnection, MqttSettings
from benchharness.meters.mqtt.routes import Handler


class ConnectionPool:
    """The connections of this process, by where and how they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[MqttSettings, _Entry] = {}

    def open(self, settings: MqttSettings) -> Share:
        """Connect, or join the connection with equal settings. Raises MeterError."""
        with self._lock:
            entry = self._entries.setdefault(settings, _Entry(settings))
            entry.users += 1
        try:
            connection = entry.connected()
        except BaseException:
            self._leave(entry)
            raise
        return Share(connection, lambda: self._leave(entry))

    def connections(self) -> int:
        """Return how many there are."""
        with self._lock:
            return len(self._entries)

    def _leave(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            last = entry.users == 0
            if last:
                del self._entries[entry.settings]
        if last:
            entry.close()


class _Entry:
    """A connection and the number of its users."""

    def __init__(self, settings: MqttSettings) -> None:
        self.settings = settings
        self.users = 0
        self._lock = threading.Lock()
        self._connection: MqttConnection | None = None

    def connected(self) -> MqttConnection:
        """Return the connection, made by the first who asks while the others wait."""
        with self._lock:
            if self._connection is None:
                connection = MqttConnection(self.settings)
                connection.open()
                self._connection = connection
        self._connection.require_linked()
        return self._connection

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()


class Share:
    """One user's part of a connection: what it has asked for ends when it is closed."""

    def __init__(self, connection: MqttConnection, leave: Callable[[], None]) -> None:
        self._connection = connection
        self._leave = leave
        self._topics: list[Mapping[str, Handler]] = []
        self._watchers: list[LinkWatcher] = []
        self._cancels: list[Callable[[], None]] = []
        self._closed = False

    def watch(self, watcher: LinkWatcher) -> None:
        """Have ``watcher`` told of lost and regained connections."""
        self._watchers.append(watcher)
        self._connection.watch(watcher)

    def subscribe(self, topics: Mapping[str, Handler]) -> None:
        """Subscribe and wait until the broker has agreed. Raises MeterError if it does not."""
        self._topics.append(dict(topics))
        self._connection.subscribe(topics)

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> bool:
        """Send without waiting; False while there is no connection."""
        if self._closed:
            return False
        return self._connection.publish(topic, payload, qos=qos, retain=retain)

    def every(self, period_s: float, action: Callable[[], object]) -> None:
        """Call ``action`` at fixed times until this share is closed."""
        self._cancels.append(self._connection.every(period_s, action))

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait for ``event``."""
        return event.wait(timeout_s)

    def close(self) -> None:
        """Give the share back; may be called twice."""
        if self._closed:
            return
        self._closed = True
        for cancel in self._cancels:
            cancel()
        for watcher in self._watchers:
            self._connection.unwatch(watcher)
        for topics in self._topics:
            self._connection.unsubscribe(topics)
        self._leave()
