"""The server of a split training as a program.

server.py --shared FOLDER [--devices 3] [--scheme ares] ... (split/config.py)

It writes its port to FOLDER/port, and after each round what it needs to go on to FOLDER/state: one
that is started again goes on after the last whole round, at the same port.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchharness.errors import BenchharnessError
from benchharness.learning import needs, options
from benchharness.links.setting import LOOPBACK, own_link
from benchharness.split import config as split_config
from benchharness.split.config import SplitConfig
from benchharness.split.memory import keep_freed
from benchharness.wire import meeting


def serve(config: SplitConfig, shared: Path) -> None:
    """Train with the devices that connect.

    Raises UsageError for options, data or a profile that cannot be, and where waiting is to be
    counted and an idle power is not known; GateError where nobody is left to train with, and where
    the training of this folder is over. Goes on after the last whole round of an earlier server.
    """
    from benchharness.split import state
    from benchharness.split.profiling import given_profile, require_same_training
    from benchharness.split.protocol import largest_frame_bytes
    from benchharness.split.reception import Reception
    from benchharness.split.rounds import Rounds
    from benchharness.split.secure import server_context
    from benchharness.split.server_work import ServerWork

    given = given_profile(config)
    file = shared / meeting.PORT_FILE
    meeting.refuse_if_over(file)
    host, port = _place(config)
    port = port or meeting.earlier_port(file)
    work = ServerWork(config)
    if given is not None:
        require_same_training(given, work.layers, config.profile)
    reception = Reception(
        config.devices,
        config.digest(),
        limit_bytes=largest_frame_bytes(work.layers),
        host=host,
        port=port,
        context=server_context(shared, host) if config.tls else None,
        say=_complain,
    )
    text: str | None = None
    try:
        meeting.write_port(file, reception.port)
        Rounds(config, work, reception, shared / state.FOLDER, given).run()
        text = "it went through all its rounds"
    except BenchharnessError as error:
        text = str(error)
        raise
    finally:
        if text is not None:
            meeting.say_over(file, text)
        reception.close(text)


def _place(config: SplitConfig) -> tuple[str, int]:
    """Return where to listen: at the address in the trial's network, if there is one."""
    host, port = options.address(config.address)
    link = own_link()
    return (host if link.server == LOOPBACK else link.server), port


def _complain(line: str) -> None:
    sys.stderr.write(f"server: {line}\n")


def _share_cores(config: SplitConfig) -> None:
    """Let each device's part of the server take its share of the cores, unless somebody has said.

    Parts are trained in a thread each: PyTorch would give all cores to each of them.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        at_once = 1 if config.is_sequential else config.devices
        share = len(os.sched_getaffinity(0)) // at_once
        os.environ["OMP_NUM_THREADS"] = str(max(1, share))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; return the exit code, after one line to standard error if it is not 0."""
    parser = argparse.ArgumentParser(prog="server.py", allow_abbrev=False)
    parser.add_argument("--shared", type=Path, required=True, metavar="FOLDER")
    split_config.add_arguments(parser)
    given = parser.parse_args(arguments)
    try:
        config = split_config.from_arguments(given)
        needs.require("torch")
        keep_freed()
        _share_cores(config)
        serve(config, given.shared)
    except BenchharnessError as error:
        sys.stderr.write(f"server: {error}\n")
        return error.exit_code
    gc.freeze()  # or Python looks through all of PyTorch once more at its end: 0.4 CPU-s
    return 0


if __name__ == "__main__":
    sys.exit(main())
