"""An HTTP server on loopback that counts and checks every POST of the guest.

Usage: server.py --port-file FILE [--line SPEC] [--fail-with STATUS] [--delay S] [--drop N]

It listens on a port that the system chooses, writes it into FILE and emits ``ready``. On
SIGTERM it emits what it has seen as outputs: ``received``, POSTs with a sequence number of their
own; ``lost``, numbers missing below the highest; ``doubled``, numbers seen before; ``wrong``,
whatever is no POST of the guest, or has another value than the recorded line. Faults, for
tests: every answer has a status, comes late, or (--drop) every N-th POST is not seen at all: its
connection is closed without an answer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from expected_posts import RECORDED, known_values

from benchharness import events
from wasm_modules.hosts.failures import HostError

PATH = "/gpio"
_LARGEST_BODY_BYTES = 1024
_ENDS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Ledger:
    """What has come. ``values`` are those of the recorded line, None where it is not known."""

    values: tuple[int, ...] | None = None
    seen: set[int] = field(default_factory=set)
    doubled: int = 0
    wrong: int = 0
    requests: int = 0
    last_t_ns: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_request(self) -> int:
        """Return the number of a request, from 1."""
        with self.lock:
            self.requests += 1
            return self.requests

    def enter(self, path: str, body: bytes) -> bool:
        """Enter a POST; return whether it is right."""
        with self.lock:
            entry = _entry(body) if path == PATH else None
            if entry is None:
                self.wrong += 1
                return False
            sequence, line, t_ns = entry
            if sequence in self.seen:
                self.doubled += 1
                return False
            self.seen.add(sequence)
            is_known = self.values is not None
            expected = self.values[sequence % len(self.values)] if self.values else line
            if (is_known and line != expected) or t_ns <= self.last_t_ns:
                self.wrong += 1
                return False
            self.last_t_ns = t_ns
            return True

    def outputs(self) -> Counter[str]:
        """Return the outputs; a POST that is lost after the last one shows in ``received``."""
        with self.lock:
            return Counter(
                received=len(self.seen),
                lost=max(self.seen, default=-1) + 1 - len(self.seen),
                doubled=self.doubled,
                wrong=self.wrong,
            )


def _entry(body: bytes) -> tuple[int, int, int] | None:
    """Return sequence, line and t_ns of a body that has just these, or None."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != {"sequence", "line", "t_ns"}:
        return None
    sequence, line, t_ns = found["sequence"], found["line"], found["t_ns"]
    if any(type(value) is not int or value < 0 for value in (sequence, line, t_ns)) or line > 1:
        return None
    return sequence, line, t_ns


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, ledger: Ledger, fail_with: int | None, delay_s: float, drop: int | None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ledger, self.fail_with, self.delay_s, self.drop = ledger, fail_with, delay_s, drop


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one segment
    timeout = 60.0
    server: Server

    def do_POST(self) -> None:
        server = self.server
        body = self._body()
        if body is None:
            return
        number = server.ledger.next_request()
        if server.drop is not None and number % server.drop == 0:
            self.close_connection = True
            return
        is_right = server.ledger.enter(self.path, body)
        if server.delay_s:
            time.sleep(server.delay_s)
        self._answer(server.fail_with or (200 if is_right else 400))

    def _body(self) -> bytes | None:
        """Return the body, or None where it is not whole."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST_BODY_BYTES:
            self.server.ledger.enter("", b"")
            self.close_connection = True
            self._answer(400)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.server.ledger.enter("", b"")
            self.close_connection = True
            return None
        return body

    def _answer(self, status: int) -> None:
        try:
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # who asked has stopped waiting

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server refuses itself: another method, or no HTTP at all."""
        self.server.ledger.enter("", b"")
        self.close_connection = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().send_error(code, message, explain)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: what was wrong is counted."""


def main() -> int:
    options = _parse()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # for sigwait, and in all threads
    try:
        values = known_values(options.line)
    except HostError as error:
        print(f"server: {error}", file=sys.stderr)
        return error.exit_code
    ledger = Ledger(values)
    with Server(ledger, options.fail_with, options.delay, options.drop) as server:
        # Nobody asks it to stop: the process ends. So there is nothing to look for every half
        # second, and the board may rest.
        threading.Thread(target=server.serve_forever, args=(3600.0,), daemon=True).start()
        _write_whole(options.port_file, f"{server.server_address[1]}\n")
        events.ready()
        signal.sigwait(_ENDS)
    for name, value in ledger.outputs().items():
        events.output(name, value)
    return 0


def _write_whole(path: Path, text: str) -> None:
    """Write a file that a reader sees whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--line", default=RECORDED)
    parser.add_argument("--fail-with", type=int, metavar="STATUS")
    parser.add_argument("--delay", type=float, default=0.0, metavar="S")
    parser.add_argument("--drop", type=int, metavar="N")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
