"""Between plain arrays and Flower's records: what a reply holds, whichever engine carried it.

A train reply has one ArrayRecord, one MetricRecord (numbers) and a ConfigRecord (texts); FedAvg
averages the first two by ``num-examples``.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")  # before Flower is imported

from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict
from flwr.common.constant import SType
from flwr.supercore.task_identity import TaskIdentity

from benchharness.federated.task import Metrics
from benchharness.wire.frames import Tensor

ARRAYS, METRICS, TEXTS, CONFIG = "arrays", "metrics", "texts", "config"
ROUND = "server-round"  # how FedAvg tells the clients


class HeldArray(Array):
    """Flower's Array around a NumPy array that is there already.

    Flower keeps the bytes of an .npy file and reads it again at every use; this one makes them
    only for who asks for them. 20 clients with 30 arrays each save 20 ms a round.
    """

    def __init__(self, array: Tensor) -> None:
        self._array = array
        self._data: bytes | None = None
        super().__init__(
            dtype=str(array.dtype), shape=tuple(array.shape), stype=SType.NUMPY, data=b""
        )

    @property
    def data(self) -> bytes:
        """The array as an .npy file."""
        if self._data is None:
            buffer = io.BytesIO()
            np.save(buffer, self._array, allow_pickle=False)
            self._data = buffer.getvalue()
        return self._data

    @data.setter
    def data(self, value: bytes) -> None:
        """Take what the constructor of Array gives; it is nothing."""

    def numpy(self) -> Tensor:
        """Return the array itself; who changes it changes the record."""
        return self._array


def array_record(arrays: Mapping[str, Tensor]) -> ArrayRecord:
    """Return a record around the arrays, which are not copied."""
    record = ArrayRecord()  # given a dictionary it would copy every array
    for name, array in arrays.items():
        record[name] = HeldArray(array)
    return record


def plain_arrays(record: ArrayRecord) -> dict[str, Tensor]:
    """Return a record's arrays by name."""
    return {name: array.numpy() for name, array in record.items()}


def reply_content(arrays: Mapping[str, Tensor] | None, metrics: Metrics) -> RecordDict:
    """Return what a client's reply holds: the arrays (of a training), the numbers and the texts."""
    numbers: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for name, value in metrics.items():
        (texts if isinstance(value, str) else numbers)[name] = value
    content = RecordDict({METRICS: MetricRecord(numbers), TEXTS: ConfigRecord(texts)})
    if arrays is not None:
        content[ARRAYS] = array_record(arrays)
    return content


def reply_parts(content: RecordDict) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the arrays and the metrics of a reply: empty where it has none."""
    arrays: dict[str, Tensor] = {}
    for record in content.array_records.values():
        arrays.update(plain_arrays(record))
    metrics: dict[str, Any] = {}
    for numbers in content.metric_records.values():
        metrics.update(numbers)
    for texts in content.config_records.values():
        metrics.update(texts)
    return arrays, metrics


def payload_bytes(content: RecordDict) -> int:
    """Return how many bytes the numbers of the arrays take, without any framing."""
    return sum(
        int(np.prod(array.shape, dtype=np.int64)) * np.dtype(array.dtype).itemsize
        for record in content.array_records.values()
        for array in record.values()
    )


def be_server() -> None:
    """Let this process make messages by itself: Flower's SuperLink is not there to number them.

    Where Flower started this process its numbers stay. Flower's log goes to standard error, where
    one line about an error should be; it keeps quiet unless something is wrong.
    """
    try:
        _ = TaskIdentity.run_id  # Flower has started this process, and numbers its messages
    except RuntimeError:
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 0, 1
    logging.getLogger("flwr").setLevel(logging.ERROR)
