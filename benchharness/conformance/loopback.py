"""A broker in memory, in virtual time: drivers reach it by ``open_link`` as they do a real one.

As in MQTT 3.1.1: a retained message is sent, and marked so, to whoever subscribes after it came;
to those who listen already it comes unmarked. A client that loses its connection loses what is
sent meanwhile, subscribes again when it is back, and is told of both. A device that goes away
without a word has its last will sent for it. Messages of one sender keep their order; loss,
doubling and delay on the way are the device's channel (``benchharness.meters.emulator.faults``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import paho.mqtt.client as paho

from benchharness.conformance.virtual_time import VirtualTime, nanoseconds
from benchharness.meters.mqtt.connection import Arrival, Handler, LinkWatcher, MqttSettings

# From a client to the broker or back: a network at home.
TRANSIT_S = 0.002


@lru_cache(maxsize=1024)
def matches(pattern: str, topic: str) -> bool:
    """Say whether a subscription wants a topic."""
    return bool(paho.topic_matches_sub(pattern, topic))


Listener = Callable[[str, str], None]  # topic, payload


class LoopbackBroker:
    """One broker. ``open`` is a :data:`benchharness.meters.mqtt.links.LinkOpener`."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.transit_s = TRANSIT_S
        self.up = True
        self.retained: dict[str, bytes] = {}
        self.failures: list[str] = []  # what drivers raised where nobody could catch it
        self._links: list[LoopbackLink] = []
        self._listeners: list[tuple[tuple[str, ...], Listener]] = []

    def open(self, _settings: MqttSettings) -> LoopbackLink:
        """Return a new link; any address leads here."""
        link = LoopbackLink(self)
        self._links.append(link)
        return link

    def listen(self, filters: tuple[str, ...], listener: Listener) -> None:
        """Have a device's ``listener`` called with what is published under its filters."""
        self._listeners.append((filters, listener))

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Take a message that has reached the broker, and pass it on."""
        if not self.up:
            return
        body = payload.encode() if isinstance(payload, str) else payload
        if retain:
            self.retained[topic] = body
            if not body:
                del self.retained[topic]
        for link in self._links:
            link.deliver(topic, body, retained=False)
        for filters, listener in self._listeners:
            if any(matches(pattern, topic) for pattern in filters):
                text = body.decode("utf-8", errors="replace")
                self._later(partial(listener, topic, text))

    def stop(self, *, keep: bool = False) -> None:
        """Go down: every connection is lost, and what was retained is forgotten unless kept."""
        self.up = False
        if not keep:
            self.retained.clear()
        for link in self._links:
            link.tell(False, "connection to the broker lost: it went down")

    def start(self) -> None:
        """Come back; the clients connect and subscribe again."""
        self.up = True
        for link in self._links:
            link.tell(True, "connected to the broker again")
            link.catch_up()

    def drop(self, link: LoopbackLink) -> None:
        """Forget a link that was closed."""
        if link in self._links:
            self._links.remove(link)

    def _later(self, action: Callable[[], object]) -> None:
        self.time.at(self.time.now_ns() + nanoseconds(TRANSIT_S), action)


class LoopbackLink:
    """A driver's share of the broker; a :class:`benchharness.meters.mqtt.links.Link`."""

    def __init__(self, broker: LoopbackBroker) -> None:
        self._broker = broker
        self._time = broker.time
        self._handlers: list[tuple[str, Handler]] = []
        self._watchers: list[LinkWatcher] = []
        self._stops: list[Callable[[], object]] = []
        self._open = True

    def watch(self, watcher: LinkWatcher) -> None:
        """Have ``watcher`` told when the broker goes down and comes back."""
        self._watchers.append(watcher)

    def subscribe(self, topics: Mapping[str, Handler]) -> None:
        """Subscribe; what is retained under these topics arrives soon after."""
        self._handlers += topics.items()
        self.catch_up(topics)

    def publish(
        self,
        topic: str,
        payload: str,
        *,
        qos: int = 1,  # noqa: ARG002 - as the protocol; nothing is lost between the two
        retain: bool = False,
    ) -> bool:
        """Send; False while the broker is down."""
        if not (self._open and self._broker.up):
            return False
        self._later(lambda: self._broker.publish(topic, payload, retain=retain))
        return True

    def every(self, period_s: float, action: Callable[[], object]) -> None:
        """Call ``action`` every ``period_s`` seconds of virtual time until closed."""
        self._stops.append(self._time.every(period_s, lambda: self._guarded("timer", action)))

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Let virtual time pass until ``event`` is set or ``timeout_s`` is over."""
        return self._time.wait(event, timeout_s)

    def close(self) -> None:
        """Leave; nothing arrives after this."""
        self._open = False
        for stop in self._stops:
            stop()
        self._stops.clear()
        self._broker.drop(self)

    def deliver(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Send a message on its way to every handler whose topic it matches."""
        for pattern, handler in self._handlers:
            if matches(pattern, topic):
                self._later(partial(self._arrive, handler, topic, payload, retained))

    def catch_up(self, topics: Mapping[str, Handler] | None = None) -> None:
        """Deliver what the broker keeps, as it does after a subscription."""
        handlers = self._handlers if topics is None else list(topics.items())
        for topic, payload in self._broker.retained.items():
            for pattern, handler in handlers:
                if matches(pattern, topic):
                    self._later(partial(self._arrive, handler, topic, payload, True))

    def tell(self, connected: bool, detail: str) -> None:
        """Tell the watchers of a connection that was lost or is back."""
        for watcher in list(self._watchers):
            told = partial(watcher, self._time.now_ns(), connected, detail)
            self._guarded("link watcher", told)

    def _arrive(self, handler: Handler, topic: str, payload: bytes, retained: bool) -> None:
        # What was on its way when the broker went down is lost with the connection.
        if self._open and self._broker.up:
            arrival = Arrival(self._time.now_ns(), topic, payload, retained)
            self._guarded(f"message on {topic}", lambda: handler(arrival))

    def _guarded(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            # On a real broker this would end the network's thread: a finding about the driver.
            self._broker.failures.append(f"{what}: {type(error).__name__}: {error}")

    def _later(self, action: Callable[[], object]) -> None:
        self._time.at(self._time.now_ns() + nanoseconds(TRANSIT_S), action)
