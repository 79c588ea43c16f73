"""Flower's FedAvg as it comes, with clients in its own process: what every engine must agree with.

    flower_direct.py CONFIG    prints the test's loss and accuracy of each round as JSON

Nothing of the engines takes part: no order of clients, no checks, no transport. The replies come
in another order in every round.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterable

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")

from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from benchharness.federated.config import TaskConfig
from benchharness.federated.task import ClientWork, ServerWork


class DirectGrid(Grid):
    """Nodes that are called."""

    def __init__(self, config: TaskConfig) -> None:
        self._works = {each: ClientWork(config, each) for each in range(1, config.clients + 1)}
        self._random = random.Random(7)

    def get_node_ids(self) -> Iterable[int]:
        """Return all clients."""
        return list(self._works)

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Have the clients train, one after the other."""
        replies = [self._train(message) for message in messages]
        self._random.shuffle(replies)
        return replies

    def _train(self, message: Message) -> Message:
        record = message.content.array_records["arrays"]
        config = message.content.config_records["config"]
        arrays = {name: array.numpy() for name, array in record.items()}
        work = self._works[message.metadata.dst_node_id]
        new, metrics = work.train(arrays, int(config["server-round"]))  # type: ignore[arg-type]
        examples = metrics["num-examples"]
        assert isinstance(examples, int)
        content = RecordDict(
            {
                "arrays": ArrayRecord({name: Array(array) for name, array in new.items()}),
                "metrics": MetricRecord({"num-examples": examples}),
            }
        )
        return Message(content, reply_to=message)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Refuse."""
        raise NotImplementedError

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Refuse."""
        raise NotImplementedError

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Refuse."""
        raise NotImplementedError

    def set_run(self, run: Run) -> None:
        """Refuse."""
        raise NotImplementedError

    @property
    def run(self) -> Run:
        """Refuse."""
        raise NotImplementedError


def curve(config: TaskConfig) -> list[dict[str, float]]:
    """Return the test's loss and accuracy before training and after each round."""
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 0, 1
    work, found = ServerWork(config), list[dict[str, float]]()

    def evaluate(number: int, arrays: ArrayRecord) -> None:
        plain = {name: array.numpy() for name, array in arrays.items()}
        found.append(work.evaluate(number, plain))

    initial = ArrayRecord({name: Array(each) for name, each in work.initial_arrays().items()})
    FedAvg(fraction_evaluate=0.0).start(
        DirectGrid(config), initial, num_rounds=config.rounds, evaluate_fn=evaluate
    )
    return found


if __name__ == "__main__":
    print(json.dumps(curve(TaskConfig.from_json(sys.argv[1]))))
