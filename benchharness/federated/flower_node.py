"""A SuperNode as the child of a client's participant, which does the work for its apps."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from benchharness.errors import GateError
from benchharness.federated import flower_meeting as meeting
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_meeting import Link
from benchharness.federated.flower_programs import Programs, free_port
from benchharness.federated.flower_trouble import last_words
from benchharness.federated.flower_worker import VARIABLE, Worker
from benchharness.federated.process_client import Work
from benchharness.wire.meeting import PATIENCE_S

_NODE = "supernode"
_RECONNECT_S = 20.0  # after which a node without a SuperLink ends, and a new one looks for it
_STEADY_S = 10.0  # a node that lived so long had found its SuperLink
_PAUSE_S = 0.2


def attend(
    work: Work, config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S
) -> None:
    """Be the node of client ``index`` with this ``work`` until the run is over.

    A SuperLink that comes back at another place is found again. Raises GateError when there has
    been none for ``patience_s``.
    """
    folder = meeting.folder(shared) / f"client-{index}"
    last_seen_s = time.monotonic()
    with Worker(work, config, index) as worker, Programs(folder) as programs:
        while meeting.end(shared) is None:
            link = meeting.find(config, shared)
            if link is not None and _is_there(link):
                started_s = time.monotonic()
                _be_node(link, config, index, shared, programs, worker)
                if time.monotonic() - started_s > _STEADY_S:
                    last_seen_s = time.monotonic()
            if time.monotonic() - last_seen_s > patience_s:
                raise GateError(
                    f"there has been no SuperLink for {patience_s:g} s: "
                    f"{last_words(programs.log(_NODE)) or 'none was ever there'}",
                    remedy="see what the server said, and start it again",
                )
            time.sleep(_PAUSE_S)


def _be_node(
    link: Link, config: TaskConfig, index: int, shared: Path, programs: Programs, worker: Worker
) -> None:
    """Run a SuperNode until it ends, the run is over, or the SuperLink is another one."""
    trust = ("--root-certificates", str(meeting.authority(shared))) if link.tls else ("--insecure",)
    node = programs.start(
        _NODE,
        *("flower-supernode", "--superlink", link.address, *trust),
        *("--port", str(free_port("127.0.0.1"))),
        *("--max-wait-time", f"{_RECONNECT_S:g}"),
        *("--node-config", f"partition-id={index - 1} num-partitions={config.clients}"),
        more={VARIABLE: str(worker.address)},
    )
    worker.serve(
        lambda: (
            node.poll() is not None
            or meeting.end(shared) is not None
            or meeting.find(config, shared) != link
        )
    )
    programs.end_all()


def _is_there(link: Link) -> bool:
    host, _, port = link.address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5.0).close()
    except OSError:
        return False
    return True
