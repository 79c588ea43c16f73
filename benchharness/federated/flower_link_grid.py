"""Flower's own Grid, of a ServerApp beneath a SuperLink, as every engine's rounds want it.

Flower knows nodes by random numbers, new ones after each restart; which client a node is says its
app, asked by a query. Replies are looked for often: Flower's ``send_and_receive`` does every 3 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from benchharness.errors import GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.legs import Reply
from benchharness.federated.records import CONFIG, reply_parts

TASK = "task"
_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.25  # a look takes both sides some 5 ms


class LinkGrid(Grid):
    """``grid`` with nodes that are known by their client.

    ``say`` is called with one line about a node that is no client of this training.
    """

    def __init__(
        self, grid: Grid, config: TaskConfig, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._grid, self._config, self._say = grid, config, say
        self._task = config.digest()
        self._client_of: dict[int, int | None] = {}  # by node; None: asked, or it is no client
        self._asked: dict[str, int] = {}  # questions that have no answer yet: to which node
        self._told: dict[str, Message] = {}  # what came of them and nobody has read

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
        return "is still at an earlier question" if client in busy else "its node is not there"

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages to all at once; return a reply for each when the last is in or lost.

        Who is late is not asked again before its answer has come: Flower's nodes do one thing at a
        time, and would stay late.
        """
        sent_ns = time.monotonic_ns()
        waiting: dict[str, int] = {}
        replies: list[Reply] = []
        nodes = [message.metadata.dst_node_id for message in messages]
        letters = _letters(messages)
        for node, question in zip(nodes, self._grid.push_messages(letters), strict=True):
            if question:
                waiting[question] = self._asked[question] = node
            else:
                replies.append(self._reply(node, sent_ns, lost="Flower did not take the message"))
        until, pause_s = time.monotonic() + timeout_s, _LOOK_S
        while waiting and time.monotonic() < until:
            self._pull(list(waiting))
            found = [question for question in waiting if question in self._told]
            for question in found:
                node, answer = waiting.pop(question), self._told.pop(question)
                replies.append(self._read(node, sent_ns, answer))
            pause_s = _LOOK_S if found else min(1.3 * pause_s, _LONGEST_LOOK_S)
            if waiting:
                time.sleep(min(pause_s, max(0.0, until - time.monotonic())))
        lost = f"gave no answer within {timeout_s:g} s"
        return [*replies, *(self._reply(node, sent_ns, lost=lost) for node in waiting.values())]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Send messages and return the replies that came, as any Grid does."""
        asked = {message.metadata.dst_node_id: message for message in messages}
        wait_s = self._config.timeout_s if timeout is None else timeout
        for reply in self.exchange(list(asked.values()), wait_s):
            if reply.content is not None:
                yield Message(reply.content, reply_to=asked[reply.node_id])

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Push messages as Flower's grid does."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Pull replies as Flower's grid does."""
        return self._grid.pull_messages(message_ids)

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Return a message to a node."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def set_run(self, run: Run) -> None:
        """Set the run, as Flower does before the app begins."""
        self._grid.set_run(run)

    @property
    def run(self) -> Run:
        """The run that this ServerApp is of."""
        return self._grid.run

    def _until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > end:
                return False
            time.sleep(_LONGEST_LOOK_S)
        return True

    def _free(self) -> dict[int, int]:
        """Return the nodes that are there and have nothing left to answer: which client each is."""
        there = set(self._grid.get_node_ids())
        self._introduce(there - set(self._client_of))
        self._pull(list(self._asked))
        self._hear_names()
        self._told.clear()  # of legs that are over
        busy = set(self._asked.values())
        return {
            node: client
            for node, client in self._client_of.items()
            if client is not None and node in there and node not in busy
        }

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
                self._asked[question] = node

    def _pull(self, questions: list[str]) -> None:
        if not questions:
            return
        for message in self._grid.pull_messages(questions):
            question = message.metadata.reply_to_message_id
            if self._asked.pop(question, None) is not None:
                self._told[question] = message

    def _hear_names(self) -> None:
        for message in self._told.values():
            node = message.metadata.src_node_id
            if node not in self._client_of or self._client_of[node] is not None:
                continue
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
            if other == client:
                self._client_of[earlier] = None
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
