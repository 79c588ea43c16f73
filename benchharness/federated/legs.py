"""What every engine's grid tells of a leg: who was asked when, and who answered when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from flwr.app import Message, RecordDict
    from flwr.serverapp import Grid

_POLL_S = 0.02
_LONGEST_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Reply:
    """One node's part in a leg; times are this machine's CLOCK_MONOTONIC.

    ``client`` is its number from 1, None where only its reply says so. ``content`` is the reply,
    which was there at ``done_ns``; or None, and ``lost`` says why it was given up then. The bytes
    are those of the messages with their framing, None where the engine does not count them.
    """

    node_id: int
    client: int | None
    sent_ns: int
    done_ns: int
    content: RecordDict | None = None
    lost: str | None = None
    wire_bytes_down: int | None = None
    wire_bytes_up: int | None = None


@runtime_checkable
class TimedGrid(Protocol):
    """A grid that knows when it sent to each node and when each answered."""

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        """Wait until ``clients`` are there and ready; return whether they are."""
        ...

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages; return a reply for each, those that are lost too."""
        ...

    def absence(self, client: int) -> str | None:
        """Return why a client was not asked, in words; None where nothing is known."""
        ...


class PolledGrid:
    """Any Flower grid as a TimedGrid: it pushes the messages and looks for replies often.

    Flower's own ``send_and_receive`` looks every 3 s; here the pause grows from 20 to 250 ms, and
    what is said of the time of a reply is right to that.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        """Wait until there are as many nodes as ``clients``; return whether there are."""
        until = time.monotonic() + timeout_s
        while len(list(self._grid.get_node_ids())) < len(clients):
            if time.monotonic() > until:
                return False
            time.sleep(_LONGEST_POLL_S)
        return True

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages; return a reply for each, those that are lost too."""
        sent_ns = time.monotonic_ns()
        waiting: dict[str, int] = {}
        replies: list[Reply] = []
        for message_id, message in zip(self._grid.push_messages(messages), messages, strict=True):
            node_id = message.metadata.dst_node_id
            if message_id:
                waiting[message_id] = node_id
            else:
                lost = "Flower did not take the message for it"
                replies.append(Reply(node_id, None, sent_ns, time.monotonic_ns(), lost=lost))
        until, pause_s = time.monotonic() + timeout_s, _POLL_S
        while waiting and time.monotonic() < until:
            found = list(self._grid.pull_messages(list(waiting)))
            for message in found:
                node_id = waiting.pop(message.metadata.reply_to_message_id)
                replies.append(_reply(message, node_id, sent_ns))
            pause_s = _POLL_S if found else min(1.3 * pause_s, _LONGEST_POLL_S)
            if waiting:
                time.sleep(pause_s)
        lost, now_ns = f"gave no answer within {timeout_s:g} s", time.monotonic_ns()
        replies += [Reply(node, None, sent_ns, now_ns, lost=lost) for node in waiting.values()]
        return replies

    def absence(self, client: int) -> str | None:
        """Return None: Flower does not say why a node is not there."""


def _reply(message: Message, node_id: int, sent_ns: int) -> Reply:
    now_ns = time.monotonic_ns()
    if message.has_error():
        lost = f"failed: {message.error.reason}".strip().partition("\n")[0]
        return Reply(node_id, None, sent_ns, now_ns, lost=lost)
    return Reply(node_id, None, sent_ns, now_ns, content=message.content)
