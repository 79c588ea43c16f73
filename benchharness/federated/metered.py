"""A grid between Flower's strategy and any engine's: it checks the replies and writes the phases.

Replies go on in the order of the clients' numbers, so that the average is the same sum whichever
client was fastest; whoever sends nothing or nonsense is left out of the round, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flwr.app import ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from benchharness.errors import GateError
from benchharness.federated import checks
from benchharness.federated.client_log import ClientLog, client_name
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_grid import WaitingGrid
from benchharness.federated.legs import PolledGrid, Reply, TimedGrid
from benchharness.federated.records import (
    ARRAYS,
    CONFIG,
    METRICS,
    ROUND,
    array_record,
    payload_bytes,
    reply_parts,
)
from benchharness.federated.standing import LATE, WAIT, Change, WatchingGrid, standing
from benchharness.federated.task import boot_id

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whose reply it is, None if that is unknown; what goes into the average, or why nothing."""

    client: int | None
    content: RecordDict | None = None
    fault: str | None = None


class MeteredGrid(WaitingGrid):
    """``grid`` as a strategy sees it, with the events of every leg in ``log``.

    ``shapes`` are those of the model's arrays. ``contributed`` are the clients whose replies went
    into the last average.
    """

    def __init__(
        self, grid: Grid, config: TaskConfig, shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        self._grid = grid
        self._timed: TimedGrid = grid if isinstance(grid, TimedGrid) else PolledGrid(grid)
        self._config, self._shapes = config, shapes
        self._everybody = range(1, config.clients + 1)
        self._client_of: dict[int, int] = {}
        self.log = ClientLog(config.clients, boot_id())
        self.contributed: tuple[int, ...] = ()

    def gather(self) -> None:
        """Wait until all clients are there, ``start_timeout_s`` at most.

        Who is not there then is left out until it is. Raises GateError where nobody is.
        """
        wait_s = self._config.start_timeout_s
        if self._timed.gather(self._everybody, wait_s):
            return
        absent = {client: self._timed.absence(client) for client in self._everybody}
        if None in absent.values():  # or the grid does not say who is there, and the round will
            return
        each = "; ".join(f"{client_name(client)} {why}" for client, why in absent.items())
        raise GateError(
            f"no client has come within {wait_s:g} s: {each}",
            remedy="see what the clients said, or raise start_timeout_s",
        )

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Ask the clients; return the replies that may be averaged, by the clients' numbers.

        Raises GateError if there is none.
        """
        asked = {each.metadata.dst_node_id: each for each in messages}
        if not asked:
            return []
        first = asked[min(asked)]
        kind, round_number = first.metadata.message_type, _round_of(first)
        wait_s = self._config.timeout_s if timeout is None else timeout
        absent = self._look()
        replies = self._timed.exchange([asked[node] for node in sorted(asked)], wait_s)
        good: dict[int, Message] = {}
        lost: dict[int, str] = {}
        late: set[int | None] = set()
        strange: list[str] = []
        for reply in replies:
            message = asked[reply.node_id]
            is_late = reply.content is None and reply.done_ns - reply.sent_ns >= wait_s * 1e9
            verdict = self._judge(reply, message, kind, round_number, LATE if is_late else WAIT)
            if is_late:
                late.add(verdict.client)
            if verdict.client is None:
                strange.append(verdict.fault or "somebody did not say who it is")
            elif verdict.content is None:
                lost[verdict.client] = verdict.fault or "sent nothing"
            elif verdict.client in good:
                strange.append(f"a second reply in the name of client {verdict.client}")
            else:
                good[verdict.client] = Message(verdict.content, reply_to=message)
        out = [each for each in self._everybody if each not in good and each not in late]
        self._follow({client: self._timed.absence(client) for client in out})
        self._tell(good, {**absent, **lost}, strange, kind, round_number)
        return [good[client] for client in self.contributed]

    def end_round(self, round_number: int) -> None:
        """Write what was moved in all legs of a round."""
        self.log.tell_moved(round_number)

    def open_log(self, after_round: int) -> None:
        """Begin to write how the clients stand, at the start of the window."""
        if isinstance(self._timed, WatchingGrid):
            self._timed.changes()  # what was before does not count
        absent = {client: self._timed.absence(client) for client in self._everybody}
        self.log.start(after_round, {client: standing(why) for client, why in absent.items()})

    def close_log(self) -> None:
        """Write how the clients stood last, at the end of the window."""
        self._look()
        self.log.finish()

    def _look(self) -> dict[int, str | None]:
        """Return why each client cannot be asked now, None if it can."""
        absent = {client: self._timed.absence(client) for client in self._everybody}
        self._follow({client: why for client, why in absent.items() if why is not None})
        return absent

    def _follow(self, absent: Mapping[int, str | None]) -> None:
        """Tell the log who came or left: when, if the grid knows that, else that it is so now."""
        if isinstance(self._timed, WatchingGrid):
            changes = self._timed.changes()
        else:
            now_ns = time.monotonic_ns()
            changes = [Change(each, standing(why), now_ns) for each, why in absent.items()]
        for change in changes:
            self.log.stands(change)

    def _judge(
        self, reply: Reply, message: Message, kind: str, round_number: int, given_up: str
    ) -> _Verdict:
        """Look at a reply and write of it; a client without one stands as ``given_up`` says."""
        if reply.content is None:
            client = reply.client or self._client_of.get(reply.node_id)
            if client is not None:
                self.log.gave_up(client, reply, round_number, given_up)
            return _Verdict(client, fault=reply.lost)
        arrays, metrics = reply_parts(reply.content)
        client = reply.client or metrics.get("client")
        if type(client) is not int or client not in self._everybody:
            return _Verdict(None, fault=f"somebody says that it is client {client!r}")
        self._client_of[reply.node_id] = client
        self.log.answered(client, reply, checks.stamps(metrics), kind, round_number)
        self.log.moved(client, _sizes(reply, message))
        wanted = checks.TRAIN_METRICS if kind == TRAIN else checks.EVALUATE_METRICS
        fault = checks.arrays_fault(arrays, self._shapes) if kind == TRAIN else None
        fault = fault or checks.metrics_fault(metrics, wanted)
        if fault:
            # It has trained on them, whatever became of it: its joules count, and so do they.
            self.log.numbers(client, checks.numbers(metrics, ("samples",)), round_number)
            return _Verdict(client, fault=fault)
        numbers = {name: metrics[name] for name in wanted}
        content = RecordDict({METRICS: MetricRecord(numbers)})
        if kind == TRAIN:
            content[ARRAYS] = array_record(arrays)
        told = {name: value for name, value in numbers.items() if name != checks.EXAMPLES}
        self.log.numbers(client, told, round_number)
        return _Verdict(client, content)

    def _tell(
        self,
        good: Mapping[int, Message],
        lost: Mapping[int, str | None],
        strange: list[str],
        kind: str,
        round_number: int,
    ) -> None:
        """Say who is left out, each with a reason. Raises GateError if nobody is left in.

        Left out of a round is whose training does not count; an evaluation is another matter.
        """
        self.contributed = tuple(sorted(good))
        reasons = {
            client: lost.get(client) or "; ".join(strange) or "was not there"
            for client in self._everybody
            if client not in good
        }
        if kind == TRAIN:
            self.log.left_out(reasons, round_number)
        if not good:
            each = "; ".join(f"{client_name(client)} {why}" for client, why in reasons.items())
            raise GateError(
                f"no client's reply can be used: {each}",
                where=f"round {round_number}",
                remedy="see what the clients said, or raise timeout_s",
            )

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes that can be asked."""
        return self._grid.get_node_ids()

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Return a message of the grid below."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def set_run(self, run: Run) -> None:
        """Set the run of the grid below."""
        self._grid.set_run(run)

    @property
    def run(self) -> Run:
        """The run of the grid below."""
        return self._grid.run


def _round_of(message: Message) -> int:
    config = message.content.config_records.get(CONFIG, ConfigRecord())
    number = config.get(ROUND, 0)
    assert isinstance(number, int)
    return number


def _sizes(reply: Reply, message: Message) -> dict[str, float]:
    """Return what went down and up: what the tensors take, and what the engine has counted."""
    assert reply.content is not None
    sizes = {
        "bytes_down": payload_bytes(message.content),
        "bytes_up": payload_bytes(reply.content),
        "wire_bytes_down": reply.wire_bytes_down,
        "wire_bytes_up": reply.wire_bytes_up,
    }
    return {name: float(size) for name, size in sizes.items() if size is not None}
