"""What goes into the average, in which order, and what is said of the rest; over any grid."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11

from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from benchharness.errors import GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.legs import PolledGrid, Reply
from benchharness.federated.metered import MeteredGrid
from benchharness.federated.records import (
    ARRAYS,
    CONFIG,
    ROUND,
    HeldArray,
    array_record,
    be_server,
    payload_bytes,
    plain_arrays,
    reply_content,
)
from benchharness.federated.task import boot_id

SHAPES = {"w": (2,)}
Answer = Callable[[int], "RecordDict | str | None"]


def arrays(*values: float) -> dict[str, Any]:
    return {"w": np.array(values, dtype=np.float32)}


def metrics(client: int, **change: Any) -> dict[str, Any]:
    now = time.monotonic_ns()
    own = {"begin_ns": now, "end_ns": now, "boot_id": boot_id(), "client": client}
    numbers = {"num-examples": client, "train_loss": 1.0, "train_accuracy": 0.5, "samples": 2}
    return {**numbers, **own, **change}


def good(client: int) -> RecordDict:
    return reply_content(arrays(client, -client), metrics(client))


class Nodes(Grid):
    """A Flower grid as its own are: node ids that say nothing, replies in any order, or none."""

    def __init__(self, clients: int, answer: Answer) -> None:
        self._answer = answer
        self._client_of = {1000 - 7 * client: client for client in range(1, clients + 1)}
        self._sent: dict[str, Message] = {}

    def get_node_ids(self) -> Sequence[int]:
        return list(self._client_of)

    def push_messages(self, messages: Any) -> Sequence[str]:
        for message in messages:
            self._sent[str(message.metadata.dst_node_id)] = message
            message.metadata.__dict__["_message_id"] = str(message.metadata.dst_node_id)
        return list(self._sent)

    def pull_messages(self, message_ids: Any) -> Sequence[Message]:
        replies = []
        for message_id in message_ids:
            asked = self._sent[message_id]
            found = self._answer(self._client_of[asked.metadata.dst_node_id])
            if isinstance(found, str):
                replies.append(Message(Error(0, found), reply_to=asked))
            elif found is not None:
                replies.append(Message(found, reply_to=asked))
        return replies

    def create_message(self, *_arguments: Any, **_options: Any) -> Message:
        raise NotImplementedError

    def send_and_receive(self, *_arguments: Any, **_options: Any) -> Any:
        raise NotImplementedError

    def set_run(self, run: Any) -> None:
        raise NotImplementedError

    @property
    def run(self) -> Any:
        raise NotImplementedError


def ask(clients: int, answer: Answer, round_number: int = 4) -> list[Message]:
    """Ask all clients to train; return what would be averaged."""
    be_server()
    nodes = Nodes(clients, answer)
    grid = MeteredGrid(nodes, TaskConfig(clients=clients, timeout_s=0.2), SHAPES)
    grid.log.start(round_number - 1)
    content = RecordDict(
        {ARRAYS: array_record(arrays(0, 0)), CONFIG: ConfigRecord({ROUND: round_number})}
    )
    messages = [Message(content, node, "train") for node in nodes.get_node_ids()]
    return list(grid.send_and_receive(messages))


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[dict[str, Any]]]:
    file = tmp_path / "events"
    file.touch()
    monkeypatch.setenv("BENCHHARNESS_EVENTS", str(file))

    def events(kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in file.read_text().splitlines()]
        return [event for event in found if event["event"] == kind]

    return events


def test_replies_come_in_the_order_of_the_clients_whatever_the_nodes_are_called() -> None:
    weights = [plain_arrays(reply.content.array_records[ARRAYS])["w"][0] for reply in ask(4, good)]
    assert weights == [1.0, 2.0, 3.0, 4.0]


def test_the_average_is_weighted_by_examples() -> None:
    average, numbers = FedAvg(fraction_evaluate=0.0).aggregate_train(1, ask(3, good))
    assert average is not None and numbers is not None
    wanted = (1 * 1 + 2 * 2 + 3 * 3) / (1 + 2 + 3)
    np.testing.assert_allclose(plain_arrays(average)["w"], [wanted, -wanted], rtol=1e-6)
    assert numbers["train_loss"] == pytest.approx(1.0)


def bad(client: int, content: RecordDict | str | None) -> Answer:
    return lambda asked: content if asked == client else good(asked)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (reply_content(arrays(1, np.nan), metrics(2)), "its weights are wrong: 'w' has 1 number"),
        (reply_content(arrays(1), metrics(2)), "its weights are wrong: 'w' has the shape (1,)"),
        (reply_content(None, metrics(2)), "its weights are wrong: 1 of 1 arrays"),
        (
            reply_content(arrays(1, 2), metrics(2, train_loss=float("nan"))),
            "its train_loss is nan",
        ),
        (reply_content(arrays(1, 2), metrics(9)), "somebody says that it is client 9"),
        (reply_content(arrays(1, 2), metrics(1)), "a second reply in the name of"),
        (reply_content(arrays(1, 2), {"client": 2}), "its num-examples is missing"),
        ("out of memory", "failed: out of memory"),
        (None, "gave no answer within 0.2 s"),
    ],
)
def test_a_reply_that_cannot_be_used_is_left_out_with_its_reason(
    content: RecordDict | str | None, why: str, said: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert len(ask(3, bad(2, content))) == 2
    (event,) = said("left_out")
    assert (event["participant"], event["step"]) == ("client-2", 4)
    assert event["text"].startswith(why)


def test_what_a_rejected_reply_was_trained_on_counts_as_its_joules_do(
    said: Callable[[str], list[dict[str, Any]]],
) -> None:
    ask(3, bad(2, reply_content(arrays(1, np.nan), metrics(2, samples=7))))
    told = [e for e in said("metric") if e["participant"] == "client-2"]
    assert [(e["name"], e["value"]) for e in told if e["name"] in ("samples", "train_loss")] == [
        ("samples", 7)
    ]


def test_without_a_usable_reply_the_round_ends_with_all_reasons() -> None:
    with pytest.raises(GateError) as caught:
        ask(2, lambda client: "no room" if client == 1 else None)
    text = str(caught.value)
    assert text.startswith("round 4: no client's reply can be used: client-1 ")
    assert "no room" in text and "gave no answer" in text and "\n" not in text


def test_a_client_with_a_clock_of_its_own_is_noted_and_its_phases_lie_in_the_leg(
    said: Callable[[str], list[dict[str, Any]]],
) -> None:
    far = metrics(1, boot_id="another machine", begin_ns=5, end_ns=7)
    ask(1, lambda _client: reply_content(arrays(1, 2), far))
    edges = {(e["name"], e["edge"]): e["t_ns"] for e in said("phase")}
    assert edges["train", "end"] - edges["train", "start"] == 2
    assert edges["download", "start"] < edges["train", "start"]
    assert edges["train", "end"] < edges["upload", "end"]


def test_the_end_of_the_work_tells_the_cpu_seconds_that_the_client_stamped(
    said: Callable[[str], list[dict[str, Any]]],
) -> None:
    def answer(client: int) -> RecordDict:
        stamp = {1: {"cpu_s": 1.25}, 2: {}, 3: {"cpu_s": -1.0}}[client]
        return reply_content(arrays(1, 2), metrics(client, **stamp))

    ask(3, answer)
    ends = {
        e["participant"]: e for e in said("phase") if (e["name"], e["edge"]) == ("train", "end")
    }
    assert sorted(ends) == ["client-1", "client-2", "client-3"]
    assert ends["client-1"]["cpu_s"] == 1.25
    assert "cpu_s" not in ends["client-2"] and "cpu_s" not in ends["client-3"]
    assert sum("cpu_s" in event for event in said("phase")) == 1


def legs(grid: MeteredGrid, nodes: Nodes, round_number: int, *kinds: str) -> None:
    """Ask all nodes that there are once for each of ``kinds``."""
    for kind in kinds:
        content = RecordDict(
            {ARRAYS: array_record(arrays(0, 0)), CONFIG: ConfigRecord({ROUND: round_number})}
        )
        grid.send_and_receive([Message(content, node, kind) for node in nodes.get_node_ids()])


def both_kinds(client: int) -> RecordDict:
    """Return a reply that is one to both legs: a test's node does not look what it is asked."""
    return reply_content(arrays(1, 2), metrics(client, local_loss=1.0, local_accuracy=0.5))


def test_bytes_of_a_round_are_those_of_the_tensors_of_all_its_legs(
    said: Callable[[str], list[dict[str, Any]]],
) -> None:
    be_server()
    nodes = Nodes(2, both_kinds)
    grid = MeteredGrid(nodes, TaskConfig(clients=2, timeout_s=0.2), SHAPES)
    legs(grid, nodes, 1, "train", "evaluate")
    assert not [e for e in said("metric") if e["unit"] == "B"]
    grid.end_round(1)
    legs(grid, nodes, 2, "train")
    grid.end_round(2)
    sizes = [
        (e["participant"], e["step"], e["name"], e["value"])
        for e in said("metric")
        if e["unit"] == "B"
    ]
    assert sorted(sizes) == [
        (f"client-{client}", step, name, {1: 16, 2: 8}[step])
        for client in (1, 2)
        for step in (1, 2)
        for name in ("bytes_down", "bytes_up")
    ]


class Watched(Nodes):
    """Nodes of which somebody says why one is not there; those are not asked either."""

    def __init__(self, clients: int, answer: Answer) -> None:
        super().__init__(clients, answer)
        self.absent: dict[int, str] = {}
        self.waited_s: list[float] = []

    def get_node_ids(self) -> Sequence[int]:
        return [node for node, client in self._client_of.items() if client not in self.absent]

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        self.waited_s.append(timeout_s)
        return not set(clients) & set(self.absent)

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        self._sent = {}
        return [
            replace(reply, client=self._client_of[reply.node_id])
            for reply in PolledGrid(self).exchange(messages, timeout_s)
        ]

    def absence(self, client: int) -> str | None:
        return self.absent.get(client)


def phases(said: Callable[[str], list[dict[str, Any]]], client: int) -> list[tuple[str, int]]:
    """Return the phases of a client with their rounds, in the order of time."""
    starts = [
        event
        for event in said("phase")
        if event["participant"] == f"client-{client}" and event["edge"] == "start"
    ]
    return [(e["name"], e["step"]) for e in sorted(starts, key=lambda event: event["t_ns"])]


def test_who_is_late_or_gone_does_not_wait(said: Callable[[str], list[dict[str, Any]]]) -> None:
    """Client 2 gives no answer in round 1, is busy in round 2, then gone, then back in round 4."""
    be_server()
    silent = {2}
    nodes = Watched(2, lambda client: None if client in silent else good(client))
    grid = MeteredGrid(nodes, TaskConfig(clients=2, timeout_s=0.2), SHAPES)
    grid.open_log(0)
    legs(grid, nodes, 1, "train")
    nodes.absent = {2: "is still at an earlier question"}  # the words of every grid
    legs(grid, nodes, 2, "train")
    nodes.absent = {2: "its node is not there"}
    legs(grid, nodes, 3, "train")
    nodes.absent, silent = {}, set()
    legs(grid, nodes, 4, "train")
    grid.close_log()
    of_leg = ["download", "train", "upload", "wait"]
    assert phases(said, 2) == [
        ("wait", 0),
        ("late", 1),
        ("gone", 1),
        *((name, 4) for name in of_leg),
    ]
    assert [name for name, _ in phases(said, 1)] == ["wait", *4 * of_leg]
    times = {(e["name"], e["edge"]): e["t_ns"] for e in said("phase") if e.get("step") == 1}
    assert times["late", "end"] == times["gone", "start"]


def test_who_failed_but_is_there_waits_and_who_is_not_there_at_the_start_is_gone(
    said: Callable[[str], list[dict[str, Any]]],
) -> None:
    be_server()
    nodes = Watched(3, bad(1, "no room"))
    nodes.absent = {3: "is not connected"}
    grid = MeteredGrid(nodes, TaskConfig(clients=3, timeout_s=0.2), SHAPES)
    grid.open_log(0)
    legs(grid, nodes, 1, "train")
    grid.close_log()
    assert phases(said, 1) == [("wait", 0), ("wait", 1)]
    assert phases(said, 3) == [("gone", 0)]


def test_the_start_waits_once_and_only_for_its_own_time() -> None:
    nodes = Watched(2, good)
    config = TaskConfig(clients=2, timeout_s=600.0, start_timeout_s=7.0)
    grid = MeteredGrid(nodes, config, SHAPES)
    grid.gather()
    nodes.absent = {2: "is not connected"}
    grid.gather()  # the rounds begin without it
    nodes.absent[1] = "cannot take part: no room"
    with pytest.raises(GateError) as refused:
        grid.gather()
    assert str(refused.value) == (
        "no client has come within 7 s: client-1 cannot take part: no room; client-2 is not "
        "connected; see what the clients said, or raise start_timeout_s"
    )
    assert nodes.waited_s == [7.0, 7.0, 7.0]


def test_what_is_not_waited_for_is_refused() -> None:
    grid = MeteredGrid(Nodes(1, good), TaskConfig(clients=1), SHAPES)
    for ask_alone in (grid.push_messages, grid.pull_messages):
        with pytest.raises(NotImplementedError, match="use send_and_receive"):
            ask_alone([])


def test_a_held_array_is_flowers_array_without_the_copy() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    record = array_record({"w": array})
    held = record["w"]
    assert isinstance(held, HeldArray) and held.numpy() is array
    assert (held.dtype, held.shape) == ("float32", (2, 3))
    assert payload_bytes(RecordDict({ARRAYS: record})) == 24
    # Who asks for the bytes gets those that Flower would have made.
    again = type(record).inflate(record.deflate(), children=record.children)
    np.testing.assert_array_equal(again["w"].numpy(), array)
