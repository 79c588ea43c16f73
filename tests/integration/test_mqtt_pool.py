"""The plugs of one broker share one connection, through a real broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchharness.errors import MeterError
from benchharness.meters.address import parse_broker
from benchharness.meters.mqtt import connection as mqtt
from benchharness.meters.mqtt.connection import MqttSettings
from benchharness.meters.mqtt.pool import ConnectionPool, Share
from benchharness.meters.mqtt.routes import Arrival
from tests.integration.bulk import bulk_plugs, open_meters, stop
from tests.integration.mqtt_broker import Mosquitto

pytestmark = pytest.mark.broker


class User:
    """One share of a connection and what it has been told."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.got: list[Arrival] = []
        self.links: list[bool] = []
        self.came = threading.Event()
        share.watch(lambda _t_ns, connected, _detail: self.links.append(connected))

    def listen(self, *topics: str) -> User:
        self.share.subscribe(dict.fromkeys(topics, self._on_message))
        return self

    def has(self, number: int, timeout_s: float = 5.0) -> bool:
        deadline = time.monotonic() + timeout_s
        while len(self.got) < number and time.monotonic() < deadline:
            self.came.wait(0.05)
            self.came.clear()
        return len(self.got) >= number

    def _on_message(self, arrival: Arrival) -> None:
        self.got.append(arrival)
        self.came.set()


@pytest.fixture
def pool() -> ConnectionPool:
    return ConnectionPool()


@pytest.fixture
def join(pool: ConnectionPool, mosquitto: Mosquitto) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def start() -> User:
        users.append(User(pool.open(MqttSettings(parse_broker(mosquitto.url)))))
        return users[-1]

    yield start
    for user in users:
        user.share.close()
    assert pool.connections() == 0


def clients(broker: Mosquitto) -> int:
    """How many clients the broker says have connected to it."""
    log = (broker.folder / "mosquitto.log").read_text()
    return sum("New client connected" in line for line in log.splitlines())


def test_ten_users_are_one_client_of_the_broker(
    pool: ConnectionPool, mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    users = [join().listen(f"t/{n}") for n in range(10)]
    assert pool.connections() == 1
    assert clients(mosquitto) == 1
    mosquitto.publish("t/3", "x")
    assert users[3].has(1)
    assert [len(user.got) for user in users] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_users_that_come_at_once_are_one_client(
    pool: ConnectionPool, mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: join(), range(8)))
    assert clients(mosquitto) == 1


def test_a_topic_of_two_users_and_one_that_leaves(
    mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    one, other = join().listen("t"), join().listen("t", "u/+")
    mosquitto.publish("t", "1")
    assert one.has(1) and other.has(1)
    one.share.close()
    one.share.close()
    mosquitto.publish("t", "2")
    mosquitto.publish("u/v", "3")
    assert other.has(3)
    assert [arrival.payload for arrival in other.got] == [b"1", b"2", b"3"]
    assert len(one.got) == 1
    assert one.share.publish("t", "late") is False


def test_what_the_broker_has_retained_comes_to_each_new_user(
    mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    mosquitto.publish("lwt", "Online", retain=True)
    for user in (join(), join()):
        assert user.listen("lwt").has(1)
        assert user.got[0].retained


def test_questions_at_intervals_end_with_their_user(
    mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    calls: dict[str, int] = {"one": 0, "other": 0}
    one, other = join(), join()
    enough = threading.Event()

    def ask_other() -> None:
        calls["other"] += 1
        if calls["other"] == 10:
            enough.set()

    one.share.every(0.01, lambda: calls.update(one=calls["one"] + 1))
    other.share.every(0.02, ask_other)
    assert not one.share.wait(threading.Event(), 0.05)
    one.share.close()
    asked = calls["one"]
    assert other.share.wait(enough, 5)
    assert asked > 0 and calls["one"] <= asked + 1


def test_a_broker_that_is_started_anew_has_every_subscription_again(
    mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    users = [join().listen(f"t/{n}") for n in range(3)]
    gone = join()
    gone.share.close()
    mosquitto.kill()
    mosquitto.start()
    deadline = time.monotonic() + 10
    while users[0].links != [False, True] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [user.links for user in users] == [[False, True]] * 3
    assert gone.links == []
    for n, user in enumerate(users):
        # The subscription follows the connection by a round trip.
        while not user.has(1, 0.2) and time.monotonic() < deadline:
            mosquitto.publish(f"t/{n}", "x")
        assert user.got


def test_who_comes_while_the_connection_is_lost_is_told_so(
    mosquitto: Mosquitto, join: Callable[[], User], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = join()
    mosquitto.kill()
    while not first.links:
        time.sleep(0.01)
    monkeypatch.setattr(mqtt, "CONNECT_TIMEOUT_S", 0.2)
    with pytest.raises(MeterError, match="the connection to the broker is lost; start the broker"):
        join()


def test_other_settings_are_another_connection(
    pool: ConnectionPool, mosquitto: Mosquitto, join: Callable[[], User]
) -> None:
    join()
    other = pool.open(MqttSettings(parse_broker(mosquitto.url), will=("lwt", "Offline")))
    assert pool.connections() == 2
    other.close()


@pytest.mark.alone
def test_a_hundred_plugs_and_no_message_is_lost(mosquitto: Mosquitto) -> None:
    with bulk_plugs(mosquitto, 100, 5.0) as plugs, open_meters(mosquitto, 100, 0) as watched:
        watched.watch(2.0)
        sent = stop(plugs)
        time.sleep(0.3)  # the last ones are on their way
        watched.take()
    assert clients(mosquitto) < 5
    assert watched.missing(sent) == 0
    assert all(len(numbers) >= 10 for numbers in watched.numbers)
