"""The ``deployment`` engine: Flower's SuperLink and SuperNodes over TCP, with TLS unless told not.

The server's participant starts the SuperLink and submits the app; a client's starts a SuperNode
and does the work for the apps that Flower starts beneath it. Everything of Flower is a child of
its participant, in its control group, and ends with it.
"""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from benchharness import events
from benchharness.declarations import shipped_folder
from benchharness.errors import BenchharnessError, GateError, UnfitError, UsageError
from benchharness.federated import flower_meeting as meeting
from benchharness.federated import flower_reach
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_node import attend
from benchharness.federated.flower_programs import Programs, free_port, how_it_ended, say
from benchharness.federated.flower_trouble import Trouble, last_words, tail
from benchharness.federated.task import ClientWork
from benchharness.wire.meeting import PATIENCE_S

_LINK, _RUN = "superlink", "run"
_CONNECTION = "here"  # what Flower's own configuration calls this SuperLink
_TRIES = 5
_START_S = 60.0
_LOOK_S = 0.1
_ERRORS = {UsageError.exit_code: UsageError, UnfitError.exit_code: UnfitError}


def serve(config: TaskConfig, shared: Path) -> None:
    """Train with the nodes that connect; see ``run_rounds`` for what it raises.

    Raises UsageError for an address that lets others in, UnfitError where no SuperLink can be
    started, GateError where it or the app ends early, or the training of that folder is over.
    """
    conduct(config, shared, shipped_folder("workloads") / "fl_wideresnet" / "app")


def conduct(config: TaskConfig, shared: Path, app: Path) -> None:
    """Serve with the Flower app in the folder ``app``; see ``serve``."""
    flower_reach.check(config)
    meeting.refuse_if_over(shared)
    folder = meeting.folder(shared)
    with Programs(folder / "server") as programs:
        link, address = _start_link(config, shared, programs)
        _write_settings(config, shared, programs, meeting.near(address))
        opened = meeting.open_up(shared, address, tls=config.tls)
        run = programs.start(
            _RUN,
            *("flwr", "run", str(app), _CONNECTION, "--stream"),
            *("--run-config", str(programs.folder / "run.toml")),
        )
        ended = _watch(shared, programs, link, run)
        if meeting.end(shared) is None:
            meeting.close_down(shared, replace(ended, start=opened.start))
    if not ended.well:
        kind: type[BenchharnessError] = _ERRORS.get(ended.exit_code, GateError)
        raise kind(ended.text)


def take_part(config: TaskConfig, index: int, shared: Path, patience_s: float = PATIENCE_S) -> None:
    """Be the node of client ``index`` until the run is over.

    It connects when it is ready to train. Raises GateError when there has been no SuperLink for
    ``patience_s``.
    """
    work = ClientWork(config, index)
    events.started()  # the SuperNode's own start is the engine's, at the device's speed
    attend(work, config, index, shared, patience_s)


def _start_link(
    config: TaskConfig, shared: Path, programs: Programs
) -> tuple[subprocess.Popen[bytes], str]:
    """Start a SuperLink; return it, and its address once it listens. Raises UnfitError."""
    host = config.host.strip("[]")
    security = _security(config, shared, host)
    for _ in range(_TRIES if not config.port else 1):
        chosen = config.port or free_port(host)
        address = f"[{host}]:{chosen}" if ":" in host else f"{host}:{chosen}"
        arguments = ("--host", host, "--port", str(chosen), *security)
        link = programs.start(_LINK, "flower-superlink", *arguments)
        if _listens(link, meeting.near(address)):
            return link, address
        link.kill()
        link.wait()
    _say_log(programs, _LINK)
    raise UnfitError(
        f"no SuperLink at {config.address}: {last_words(programs.log(_LINK))}",
        remedy="take another address, or port 0 for any that is free",
    )


def _security(config: TaskConfig, shared: Path, host: str) -> tuple[str, ...]:
    if not config.tls:
        return ("--insecure",)
    from benchharness.wire import certificates

    made = certificates.make(meeting.folder(shared), certificates.names_of(host))
    return (
        *("--ssl-ca-certfile", str(made.authority)),
        *("--ssl-certfile", str(made.server)),
        *("--ssl-keyfile", str(made.key)),
    )


def _listens(link: subprocess.Popen[bytes], address: str) -> bool:
    host, _, port = address.rpartition(":")
    until = time.monotonic() + _START_S
    while link.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
        except OSError:
            time.sleep(_LOOK_S)
        else:
            return link.poll() is None
    return False


def _write_settings(config: TaskConfig, shared: Path, programs: Programs, address: str) -> None:
    """Write where the SuperLink is, for Flower's command, and what is to be trained."""
    from benchharness.federated.flower_app import run_config

    trust = f"root-certificates = {_toml(str(meeting.authority(shared).absolute()))}"
    (programs.folder / "home").mkdir(exist_ok=True)
    (programs.folder / "home" / "config.toml").write_text(
        f"[superlink]\ndefault = {_toml(_CONNECTION)}\n\n[superlink.{_CONNECTION}]\n"
        f"address = {_toml(address)}\n{trust if config.tls else 'insecure = true'}\n",
        encoding="utf-8",
    )
    values = run_config(config, shared.absolute())
    lines = (f"{name} = {_toml(value)}\n" for name, value in values.items())
    (programs.folder / "run.toml").write_text("".join(lines), encoding="utf-8")


def _say_log(programs: Programs, name: str) -> None:
    """Say how a program's log ends: its folder goes with the trial."""
    for line in tail(programs.log(name)):
        say(f"server: {name}: {line}")


def _toml(value: bool | float | int | str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _watch(
    shared: Path,
    programs: Programs,
    link: subprocess.Popen[bytes],
    run: subprocess.Popen[bytes],
) -> meeting.End:
    """Wait until the run is over; tell of errors in Flower's logs as they come."""
    trouble = Trouble(programs.log(_LINK), programs.log(_RUN))
    while True:
        over = run.poll() is not None or link.poll() is not None
        ended = meeting.end(shared)  # looked for after the programs: the app writes, then it ends
        for line in trouble.look():
            say(f"server: {line}")
        if ended is not None:
            return ended
        if over:
            name, program = (_LINK, link) if link.poll() is not None else (_RUN, run)
            words = last_words(programs.log(name))
            _say_log(programs, name)
            text = f"Flower's {name} ended early ({how_it_ended(program)}): {words}"
            return meeting.End(False, text, GateError.exit_code, final=True)
        time.sleep(_LOOK_S)
