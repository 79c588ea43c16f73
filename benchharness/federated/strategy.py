"""Flower's own FedAvg, all clients in every round, able to begin after a round."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from benchharness import events
from benchharness.federated.records import array_record, plain_arrays

AGGREGATE = "aggregate"


class ResumableFedAvg(FedAvg):
    """FedAvg (McMahan et al. 2017) as Flower has it, weighted by the number of examples.

    Whoever is there takes part, be it one client. ``after`` rounds are done already: Flower counts
    from 1, and the clients are told the true number. ``on_round`` is called when one begins, and
    ``on_trained`` with the averaged metrics of its training.
    """

    def __init__(
        self,
        *,
        after: int,
        client_evaluate: bool,
        on_round: Callable[[int], None],
        on_trained: Callable[[MetricRecord], None],
    ) -> None:
        super().__init__(
            fraction_train=1.0,
            fraction_evaluate=1.0 if client_evaluate else 0.0,
            min_train_nodes=1,
            min_evaluate_nodes=1,
            min_available_nodes=1,
        )
        self._after, self._on_round, self._on_trained = after, on_round, on_trained

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask every client that is there to train."""
        self._on_round(server_round + self._after)
        return super().configure_train(server_round + self._after, arrays, config, grid)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Average what came, and say how long that took."""
        with events.phase(AGGREGATE, step=server_round + self._after):
            arrays, metrics = super().aggregate_train(server_round + self._after, replies)
            if arrays is not None:  # read once, not whenever they are used
                arrays = array_record(plain_arrays(arrays))
        if metrics is not None:
            self._on_trained(metrics)
        return arrays, metrics

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask every client that is there to evaluate, if they should."""
        return super().configure_evaluate(server_round + self._after, arrays, config, grid)
