"""What the grids over all transports have in common: they ask and wait in one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from flwr.app import Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from benchharness.federated.config import TaskConfig
from benchharness.federated.legs import Reply


class WaitingGrid(Grid):
    """A Grid whose only way to ask is ``send_and_receive``: who sends also waits.

    So a leg has a beginning and an end, and can be metered.
    """

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Refuse: who sends here also waits."""
        raise NotImplementedError("use send_and_receive")

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Refuse: who waits here has also sent."""
        raise NotImplementedError("use send_and_receive")


class AskingGrid(WaitingGrid):
    """A Grid that needs ``exchange`` and ``get_node_ids`` only, for the training of ``config``."""

    def __init__(self, config: TaskConfig) -> None:
        self._config = config

    @abstractmethod
    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages to all at once; return a reply for each when the last is in or lost."""

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Send messages and return the replies that came, as any Grid does."""
        asked = {message.metadata.dst_node_id: message for message in messages}
        wait_s = self._config.timeout_s if timeout is None else timeout
        for reply in self.exchange(list(asked.values()), wait_s):
            if reply.content is not None:
                yield Message(reply.content, reply_to=asked[reply.node_id])

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
        """Refuse: there is one training for each server."""
        raise NotImplementedError("a server has one training")

    @property
    def run(self) -> Run:
        """Refuse: there is one training for each server."""
        raise NotImplementedError("a server has one training")
