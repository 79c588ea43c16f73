"""Flower's Grid over its older gRPC calls: messages become FitIns and EvaluateIns, and back.

Those calls carry arrays without names, so the names go along as a text, once a message. Which
client a connection is says the client itself, when it is asked for its properties.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from flwr.app import Message, RecordDict
from flwr.common import (
    Code,
    EvaluateIns,
    EvaluateRes,
    FitIns,
    FitRes,
    GetPropertiesIns,
    Parameters,
    ReconnectIns,
    Scalar,
    parameters_to_ndarrays,
)
from flwr.server import ClientManager
from flwr.server.client_proxy import ClientProxy

from benchharness.errors import GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_grid import AskingGrid
from benchharness.federated.legs import Reply
from benchharness.federated.records import ARRAYS, CONFIG, ROUND, reply_content
from benchharness.federated.standing import BUSY

NAMES, TASK, CLIENT, TENSORS = "names", "task", "client", "numpy.ndarray"
_INTRODUCTION_S = 30.0
_LOOK_S = 0.02
_SPARE_S = 0.5  # for the way of an answer that came at the last moment


class GrpcGrid(AskingGrid):
    """A Grid over the connections of ``manager``: node i is client i, once it has said so.

    ``say`` is called with one line about a connection that is no client of this training.
    """

    def __init__(
        self,
        manager: ClientManager,
        config: TaskConfig,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        super().__init__(config)
        self._manager, self._say = manager, say
        self._task = config.digest()
        self._client_of: dict[str, int | None] = {}  # by connection; None: it is no client
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        # A client that hangs keeps its thread until its time is over, and may come back meanwhile.
        self._threads = ThreadPoolExecutor(4 * config.clients + 4, thread_name_prefix="client")

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        """Wait until ``clients`` have connected, which they do when they are ready."""
        return self._until(lambda: set(clients) <= set(self._there()), timeout_s)

    def get_node_ids(self) -> Iterable[int]:
        """Return the clients that can be asked now. Raises GateError if none can for a time."""
        if not self._until(lambda: bool(self._there()), self._config.timeout_s):
            raise GateError(
                f"no client is left: none of {self._config.clients} is connected",
                remedy="see what the clients said",
            )
        return sorted(self._there())

    def absence(self, client: int) -> str | None:
        """Return why a client cannot be asked now; None if it can."""
        if client in self._there():
            return None
        busy = {self._client_of.get(each) for each in self._busy}
        return BUSY if client in busy else "is not connected"

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages to all at once; return a reply for each when the last is in or lost."""
        packed: dict[int, tuple[Parameters, list[str]]] = {}
        asked: list[tuple[int, Future[Reply]]] = []
        sent_ns, there = time.monotonic_ns(), self._there()
        for message in messages:
            content, client = message.content, message.metadata.dst_node_id
            if id(content) not in packed:
                packed[id(content)] = _packed(content)
            arguments = (message, *packed[id(content)], timeout_s)
            asked.append((client, self._threads.submit(self._ask, there.get(client), *arguments)))
        wait([future for _, future in asked], timeout_s + _SPARE_S)
        for client, future in asked:
            if not future.done():  # it does not even take the question: Flower waits without end
                _hang_up(there[client])
        wait([future for _, future in asked], _SPARE_S)
        return [_outcome(client, future, sent_ns, timeout_s) for client, future in asked]

    def close(self) -> None:
        """Wait for nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > end:
                return False
            self._introduce()
            time.sleep(_LOOK_S)
        return True

    def _there(self) -> dict[int, ClientProxy]:
        """Return the connections that can be asked, by client; who came last counts."""
        self._introduce()
        with self._lock:
            return {
                client: proxy
                for connection, proxy in dict(self._manager.all()).items()
                if (client := self._client_of.get(connection)) is not None
                and connection not in self._busy
            }

    def _introduce(self) -> None:
        """Ask who they are those that nobody has asked yet."""
        for connection, proxy in dict(self._manager.all()).items():
            with self._lock:
                if connection in self._client_of or connection in self._busy:
                    continue
                self._busy.add(connection)
            self._threads.submit(self._ask_name, connection, proxy)

    def _ask_name(self, connection: str, proxy: ClientProxy) -> None:
        client: int | None = None
        try:
            asked = GetPropertiesIns({TASK: self._task})
            found = proxy.get_properties(asked, _INTRODUCTION_S, None).properties
            number = found.get(CLIENT)
            if found.get(TASK) != self._task:
                self._say("a client is configured for another training: give both the same options")
            elif type(number) is not int or not 1 <= number <= self._config.clients:
                self._say(f"there is no client {number!r} of {self._config.clients}")
            else:
                client = number
            if client is None:
                proxy.reconnect(ReconnectIns(None), _INTRODUCTION_S, None)  # that is, never
        except Exception as error:  # the connection's end has many names, and is no news
            self._say(f"a client left before it said who it is: {_text(error)}")
        with self._lock:
            self._client_of[connection] = client
            self._busy.discard(connection)

    def _ask(
        self,
        proxy: ClientProxy | None,
        message: Message,
        parameters: Parameters,
        names: list[str],
        timeout_s: float,
    ) -> Reply:
        client = message.metadata.dst_node_id
        sent_ns = time.monotonic_ns()
        if proxy is None:
            reason = self.absence(client)
            return Reply(client, client, sent_ns, time.monotonic_ns(), lost=reason)
        with self._lock:
            self._busy.add(proxy.cid)
        content, lost = None, None
        try:
            config: dict[str, Scalar] = {
                ROUND: _round_of(message.content),
                NAMES: json.dumps(names),
            }
            if message.metadata.message_type == "train":
                content = _fitted(proxy.fit(FitIns(parameters, config), timeout_s, None), names)
            else:
                asked = EvaluateIns(parameters, config)
                content = _evaluated(proxy.evaluate(asked, timeout_s, None))
        except Exception as error:  # of a thread: nobody else would see it
            late = (time.monotonic_ns() - sent_ns) * 1e-9 >= timeout_s
            lost = f"gave no answer within {timeout_s:g} s" if late else _text(error)
        done_ns = time.monotonic_ns()
        with self._lock:
            self._busy.discard(proxy.cid)
        return Reply(client, client, sent_ns, done_ns, content=content, lost=lost)


def _hang_up(proxy: ClientProxy) -> None:
    bridge = getattr(proxy, "bridge", None)
    if bridge is not None:
        bridge.close()


def _outcome(client: int, future: Future[Reply], sent_ns: int, timeout_s: float) -> Reply:
    if future.done():
        return future.result()
    lost = f"gave no answer within {timeout_s:g} s"
    return Reply(client, client, sent_ns, time.monotonic_ns(), lost=lost)


def _packed(content: RecordDict) -> tuple[Parameters, list[str]]:
    record = content.array_records[ARRAYS]
    return Parameters([array.data for array in record.values()], TENSORS), list(record)


def _round_of(content: RecordDict) -> int:
    config = content.config_records.get(CONFIG)
    return 0 if config is None else int(config.get(ROUND, 0))  # type: ignore[arg-type]


def _fitted(result: FitRes, names: list[str]) -> RecordDict:
    _check(result.status.code, result.status.message)
    arrays = parameters_to_ndarrays(result.parameters)
    if len(arrays) != len(names):
        raise GateError(f"{len(arrays)} arrays came, and {len(names)} were sent")
    return _content(dict(zip(names, arrays, strict=True)), result.num_examples, result.metrics)


def _evaluated(result: EvaluateRes) -> RecordDict:
    _check(result.status.code, result.status.message)
    return _content(None, result.num_examples, result.metrics)


def _content(
    arrays: dict[str, np.ndarray[Any, Any]] | None, examples: int, metrics: Mapping[str, Any]
) -> RecordDict:
    plain = {name: value for name, value in metrics.items() if isinstance(value, (int, float, str))}
    return reply_content(arrays, {"num-examples": examples, **plain})


def _check(code: Code, text: str) -> None:
    if code != Code.OK:
        raise GateError(f"failed: {text}")


def _text(error: Exception) -> str:
    """Return an error as a reason; Flower's own, of a connection that closed, has no words."""
    line = str(error).strip().partition("\n")[0]
    return line or "the connection was closed"
