"""The hub with clients that are sockets of this process: who is let in, asked, lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchharness.errors import BenchharnessError, UnfitError, UsageError
from benchharness.federated import rivals
from benchharness.federated.config import TaskConfig
from benchharness.federated.hub import Hub
from benchharness.federated.peer import Answer
from benchharness.federated.process_client import attend
from benchharness.wire import greeting, meeting
from benchharness.wire.connection import Connection
from benchharness.wire.frames import LARGEST_FRAME_BYTES, encode

TASK = "a training"


class Rig:
    """A hub, what it said, and connections to it; each client's part runs in a thread."""

    def __init__(self, clients: int = 2) -> None:
        self.said: list[str] = []
        self.hub = Hub(clients, TASK, say=self.said.append)
        self.threads: list[threading.Thread] = []

    def connect(self) -> Connection:
        return Connection(socket.create_connection(("127.0.0.1", self.hub.port), timeout=5))

    def join(self, index: int, **other: Any) -> Connection:
        """Return the connection of a client that has been let in."""
        connection = self.connect()
        fields = {**greeting.hello(index, "boot", LARGEST_FRAME_BYTES, TASK), **other}
        connection.send("hello", fields)
        assert self.welcome(connection) == "welcome" and self.hub.gather((index,), 5)
        return connection

    def welcome(self, connection: Connection) -> str:
        """Return the kind of what the hub says to one that has said who it is."""
        told: list[str] = []
        self.behind(lambda: told.append(connection.receive(5).kind))
        while self.threads[-1].is_alive():
            self.hub.gather_any(0.01)
        return told[0]

    def behind(self, act: Callable[[], object]) -> None:
        self.threads.append(threading.Thread(target=act))
        self.threads[-1].start()

    def ask(self, *clients: int, timeout_s: float = 5, **tensors: Any) -> dict[int, Answer]:
        letter = encode("train", {"leg": self.hub.next_leg()}, tensors)
        return self.hub.exchange(dict.fromkeys(clients, letter), timeout_s)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.hub.close("over")
    for thread in rig.threads:
        thread.join()


def answer(connection: Connection, **fields: Any) -> None:
    frame = connection.receive(5)
    tensors = {name: 2 * tensor for name, tensor in frame.tensors.items()}
    connection.send("reply", {"leg": frame.fields["leg"], **fields}, tensors)


def hang_up(connection: Connection) -> None:
    connection.receive(5)
    connection.close()


def test_all_are_asked_at_once_and_answer_with_their_times(rig: Rig) -> None:
    w = np.arange(300_000, dtype=np.float64)  # more than a socket's buffers hold
    with rig.join(1) as one, rig.join(2) as two:
        assert rig.hub.free() == (1, 2)
        before = time.monotonic_ns()
        rig.behind(lambda: answer(one, name="one"))
        rig.behind(lambda: answer(two, name="two"))
        answers = rig.ask(1, 2, w=w)
        after = time.monotonic_ns()
        for index, name in ((1, "one"), (2, "two")):
            got = answers[index]
            assert got.lost is None and got.frame is not None
            assert got.frame.fields["name"] == name
            np.testing.assert_array_equal(got.frame.tensors["w"], 2 * w)
            assert before <= got.sent_ns < got.done_ns <= after
            assert w.nbytes < got.bytes_down < w.nbytes + 200
    assert rig.said == []


def test_who_hangs_up_is_out_of_the_leg_at_once(rig: Rig) -> None:
    one, two = rig.join(1), rig.join(2)
    with two:
        rig.behind(lambda: hang_up(one))
        rig.behind(lambda: answer(two))
        start = time.monotonic()
        answers = rig.ask(1, 2, timeout_s=30)
        assert time.monotonic() - start < 10
    assert answers[1].lost == "the connection was closed"
    assert answers[2].lost is None
    assert rig.hub.why_not(1) == "the connection was closed"
    assert rig.said == ["client 1: the connection was closed"]


def test_who_is_cut_off_within_a_frame_is_said_to_be(rig: Rig) -> None:
    one = rig.join(1)

    def half() -> None:
        one.receive(5)
        whole = b"".join(encode("reply", {"leg": 1}, {"w": np.zeros(100)}))
        one._socket.sendall(whole[:-300])
        one.close()

    rig.behind(half)
    lost = rig.ask(1)[1].lost
    assert lost == "the connection was closed within a frame, without 300 bytes of its payload"


def test_who_does_not_answer_is_given_up_and_asked_again_once_it_has(rig: Rig) -> None:
    with rig.join(1) as one:
        assert rig.ask(1, timeout_s=0.05)[1].lost == "gave no answer within 0.05 s"
        assert rig.hub.free() == ()
        assert rig.ask(1, timeout_s=0.05)[1].lost == "is still at an earlier question"
        rig.behind(lambda: answer(one))  # to the first question
        assert rig.hub.gather_any(5)
        assert rig.said == ["client 1 answered after it had been given up"]
        rig.behind(lambda: answer(one))
        assert rig.ask(1)[1].lost is None


def test_the_hub_tells_who_came_was_late_was_heard_and_left_in_the_order_of_time(rig: Rig) -> None:
    before_ns = time.monotonic_ns()
    with rig.join(1) as one, rig.join(2):
        rig.ask(1, timeout_s=0.05)
        rig.behind(lambda: answer(one))
        assert rig.hub.gather((1, 2), 5)
        rig.behind(lambda: hang_up(one))
        lost = rig.ask(1)[1]
    changes = rig.hub.standings.take()
    assert [(each.client, each.name) for each in changes] == [
        *((1, "wait"), (2, "wait")),
        *((1, "late"), (1, "wait"), (1, "gone")),
    ]
    times = [before_ns, *(each.t_ns for each in changes), lost.done_ns, time.monotonic_ns()]
    assert times == sorted(times)
    assert rig.hub.standings.take() == []


def test_who_comes_back_takes_its_place_also_while_the_lost_connection_stands(rig: Rig) -> None:
    with rig.join(1, program="a"), rig.join(1, program="a") as again:
        rig.behind(lambda: answer(again, which="again"))
        got = rig.ask(1)[1]
        assert got.frame is not None and got.frame.fields["which"] == "again"
    assert rig.said == ["client 1: came back on another connection"]


@pytest.mark.parametrize(("boot", "lingers_s"), [("boot", 5.0), ("another machine's", 90.0)])
def test_a_second_program_is_turned_away_while_the_first_is_connected(
    rig: Rig, boot: str, lingers_s: float
) -> None:
    hello = greeting.hello(1, boot, LARGEST_FRAME_BYTES, TASK)
    with rig.join(1, program="a") as first:
        with rig.connect() as second:
            second.send("hello", {**hello, "program": "b"})
            assert not rig.hub.gather((1, 2), 0.2)
            told = second.receive(5)
        assert (told.kind, told.fields["lingers_s"]) == ("taken", lingers_s)
        assert told.fields["text"] == "another program is client 1 already, and is connected"
        assert rig.said == [f"client 1: a second program was turned away: {told.fields['text']}"]
        rig.behind(lambda: answer(first))
        assert rig.ask(1)[1].lost is None


def test_a_second_program_asks_again_for_a_while_and_gives_up_in_one_line(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TaskConfig(clients=2)
    monkeypatch.setattr(rivals, "_HERE_S", 0.1)
    monkeypatch.setattr(TaskConfig, "digest", lambda _config: TASK)
    meeting.write_port(tmp_path / meeting.PORT_FILE, rig.hub.port)
    ended: list[BenchharnessError] = []

    def second() -> None:
        try:
            attend(None, config, 1, tmp_path)  # type: ignore[arg-type]  # it is never asked to work
        except BenchharnessError as error:
            ended.append(error)

    with rig.join(1, program="a", boot_id=meeting.boot_id()):
        rig.behind(second)
        while rig.threads[-1].is_alive():
            rig.hub.gather_any(0.01)
        assert rig.hub.free() == (1,)
    (error,) = ended
    assert isinstance(error, UsageError)
    assert str(error) == (
        "the server refuses client 1: another program is client 1 already, and is connected; end "
        "that one, or give each its own --index"
    )
    assert capsys.readouterr().err == (
        "client 1: another program is client 1 already, and is connected: asking for 0.1 s more\n"
    )


def test_a_program_that_was_started_again_is_let_in_before_the_end_of_the_first_was_heard(
    rig: Rig,
) -> None:
    first = rig.join(1, program="a")
    connection = rig.connect()  # the two are seen in one look, in any order
    connection.send("hello", {**greeting.hello(1, "boot", 1 << 20, TASK), "program": "b"})
    first.close()
    with connection:
        assert rig.welcome(connection) == "welcome"
        rig.behind(lambda: answer(connection))
        assert rig.ask(1)[1].lost is None
    assert rig.said == ["client 1: the connection was closed"]


def test_a_client_that_says_it_failed_is_lost_for_this_leg_only(rig: Rig) -> None:
    with rig.join(1) as one:

        def fail() -> None:
            one.receive(5)
            one.send("failed", {"leg": 1, "text": "no room"})

        rig.behind(fail)
        assert rig.ask(1)[1].lost == "failed: no room"
        rig.behind(lambda: answer(one))
        assert rig.ask(1)[1].lost is None


def test_who_cannot_take_part_is_not_waited_for_until_it_can(rig: Rig) -> None:
    hello = greeting.hello(2, "boot", LARGEST_FRAME_BYTES, TASK)
    with rig.join(1):
        with rig.connect() as unable:
            unable.send("hello", {**hello, "unable": "too little memory"})
        start = time.monotonic()
        assert not rig.hub.gather((1, 2), 30)
        assert time.monotonic() - start < 10
        assert rig.hub.why_not(2) == "cannot take part: too little memory"
        assert rig.said == ["client 2: cannot take part: too little memory"]
        with rig.join(2):
            assert rig.hub.gather((1, 2), 5)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"index": 3}, "there is no client 3 of 2"),
        ({"index": True}, "there is no client True of 2"),
        ({"index": "1"}, "there is no client '1' of 2"),
        ({"task": "another"}, "it is configured for another training"),
        ({"limit_bytes": 10}, "frames of 10 bytes"),
    ],
)
def test_who_cannot_be_a_client_is_told_why(rig: Rig, fields: dict[str, Any], says: str) -> None:
    hello = greeting.hello(1, "boot", LARGEST_FRAME_BYTES, TASK)
    with rig.connect() as stranger:
        stranger.send("hello", {**hello, **fields})
        assert not rig.hub.gather((1,), 0.3)
        frame = stranger.receive(5)
        assert frame.kind == "refused" and says in frame.fields["text"]
    assert len(rig.said) == 1 and says in rig.said[0]


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n1234567", bytes(24), b"BHFW" + b"\xff" * 20]
)
def test_foreign_programs_are_turned_away_and_clients_are_not_disturbed(
    rig: Rig, noise: bytes
) -> None:
    with rig.join(1) as one, socket.create_connection(("127.0.0.1", rig.hub.port)) as stranger:
        stranger.sendall(noise)
        rig.behind(lambda: answer(one))
        assert rig.ask(1)[1].lost is None
        assert not rig.hub.gather((2,), 0.2)
    assert len(rig.said) == 1 and "\n" not in rig.said[0]


def test_an_answer_that_nobody_asked_for_ends_the_connection(rig: Rig) -> None:
    with rig.join(1) as one:
        one.send("reply", {"leg": 1})
        assert not rig.hub.gather((1, 2), 0.3)
    assert rig.hub.why_not(1) == "an answer that nobody asked for: 'reply' of leg 1"


def test_a_letter_over_a_clients_limit_is_not_sent_to_it(rig: Rig) -> None:
    with rig.join(1, limit_bytes=1 << 16):
        lost = rig.ask(1, w=np.zeros(1 << 14))[1].lost
        assert lost is not None and lost.startswith("takes 65536 bytes at most, not 131")
        assert rig.hub.free() == (1,)


def test_good_bye_reaches_all_with_its_reason(rig: Rig) -> None:
    with rig.join(1) as one, rig.join(2) as two:
        rig.hub.close("that was all")
        for connection in (one, two):
            frame = connection.receive(5)
            assert (frame.kind, frame.fields) == ("bye", {"text": "that was all"})
        rig.hub.close("again")


def test_the_port_is_had_again_and_where_it_is_taken_another_only_if_that_will_do(rig: Rig) -> None:
    port = rig.hub.port
    second = Hub(1, TASK, ports=(port, 0))
    assert second.port != port
    second.close("over")
    with pytest.raises(UnfitError) as refused:
        Hub(1, TASK, ports=(port,))
    assert str(refused.value) == (
        f"cannot listen at 127.0.0.1:{port}: Address already in use; take another address, or "
        "port 0 for any that is free"
    )
    with rig.join(1):
        rig.hub.close(None)  # as a server that is killed: its ends of the connections linger
        third = Hub(1, TASK, ports=(port,))
        assert third.port == port
        third.close("over")
