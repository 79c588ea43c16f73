"""What the Flower app in workloads/fl_wideresnet/app does: the rounds, and a client's part.

Its run configuration has the fields of TaskConfig, where 0 is all for examples and test_examples,
and ``shared``: the folder where the server keeps its rounds and says how it ended.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from flwr.app import ConfigRecord, Context, Message
from flwr.serverapp import Grid

from benchharness.errors import BenchharnessError, GateError
from benchharness.federated import flower_meeting as meeting
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_link_grid import TASK, LinkGrid, own_arrays
from benchharness.federated.flower_worker import ask
from benchharness.federated.process_server import STATE
from benchharness.federated.records import ARRAYS, CONFIG, ROUND, plain_arrays, reply_content
from benchharness.federated.rounds import Work as ServersWork
from benchharness.federated.rounds import run_rounds
from benchharness.federated.task import ServerWork

SHARED = "shared"
PARTITION = "partition-id"  # Flower's word, counted from 0
_ALL = ("examples", "test_examples")


def run_config(config: TaskConfig, shared: Path) -> dict[str, bool | float | int | str]:
    """Return a training as Flower's run configuration."""
    values: dict[str, bool | float | int | str] = {SHARED: str(shared)}
    for field in fields(TaskConfig):
        value = getattr(config, field.name)
        values[field.name] = 0 if value is None else value
    return values


def task_of(values: Mapping[str, object]) -> TaskConfig:
    """Return the training that a run configuration describes. Raises UsageError."""
    known = {field.name: values[field.name] for field in fields(TaskConfig) if field.name in values}
    for name in _ALL:
        known[name] = known.get(name) or None
    return TaskConfig(**known)  # type: ignore[arg-type]


def serve(
    grid: Grid, context: Context, work: Callable[[TaskConfig], ServersWork] = ServerWork
) -> None:
    """Run the rounds with the nodes behind ``grid``; say in the shared folder how they ended."""
    shared = Path(str(context.run_config.get(SHARED) or ".")).absolute()
    known = meeting.link(shared)  # before another server comes in place of this one
    start = known.start if known else 0
    try:
        config = task_of(context.run_config)
        run_rounds(LinkGrid(grid, config, _complain), work(config), config, shared / STATE)
    except BenchharnessError as error:
        meeting.close_down(shared, meeting.ended_by(error, start))
        raise
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        meeting.close_down(shared, meeting.End(False, text, GateError.exit_code, start, True))
        raise
    meeting.close_down(shared, meeting.End(True, start=start))


def take_part(kind: str, message: Message, context: Context) -> Message:
    """Train, evaluate or say who this is, as the message asks; ``kind`` is which of them."""
    config = task_of(context.run_config)
    index = int(context.node_config[PARTITION]) + 1
    asked = message.content.config_records.get(CONFIG, ConfigRecord())
    if asked.get(TASK, config.digest()) != config.digest():
        raise GateError("the server has another training than its run configuration says")
    records = message.content.array_records
    arrays = plain_arrays(records[ARRAYS]) if ARRAYS in records else {}
    new, metrics = ask(kind, config, arrays, int(asked.get(ROUND, 0)), index)  # type: ignore[arg-type]
    return Message(own_arrays(reply_content(new or None, metrics)), reply_to=message)


def _complain(line: str) -> None:
    sys.stderr.write(f"server: {line}\n")
