"""The ``grpc`` engine: Flower's start_server and start_client, deprecated since its release 1.13.

A leg without work costs it milliseconds where the deployment engine takes seconds; that is why it
is kept as a factor. Who exits is dropped at once, who hangs when ``timeout_s`` is over.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from benchharness import events
from benchharness.errors import GateError, UnfitError
from benchharness.federated import flower_meeting as meeting
from benchharness.federated import flower_reach
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_programs import free_port
from benchharness.federated.process_client import Work
from benchharness.federated.process_server import STATE
from benchharness.federated.rounds import Work as ServersWork
from benchharness.federated.task import ClientWork, ServerWork
from benchharness.wire.meeting import PATIENCE_S

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


def serve(config: TaskConfig, shared: Path) -> None:
    """Train with the clients that connect; see ``run_rounds`` for what it raises.

    Raises UsageError for an address that lets others in, UnfitError where it cannot be listened
    at, GateError where the training of that folder is over.
    """
    flower_reach.check(config)  # before the data are read
    conduct(ServerWork(config), config, shared)


def conduct(work: ServersWork, config: TaskConfig, shared: Path) -> None:
    """Serve with this ``work``; see ``serve``."""
    from flwr.server import ServerConfig, start_server

    from benchharness.federated.flower_grpc_server import RoundsServer
    from benchharness.federated.records import be_server
    from benchharness.wire import certificates

    flower_reach.check(config)
    meeting.refuse_if_over(shared)
    _be_quiet()
    be_server()
    folder = meeting.folder(shared)
    pems = (
        certificates.make(folder, certificates.names_of(config.host.strip("[]"))).contents()
        if config.tls
        else None
    )
    address = f"{config.host}:{config.port or free_port(config.host.strip('[]'))}"
    server = RoundsServer(work, config, shared / STATE, lambda: _open_up(config, shared, address))
    try:
        start_server(
            server_address=address,
            server=server,
            config=ServerConfig(num_rounds=config.rounds, round_timeout=config.timeout_s),
            certificates=pems,
        )
    except RuntimeError as error:
        raise UnfitError(
            f"cannot listen at {address}: {str(error).strip().splitlines()[-1]}",
            remedy="take another address, or port 0 for any that is free",
        ) from None
    finally:
        known = meeting.link(shared)
        start = known.start if known else 0
        cause = server.error
        meeting.close_down(
            shared,
            meeting.ended_by(cause, start) if cause else meeting.End(server.well, start=start),
        )
    if server.error is not None:
        raise server.error


def take_part(config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S) -> None:
    """Be client ``index`` until the server says good-bye.

    It connects when it is ready to train. Raises GateError when there has been no server for
    ``patience_s``.
    """
    attend(ClientWork(config, index), config, index, shared, patience_s)


def attend(
    work: Work, config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S
) -> None:
    """Be client ``index`` with this ``work``; see ``take_part``."""
    import grpc
    from flwr.client import start_client

    from benchharness.federated.flower_grpc_client import WorkClient

    events.started()
    _be_quiet()
    client = WorkClient(work, index, config.digest())
    last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
    while True:
        link = meeting.find(config, shared)
        if link is not None:
            asked = client.asked
            try:
                start_client(
                    server_address=link.address,
                    client=client,
                    insecure=not link.tls,
                    root_certificates=meeting.authority(shared).read_bytes() if link.tls else None,
                )
                if client.refused is not None:
                    raise client.refused
                return
            except grpc.RpcError as error:
                reason = _words(error)
            if client.asked > asked:
                last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
        else:
            reason = f"nobody says where it is in {meeting.folder(shared)}"
        if (ended := meeting.end(shared)) is not None and ended.well:
            return
        if time.monotonic() - last_seen_s + pause_s > patience_s:
            raise GateError(
                f"the server has gone: no connection for {patience_s:g} s, the last time: {reason}",
                remedy="see what the server said, and start it again",
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _open_up(config: TaskConfig, shared: Path, address: str) -> None:
    meeting.open_up(shared, address, tls=config.tls)


def _words(error: BaseException) -> str:
    details = getattr(error, "details", None)
    return str(details() if callable(details) else error).partition("\n")[0]


def _be_quiet() -> None:
    """Keep Flower from saying, at every start, that these calls are deprecated; the rest stays."""
    logger = logging.getLogger("flwr")
    logger.setLevel(logging.WARNING)
    if _is_no_deprecation not in logger.filters:
        logger.addFilter(_is_no_deprecation)


def _is_no_deprecation(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("DEPRECATED FEATURE")
