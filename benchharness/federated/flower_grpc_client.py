"""A client of Flower's older gRPC calls: ClientWork behind its ``Client``."""

from __future__ import annotations

import json
import math
from typing import Any

from flwr.client import Client
from flwr.common import (
    Code,
    EvaluateIns,
    EvaluateRes,
    FitIns,
    FitRes,
    GetPropertiesIns,
    GetPropertiesRes,
    Parameters,
    Status,
    ndarrays_to_parameters,
    parameters_to_ndarrays,
)

from benchharness.errors import BenchharnessError, UsageError
from benchharness.federated.flower_grpc_grid import CLIENT, NAMES, TASK
from benchharness.federated.process_client import Work
from benchharness.federated.records import ROUND
from benchharness.federated.task import Arrays, Metrics
from benchharness.wire.frames import Tensor

_NOTHING = Parameters([], "")


class WorkClient(Client):
    """Client ``index`` of the training that ``task`` is the digest of; it does ``work``.

    What is wrong with a question is answered; what is wrong with the client ends it. ``asked``
    counts the questions: where it grows there is a server. ``refused`` is why it can take no part.
    """

    def __init__(self, work: Work, index: int, task: str) -> None:
        self._work, self._index, self._task = work, index, task
        self.asked = 0
        self.refused: UsageError | None = None

    def get_properties(self, ins: GetPropertiesIns) -> GetPropertiesRes:
        """Say who this is; the server sends away who has another training."""
        self.asked += 1
        if ins.config.get(TASK) != self._task:
            self.refused = UsageError(
                f"client {self._index} is configured for another training than the server",
                remedy="give both the same options",
            )
        return GetPropertiesRes(Status(Code.OK, ""), {CLIENT: self._index, TASK: self._task})

    def fit(self, ins: FitIns) -> FitRes:
        """Train."""
        self.asked += 1
        try:
            arrays, round_number = _named(ins.parameters, ins.config)
            new, metrics = self._work.train(arrays, round_number)
            parameters = ndarrays_to_parameters(_ordered(new, list(arrays)))
        except BenchharnessError as error:
            return FitRes(_failed(error), _NOTHING, 0, {})
        return FitRes(Status(Code.OK, ""), parameters, *_split(metrics))

    def evaluate(self, ins: EvaluateIns) -> EvaluateRes:
        """Evaluate."""
        self.asked += 1
        try:
            arrays, round_number = _named(ins.parameters, ins.config)
            metrics = self._work.evaluate(arrays, round_number)
        except BenchharnessError as error:
            return EvaluateRes(_failed(error), 0.0, 0, {})
        loss = float(metrics.get("local_loss", math.nan))
        return EvaluateRes(Status(Code.OK, ""), loss, *_split(metrics))


def _named(parameters: Parameters, config: dict[str, Any]) -> tuple[dict[str, Tensor], int]:
    """Return the arrays by name, and the round. Raises UsageError where they do not fit."""
    names = json.loads(str(config.get(NAMES, "[]")))
    arrays = parameters_to_ndarrays(parameters)
    if len(names) != len(arrays):
        raise UsageError(f"{len(arrays)} arrays came with {len(names)} names")
    return dict(zip(names, arrays, strict=True)), int(config.get(ROUND, 0))


def _ordered(arrays: Arrays, names: list[str]) -> list[Tensor]:
    """Return the arrays in the order of those that came: their names do not go back."""
    if set(arrays) != set(names):
        raise UsageError("the model has other arrays than those that came")
    return [arrays[name] for name in names]


def _split(metrics: Metrics) -> tuple[int, dict[str, Any]]:
    others: dict[str, Any] = dict(metrics)
    return int(others.pop("num-examples")), others


def _failed(error: BenchharnessError) -> Status:
    return Status(Code.FIT_NOT_IMPLEMENTED, str(error))
