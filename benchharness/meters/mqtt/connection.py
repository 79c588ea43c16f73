"""The connection to a broker that MQTT drivers share: paho-mqtt 2 on its own network thread.

One connection serves any number of topics. Messages are handed to their handler on the network
thread, stamped with CLOCK_MONOTONIC when they arrive; what is asked for at intervals is sent by
one timer thread. It reconnects by itself with growing pauses, and each change is an event.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from benchharness.errors import MeterError
from benchharness.meters.address import LOGIN_REMEDY, Broker
from benchharness.meters.mqtt.credentials import find_credentials
from benchharness.meters.mqtt.failures import connect_error, tls_context
from benchharness.meters.mqtt.routes import Arrival, Handler, Routes
from benchharness.meters.mqtt.timer import PeriodicTimer

# Of subscriptions and commands. Plugs send their telemetry with QoS 0 and then it is delivered so,
# without a receipt each; what a plug or a bridge does send with QoS 1 is not lost on the last leg.
QOS = 1
CONNECT_TIMEOUT_S = 4.0
KEEPALIVE_S = 10
_SENT_REMEDY = "a user and a password were sent: check both, and that this user may connect"
RECONNECT_DELAY_S = (1, 30)
# Some brokers take few topics in one request.
_TOPICS_AT_ONCE = 100
__all__ = ["Arrival", "Handler", "LinkWatcher", "MqttConnection", "MqttSettings"]


LinkWatcher = Callable[[int, bool, str], None]  # t_ns, connected, detail


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where and how to connect. Secrets are found when the connection opens, not kept here."""

    broker: Broker
    tls_ca: Path | None = None
    credentials_file: Path | None = None
    will: tuple[str, str] | None = None  # topic and text that the broker keeps and sends for us


class _Subscription:
    """The broker's answer to one subscription."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.refused = False


class MqttConnection:
    """A connection to one broker: open it once, subscribe, publish; close it, twice if need be."""

    def __init__(self, settings: MqttSettings) -> None:
        self.settings = settings
        self._routes = Routes()
        self._watchers: tuple[LinkWatcher, ...] = ()
        self._client: paho.Client | None = None
        self._accepted = threading.Event()
        self._refusal: str | None = None
        self._broken = False
        self._subscriptions: dict[int, _Subscription] = {}
        self._resubscriptions: set[int] = set()
        self._linked = threading.Event()
        self._ever_linked = False
        self._timer = PeriodicTimer()

    def watch(self, watcher: LinkWatcher) -> None:
        """Have ``watcher`` told of lost and regained connections, on the network thread."""
        self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: LinkWatcher) -> None:
        """Tell ``watcher`` no more."""
        self._watchers = tuple(other for other in self._watchers if other != watcher)

    def open(self) -> None:
        """Connect; returns when the broker has accepted.

        Raises MeterError within a few seconds: no such host, nobody listens, TLS, password.
        """
        where = str(self.settings.broker)
        client = self._make_client()
        self._client = client
        try:
            self._connect(client, where)
            client.loop_start()
            if not self._accepted.wait(CONNECT_TIMEOUT_S):
                raise MeterError(
                    "the broker does not answer", where=where, remedy="check host, port and TLS"
                )
            if self._refusal is not None:
                sent = client.username is not None
                raise MeterError(
                    f"the broker refuses: {self._refusal}",
                    where=where,
                    remedy=_SENT_REMEDY if sent else LOGIN_REMEDY,
                )
            if self._broken:
                raise MeterError(
                    "the broker hangs up", where=where, remedy="write mqtts:// if it wants TLS"
                )
        except BaseException:
            self.close()
            raise

    def require_linked(self) -> None:
        """Return once there is a connection, at once if there is one.

        Raises MeterError if it was lost and does not come back within a few seconds.
        """
        if not self._linked.wait(CONNECT_TIMEOUT_S):
            raise MeterError(
                "the connection to the broker is lost",
                where=str(self.settings.broker),
                remedy="start the broker; the connection comes back by itself",
            )

    def subscribe(self, topics: Mapping[str, Handler]) -> None:
        """Subscribe to topics or filters and wait until the broker has agreed.

        A topic may have several handlers; what the broker has retained comes again to all of
        them. Raises MeterError if it does not agree.
        """
        self._routes.add(topics)
        if self._client is None:
            return
        where = str(self.settings.broker)
        for some in _portions(list(topics)):
            result, mid = self._client.subscribe([(topic, QOS) for topic in some])
            answer = self._subscriptions.setdefault(mid or 0, _Subscription())
            if result != paho.MQTT_ERR_SUCCESS or not answer.came.wait(CONNECT_TIMEOUT_S):
                raise MeterError("the broker does not answer a subscription", where=where)
            self._subscriptions.pop(mid or 0, None)
            if answer.refused:
                raise MeterError(
                    f"the broker refuses a subscription ({', '.join(sorted(some))})",
                    where=where,
                    remedy="let this user read them in the broker's access list",
                )

    def unsubscribe(self, topics: Mapping[str, Handler]) -> None:
        """Take these handlers away; the broker is told of topics that nobody wants any more."""
        orphans = self._routes.remove(topics)
        client = self._client
        if orphans and client is not None and client.is_connected():
            for some in _portions(orphans):
                client.unsubscribe(some)

    def publish(self, topic: str, payload: str, *, qos: int = QOS, retain: bool = False) -> bool:
        """Send without waiting; False while there is no connection, so that nothing piles up."""
        client = self._client
        if client is None or not client.is_connected():
            return False
        return client.publish(topic, payload, qos=qos, retain=retain).rc == paho.MQTT_ERR_SUCCESS

    def every(self, period_s: float, action: Callable[[], object]) -> Callable[[], None]:
        """Call ``action`` on the timer thread at fixed times; returns what ends that."""
        return self._timer.add(period_s, action)

    def close(self) -> None:
        """Disconnect and end both threads; may be called twice."""
        self._timer.stop()
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"benchharness-{secrets.token_hex(5)}"
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(*RECONNECT_DELAY_S)
        credentials = find_credentials(self.settings.credentials_file)
        if credentials is not None:
            client.username_pw_set(credentials.username, credentials.password)
        if self.settings.broker.tls:
            client.tls_set_context(tls_context(self.settings.tls_ca))
        if self.settings.will is not None:
            client.will_set(*self.settings.will, qos=QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self, client: paho.Client, where: str) -> None:
        failures: list[Exception] = []
        broker = self.settings.broker

        def attempt() -> None:
            try:
                client.connect(broker.host, broker.port, keepalive=KEEPALIVE_S)
            except (OSError, ValueError) as error:
                failures.append(error)

        # In a thread of its own, since looking a name up cannot be given a time limit.
        thread = threading.Thread(target=attempt, name="mqtt-connect", daemon=True)
        thread.start()
        thread.join(CONNECT_TIMEOUT_S + 1)
        if thread.is_alive():
            raise MeterError(
                "the broker does not answer", where=where, remedy="check host and port"
            )
        if failures:
            raise connect_error(failures[0], where) from None

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        t_ns = time.monotonic_ns()
        if reason.is_failure:
            self._refuse(t_ns, str(reason))
            return
        again, self._ever_linked = self._ever_linked, True
        self._refusal = None
        self._linked.set()
        self._accepted.set()
        if again:
            # The broker may have been started anew, and then knows of no subscription.
            for some in _portions(self._routes.topics()):
                _, mid = client.subscribe([(topic, QOS) for topic in some])
                self._resubscriptions.add(mid or 0)
            self._tell(t_ns, True, f"connected to {self.settings.broker} again")

    def _refuse(self, t_ns: int, reason: str) -> None:
        news, self._refusal = reason != self._refusal, reason
        self._accepted.set()
        if news and self._ever_linked:
            self._tell(t_ns, False, f"{self.settings.broker} refuses: {reason}")

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        t_ns = time.monotonic_ns()
        linked = self._linked.is_set()
        self._linked.clear()
        if not self._ever_linked:
            self._broken = True
            self._accepted.set()
        if linked and self._client is not None:
            self._tell(t_ns, False, f"connection to {self.settings.broker} lost: {reason}")

    def _tell(self, t_ns: int, connected: bool, detail: str) -> None:
        for watcher in self._watchers:
            watcher(t_ns, connected, detail)

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = any(reason.is_failure for reason in reasons)
        if mid in self._resubscriptions:
            self._resubscriptions.discard(mid)
            if refused:
                detail = f"{self.settings.broker} refuses a subscription that it had granted"
                self._tell(time.monotonic_ns(), False, detail)
            return
        answer = self._subscriptions.setdefault(mid, _Subscription())
        answer.refused = refused
        answer.came.set()

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        self._routes.hand_out(
            Arrival(
                time.monotonic_ns(),
                message.topic,
                bytes(message.payload),
                message.retain,
                message.dup,
            )
        )


def _portions(topics: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(topics), _TOPICS_AT_ONCE):
        yield topics[start : start + _TOPICS_AT_ONCE]
