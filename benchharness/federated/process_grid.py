"""Flower's Grid over our own transport: its strategies run as they are, its services do not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from flwr.app import Message, RecordDict

from benchharness.errors import BenchharnessError, GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_grid import AskingGrid
from benchharness.federated.hub import Hub
from benchharness.federated.legs import Reply
from benchharness.federated.peer import Answer
from benchharness.federated.records import ARRAYS, CONFIG, ROUND, plain_arrays, reply_content
from benchharness.federated.standing import Change
from benchharness.wire import meeting
from benchharness.wire.frames import encode


class ProcessGrid(AskingGrid):
    """A Grid whose nodes are the clients' processes: node i is client i.

    Leaving it says good-bye, and the file says to whoever comes later that it is over; but after an
    error that is not benchharness's own the clients are left to wait for the next server.

    The port is in ``shared``/port, and is the same when the server is started again; one that the
    options do not name may be another then, where another program has taken it meanwhile. Raises
    GateError where the training of that folder is over, UnfitError where the port is taken.
    """

    def __init__(self, config: TaskConfig, shared: Path) -> None:
        super().__init__(config)
        self._file = shared / meeting.PORT_FILE
        meeting.refuse_if_over(self._file)
        ports = (config.port,) if config.port else (meeting.earlier_port(self._file), 0)
        self._hub = Hub(
            config.clients, config.digest(), host=config.host, ports=ports, say=_Complaints()
        )
        meeting.write_port(self._file, self._hub.port)

    def gather(self, clients: Sequence[int], timeout_s: float) -> bool:
        """Wait until ``clients`` have connected, which they do when they are ready."""
        return self._hub.gather(clients, timeout_s)

    def get_node_ids(self) -> Iterable[int]:
        """Return the clients that can be asked now. Raises GateError if none can for a time."""
        if not self._hub.gather_any(self._config.timeout_s):
            reasons = (f"client-{each} {self._hub.why_not(each)}" for each in self._everybody())
            raise GateError(
                f"no client is left: {'; '.join(reasons)}", remedy="see what the clients said"
            )
        return self._hub.free()

    def absence(self, client: int) -> str | None:
        """Return why a client cannot be asked now; None if it can."""
        return self._hub.why_not(client)

    def changes(self) -> Sequence[Change]:
        """Return who came, left or was heard at last since this was asked before."""
        return self._hub.standings.take()

    def exchange(self, messages: Sequence[Message], timeout_s: float) -> Sequence[Reply]:
        """Send the messages to all at once; return a reply for each when the last is in or lost.

        One content for all, as FedAvg has it, is made ready once.
        """
        leg = self._hub.next_leg()
        ready: dict[int, list[memoryview]] = {}
        letters: dict[int, list[memoryview]] = {}
        for message in messages:
            content = message.content
            if id(content) not in ready:
                ready[id(content)] = _letter(message.metadata.message_type, content, leg)
            letters[message.metadata.dst_node_id] = ready[id(content)]
        answers = self._hub.exchange(letters, timeout_s)
        return [_reply(client, answer) for client, answer in sorted(answers.items())]

    def close(self, text: str | None) -> None:
        """Say good-bye to the clients, with a reason, and stop listening; None says nothing."""
        if text is not None:
            meeting.say_over(self._file, text)
        self._hub.close(text)

    def __enter__(self) -> ProcessGrid:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self.close("it went through all its rounds")
        else:
            self.close(str(error) if isinstance(error, BenchharnessError) else None)

    def _everybody(self) -> range:
        return range(1, self._config.clients + 1)


def _letter(message_type: str, content: RecordDict, leg: int) -> list[memoryview]:
    config = content.config_records.get(CONFIG)
    round_number = 0 if config is None else config.get(ROUND, 0)
    arrays = plain_arrays(content.array_records[ARRAYS])
    return encode(message_type, {"leg": leg, "round": round_number}, arrays)


def _reply(client: int, answer: Answer) -> Reply:
    frame, lost = answer.frame, answer.lost
    content = None
    if frame is not None:
        metrics = frame.fields.get("metrics")
        if isinstance(metrics, dict) and all(_is_plain(value) for value in metrics.values()):
            known = {name: value for name, value in metrics.items() if value is not None}
            content = reply_content(frame.tensors or None, known)
        else:
            lost = "its metrics are no numbers and texts by name"
    return Reply(
        node_id=client,
        client=client,
        sent_ns=answer.sent_ns,
        done_ns=answer.done_ns,
        content=content,
        lost=lost,
        wire_bytes_down=answer.bytes_down,
        wire_bytes_up=None if frame is None else frame.size_bytes,
    )


def _is_plain(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63  # what a MetricRecord holds
    return value is None or isinstance(value, (float, str))


class _Complaints:
    """Lines to standard error; one that comes again and again, of who asks so, is said once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, line: str) -> None:
        if line != self._last:
            sys.stderr.write(f"server: {line}\n")
        self._last = line
