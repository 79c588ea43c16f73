"""The grid beneath a SuperLink: nodes are known by their clients, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11

from flwr.app import Error, Message, MessageType, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from benchharness.errors import GateError
from benchharness.federated import flower_link_grid
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_link_grid import LinkGrid, own_arrays
from benchharness.federated.legs import TimedGrid
from benchharness.federated.records import ARRAYS, array_record, be_server, reply_content

Answer = Callable[[Message], "RecordDict | str | None"]


def nobody(_message: Message) -> None:
    return None


class Nodes(Grid):
    """Flower's side: what each node answers; None for one that does not."""

    def __init__(self, answers: dict[int, Answer]) -> None:
        self.answers = answers
        self.asked: dict[str, Message] = {}

    def get_node_ids(self) -> Iterable[int]:
        return list(self.answers)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        found = []
        for message in messages:
            found.append(str(len(self.asked)))
            message.metadata.__dict__["_message_id"] = found[-1]
            self.asked[found[-1]] = message
        return found

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        replies = []
        for question in message_ids:
            message = self.asked[question]
            answer = self.answers.get(message.metadata.dst_node_id, nobody)(message)
            if isinstance(answer, str):
                replies.append(Message(Error(0, answer), reply_to=message))
            elif answer is not None:
                replies.append(Message(answer, reply_to=message))
        return replies

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        raise NotImplementedError

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        raise NotImplementedError

    def set_run(self, run: Run) -> None:
        raise NotImplementedError

    @property
    def run(self) -> Run:
        raise NotImplementedError


def client(number: object) -> Answer:
    return lambda _message: reply_content(None, {"client": number, "num-examples": 1})  # type: ignore[dict-item]


def silent_after_hello(number: int) -> Answer:
    def answer(message: Message) -> RecordDict | None:
        is_hello = message.metadata.message_type == MessageType.QUERY
        return client(number)(message) if is_hello else None  # type: ignore[return-value]

    return answer


def train(node: int) -> Message:
    content = reply_content({"w": np.ones(3, np.float32)}, {"x": 1})
    return Message(content, node, MessageType.TRAIN)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    be_server()
    monkeypatch.setattr(flower_link_grid, "_LONGEST_LOOK_S", 0.01)
    monkeypatch.setattr(flower_link_grid, "_LOOK_AROUND_S", 0.05)


def grid_of(answers: dict[int, Answer], clients: int = 2) -> tuple[LinkGrid, Nodes, list[str]]:
    nodes, said = Nodes(answers), list[str]()
    return LinkGrid(nodes, TaskConfig(clients=clients, timeout_s=0.3), said.append), nodes, said


def test_it_is_a_grid_that_knows_its_times() -> None:
    assert isinstance(grid_of({})[0], TimedGrid)


def test_replies_carry_the_client_and_not_only_the_node() -> None:
    grid, _, said = grid_of({907: client(2), 311: client(1)})
    assert grid.gather((1, 2), 1.0)
    assert list(grid.get_node_ids()) == [311, 907]
    replies = grid.exchange([train(311), train(907)], 1.0)
    assert {(reply.node_id, reply.client) for reply in replies} == {(311, 1), (907, 2)}
    assert all(reply.content is not None and reply.done_ns >= reply.sent_ns for reply in replies)
    assert said == []


def test_who_is_silent_is_given_up_and_not_asked_again_before_it_answers() -> None:
    grid, nodes, _ = grid_of({1: client(1), 2: silent_after_hello(2)})
    grid.gather((1, 2), 1.0)
    lost = {reply.client: reply.lost for reply in grid.exchange([train(1), train(2)], 0.2)}
    assert lost == {1: None, 2: "gave no answer within 0.2 s"}
    assert list(grid.get_node_ids()) == [1]
    assert grid.absence(2) == "is still at an earlier question"
    assert grid.absence(1) is None
    nodes.answers[2] = client(2)
    assert list(grid.get_node_ids()) == [1, 2]


def test_a_client_that_comes_back_as_another_node_ends_the_wait_for_the_old_one() -> None:
    grid, nodes, _ = grid_of({1: client(1), 2: silent_after_hello(2)})
    grid.gather((1, 2), 1.0)
    nodes.answers[7] = client(2)
    replies = grid.exchange([train(1), train(2)], 60.0)
    assert {reply.client: reply.lost for reply in replies} == {
        1: None,
        2: "its node was started again",
    }
    assert list(grid.get_node_ids()) == [1, 7]


def test_an_error_is_told_in_one_line_and_the_node_is_free_again() -> None:
    grid, nodes, _ = grid_of({1: client(1)}, clients=1)
    grid.gather((1,), 1.0)
    nodes.answers[1] = lambda _message: "<class 'ValueError'>:<'broken'>\nTraceback"
    (reply,) = grid.exchange([train(1)], 1.0)
    assert reply.lost == "failed: <class 'ValueError'>:<'broken'>"
    assert list(grid.get_node_ids()) == [1]


@pytest.mark.parametrize("number", [0, 3, "1", 1.0])
def test_a_node_that_is_no_client_is_said_and_never_asked(number: object) -> None:
    grid, _, said = grid_of({1: client(1), 2: client(number)})
    assert not grid.gather((1, 2), 0.1)
    assert list(grid.get_node_ids()) == [1]
    assert said == [f"there is no client {number!r} of 2"]
    assert grid.absence(2) == "its node is not there"


def test_a_node_that_fails_to_say_who_it_is_is_said() -> None:
    grid, _, said = grid_of({1: client(1), 2: lambda _message: "no data"})
    assert not grid.gather((1, 2), 0.1)
    assert said == ["a node does not say who it is: failed: no data"]


def test_without_any_client_there_is_an_error() -> None:
    grid, _, _ = grid_of({})
    with pytest.raises(GateError, match="no client is left: none of 2 nodes can be asked; see"):
        grid.get_node_ids()


def test_flower_gets_arrays_of_its_own_kind_and_one_content_stays_one() -> None:
    content = reply_content({"w": np.arange(4, dtype=np.float32)}, {"x": 1, "text": "t"})
    own = own_arrays(content)
    assert type(own.array_records[ARRAYS]["w"]).__name__ == "Array"
    np.testing.assert_array_equal(own.array_records[ARRAYS]["w"].numpy(), np.arange(4))
    assert own["metrics"] == content["metrics"]
    assert own["texts"] == content["texts"]
    assert array_record({}) == own_arrays(RecordDict({"a": array_record({})}))["a"]
    grid, nodes, _ = grid_of({1: client(1), 2: client(2)})
    grid.gather((1, 2), 1.0)
    grid.exchange([Message(content, 1, "train"), Message(content, 2, "train")], 1.0)
    first, second = [each for each in nodes.asked.values() if each.metadata.message_type == "train"]
    assert first.content is second.content
