"""Flower's own Grid, of a ServerApp beneath a SuperLink, as every engine's rounds want it.

Flower knows nodes by random numbers, new ones after each restart; which client a node is says its
app, asked by a query. Replies are looked for often: Flower's ``send_and_receive`` does every 3 s.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from benchharness.errors import GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_grid import AskingGrid
from benchharness.federated.legs import Reply
from benchharness.federated.records import CONFIG, reply_parts
from benchharness.federated.standing import BUSY

TASK = "task"
_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.25  # a look takes both sides some 5 ms
_LOOK_AROUND_S = 2.0  # for nodes that come while others work


class LinkGrid(AskingGrid):
    """``grid`` with nodes that are known by their client.

    ``say`` is called with one line about a node that is no client of this training.
    """

    def __init__(
        self, grid: Grid, config: TaskConfig, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        super().__init__(config)
        self._grid, self._say = grid, say
        self._task = config.digest()
        self._client_of: dict[int, int | None] = {}  # by node; None: asked, or it is no client
        self._asked: dict[str, int] = {}  # questions that have no answer yet: to which node
        self._introductions: dict[str, int] = {}  # those of them that ask who it is
        self._told: dict[str, Message] = {}  # what came of them and nobody has read
        self._replaced: dict[int, int] = {}  # nodes whose client came back as another one

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        """Wait until ``clients`` are there and have said who they are; return whether they have."""
        return self._until(lambda: set(clients) <= set(self._free().values()), timeout_s)

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes that can be asked now. Raises GateError if none can for a time."""
        if not self._until(lambda: bool(self._free()), self._config.timeout_s):
            raise GateError(
                f"no client is left: none of {self._config.clients} nodes can be asked",
                remedy="see the log of the SuperLink and what the clients said",
            )
        return sorted(self._free())

    def absence(self, client: int) -> str | None:
        """Return why a client cannot be asked now; None if it can."""
        if client in self._free().values():
            return None
        busy = {self._client_of.get(node) for node in self._asked.values()}
        return BUSY if client in busy else "its node is not there"

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages to all at once; return a reply for each when the last is in or lost.

        Who is late is not asked again before its answer has come: Flower's nodes do one thing at a
        time, and would stay late.
        """
        sent_ns = time.monotonic_ns()
        waiting, replies = self._push(messages, sent_ns)
        until, pause_s = time.monotonic() + timeout_s, _LOOK_S
        look_around_s = time.monotonic() + _LOOK_AROUND_S
        while waiting and time.monotonic() < until:
            found = self._collect(waiting, sent_ns)
            replies += found
            pause_s = _LOOK_S if found else min(1.3 * pause_s, _LONGEST_LOOK_S)
            if time.monotonic() > look_around_s:
                self._look_around()
                replies += self._give_up_replaced(waiting, sent_ns)
                look_around_s = time.monotonic() + _LOOK_AROUND_S
            if waiting:
                time.sleep(min(pause_s, max(0.0, until - time.monotonic())))
        lost = f"gave no answer within {timeout_s:g} s"
        return [*replies, *(self._reply(node, sent_ns, lost=lost) for node in waiting.values())]

    def _push(
        self, messages: Sequence[Message], sent_ns: int
    ) -> tuple[dict[str, int], list[Reply]]:
        """Send; return which nodes are to answer which question, and who was not asked."""
        waiting: dict[str, int] = {}
        replies: list[Reply] = []
        nodes = [message.metadata.dst_node_id for message in messages]
        letters = _letters(messages)
        for node, question in zip(nodes, self._grid.push_messages(letters), strict=True):
            if question:
                waiting[question] = self._asked[question] = node
            else:
                replies.append(self._reply(node, sent_ns, lost="Flower did not take the message"))
        return waiting, replies

    def _collect(self, waiting: dict[str, int], sent_ns: int) -> list[Reply]:
        """Take those of ``waiting`` that have answered out of it; return their replies."""
        self._pull(list(self._asked))
        found = [question for question in waiting if question in self._told]
        return [
            self._read(waiting.pop(question), sent_ns, self._told.pop(question))
            for question in found
        ]

    def _until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > end:
                return False
            time.sleep(_LONGEST_LOOK_S)
        return True

    def _free(self) -> dict[int, int]:
        """Return the nodes that are there and have nothing left to answer: which client each is."""
        self._pull(list(self._asked))
        there = self._look_around()
        self._told.clear()  # of legs that are over
        busy = set(self._asked.values())
        return {
            node: client
            for node, client in self._client_of.items()
            if client is not None and node in there and node not in busy
        }

    def _look_around(self) -> set[int]:
        """Return the nodes that are there; ask new ones who they are, and hear what they say."""
        there = set(self._grid.get_node_ids())
        self._introduce(there - set(self._client_of))
        self._hear_names()
        return there

    def _give_up_replaced(self, waiting: dict[str, int], sent_ns: int) -> list[Reply]:
        """Wait no longer for nodes whose client has come back as another node."""
        found = []
        for question, node in list(waiting.items()):
            if (client := self._replaced.get(node)) is not None:
                del waiting[question]
                self._asked.pop(question, None)
                reply = self._reply(node, sent_ns, lost="its node was started again")
                found.append(dataclasses.replace(reply, client=client))
        return found

    def _introduce(self, nodes: set[int]) -> None:
        """Ask nodes who they are."""
        messages = [
            Message(
                RecordDict({CONFIG: ConfigRecord({TASK: self._task})}),
                node,
                MessageType.QUERY,
            )
            for node in nodes
        ]
        if not messages:
            return
        for node, question in zip(nodes, self._grid.push_messages(messages), strict=True):
            self._client_of[node] = None
            if question:
                self._asked[question] = self._introductions[question] = node

    def _pull(self, questions: list[str]) -> None:
        if not questions:
            return
        for message in self._grid.pull_messages(questions):
            question = message.metadata.reply_to_message_id
            if self._asked.pop(question, None) is not None:
                self._told[question] = message

    def _hear_names(self) -> None:
        for question in [each for each in self._told if each in self._introductions]:
            message, node = self._told.pop(question), self._introductions.pop(question)
            if message.has_error():
                self._say(f"a node does not say who it is: {_reason(message)}")
                continue
            client = reply_parts(message.content)[1].get("client")
            if type(client) is int and 1 <= client <= self._config.clients:
                self._became(client, node)
            else:
                self._say(f"there is no client {client!r} of {self._config.clients}")

    def _became(self, client: int, node: int) -> None:
        """Know a node by its client; one that was this client before is one no more."""
        for earlier, other in self._client_of.items():
            if other == client and earlier != node:
                self._client_of[earlier] = None
                self._replaced[earlier] = client
        self._client_of[node] = client

    def _read(self, node: int, sent_ns: int, answer: Message) -> Reply:
        if answer.has_error():
            return self._reply(node, sent_ns, lost=_reason(answer))
        return self._reply(node, sent_ns, content=answer.content)

    def _reply(
        self, node: int, sent_ns: int, content: RecordDict | None = None, lost: str | None = None
    ) -> Reply:
        client = self._client_of.get(node)
        return Reply(node, client, sent_ns, time.monotonic_ns(), content=content, lost=lost)


def own_arrays(content: RecordDict) -> RecordDict:
    """Return the records with arrays of Flower's own kind, which is all that its services take."""
    found = RecordDict(dict(content.items()))
    for name, record in content.array_records.items():
        found[name] = ArrayRecord({each: Array(array.numpy()) for each, array in record.items()})
    return found


def _letters(messages: Sequence[Message]) -> list[Message]:
    """Return the messages as they are sent; one content for all, as FedAvg has it, stays one."""
    ready: dict[int, RecordDict] = {}
    letters = []
    for message in messages:
        content, meta = message.content, message.metadata
        if id(content) not in ready:
            ready[id(content)] = own_arrays(content)
        asked = ready[id(content)]
        letters.append(Message(asked, meta.dst_node_id, meta.message_type))
    return letters


def _reason(message: Message) -> str:
    return f"failed: {message.error.reason}".strip().partition("\n")[0]
