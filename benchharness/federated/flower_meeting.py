"""How clients find the SuperLink, and learn that all is over: two small files in a shared folder.

A client on another machine is given a copy of the first, and of the certificate beside it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchharness.errors import BenchharnessError, GateError, UsageError
from benchharness.federated.config import TaskConfig
from benchharness.wire.certificates import AUTHORITY

FOLDER = "flower"
# What a server may listen at is no place to call.
_NEAR = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104
LINK_FILE = "superlink.json"
END_FILE = "ended.json"


@dataclass(frozen=True, slots=True)
class Link:
    """Where the SuperLink listens. ``start`` tells one that came back from the one before."""

    address: str
    tls: bool
    start: int


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: where it is not well, ``text`` says why, with the exit code for that.

    ``start`` is that of the SuperLink whose run it was. ``final``: the clients leave, so that
    another server would only wait for them.
    """

    well: bool
    text: str = ""
    exit_code: int = 0
    start: int = 0
    final: bool = False


def folder(shared: Path) -> Path:
    """Return the folder of this engine within the participants' shared one; it may not exist."""
    return shared / FOLDER


def authority(shared: Path) -> Path:
    """Return the certificate that clients trust."""
    return folder(shared) / AUTHORITY


def ended_by(error: BenchharnessError, start: int) -> End:
    """Return the end of a run that an error of benchharness's own has ended."""
    return End(False, error.line(), error.exit_code, start, final=True)


def refuse_if_over(shared: Path) -> None:
    """Raise GateError where a training of this folder is over, with how it ended."""
    ended = end(shared)
    if ended is not None and (ended.well or ended.final):
        text = "it went through all its rounds" if ended.well else ended.text
        raise GateError(
            f"the training has ended already: {text}", remedy="take an empty --shared folder"
        )


def open_up(shared: Path, address: str, *, tls: bool) -> Link:
    """Tell the clients where the SuperLink is; what was said of an earlier end is taken back."""
    (folder(shared) / END_FILE).unlink(missing_ok=True)
    opened = Link(near(address), tls, time.time_ns())
    _write(folder(shared) / LINK_FILE, asdict(opened))
    return opened


def near(address: str) -> str:
    """Return where a program on this machine finds what listens at ``address``."""
    host, _, port = address.rpartition(":")
    return f"{_NEAR.get(host, host)}:{port}"


def close_down(shared: Path, end: End) -> None:
    """Tell the clients that the run is over: that of the SuperLink that ``end`` names."""
    _write(folder(shared) / END_FILE, asdict(end))


def link(shared: Path) -> Link | None:
    """Return where the SuperLink is, None while nobody has said so.

    Raises UsageError for a file that says something else.
    """
    path = folder(shared) / LINK_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Link(str(found["address"]), bool(found["tls"]), int(found.get("start", 0)))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            "does not say where the SuperLink is",
            where=str(path),
            remedy="write {'address': 'HOST:PORT', 'tls': true} as JSON",
        ) from None


def end(shared: Path) -> End | None:
    """Return how the run of the present SuperLink ended, None while it has not."""
    try:
        found = json.loads((folder(shared) / END_FILE).read_text(encoding="utf-8"))
        known = End(**found)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    present = link(shared)
    return known if present is None or present.start == known.start else None


def find(config: TaskConfig, shared: Path) -> Link | None:
    """Return where a client finds the SuperLink: as the server says, or as the options do.

    Options with a port say it to a client on another machine, where the server's file is not.
    """
    if (found := link(shared)) is not None:
        return found
    if config.port and config.host not in _NEAR:
        return Link(config.address, config.tls, 0)
    return None


def _write(path: Path, content: dict[str, object]) -> None:
    """Write so that readers see the file before or after, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(json.dumps(content), encoding="utf-8")
    half.replace(path)
