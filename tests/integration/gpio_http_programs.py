"""gpio-http's server and guest as the harness starts them, without the harness."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.wasm_programs import ROOT, Done, run, run_argv
from wasm_modules.hosts import start

WORKLOAD = ROOT / "workloads" / "gpio-http"
MODULES = ROOT / "wasm_modules" / "gpio-http"
LINE = WORKLOAD / "line.txt"
GOOD = {"refused": 0, "failed": 0, "lost": 0, "doubled": 0, "wrong": 0}


# The mode that starts soonest: WasmEdge's compiler takes seconds, Wasmtime has it at once.
SOONEST = {"wasmtime": "jit", "wasmer": "jit", "wasmedge": "interpreter"}


class Server:
    """server.py as a process, and what it has emitted once it has ended."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port_file = folder / "port"
        self._events = folder / "server.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, str(WORKLOAD / "server.py"), *self._place(), *options],
            env={"PATH": os.environ["PATH"], "BENCHHARNESS_EVENTS": str(self._events)},
            stderr=subprocess.PIPE,
        )

    def _place(self) -> tuple[str, str]:
        return "--port-file", str(self.port_file)

    def wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + 30
        while not any(event["event"] == "ready" for event in self.events()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline_s
            time.sleep(0.02)

    @property
    def port(self) -> int:
        return int(self.port_file.read_text())

    def events(self) -> list[dict[str, Any]]:
        text = self._events.read_text() if self._events.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def end(self) -> dict[str, int]:
        """Ask it to end, as the harness does, and return its outputs."""
        self.process.send_signal(signal.SIGTERM)
        _, complaint = self.process.communicate(timeout=10)
        assert (self.process.returncode, complaint) == (0, b"")
        return {e["name"]: e["value"] for e in self.events() if e["event"] == "output"}

    def request(self, raw: bytes) -> int | None:
        """Send bytes on a connection of their own; return the status, None for no answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(4096):
                answer += piece
        return int(answer.split()[1]) if answer else None

    def post(self, body: bytes, path: str = "/gpio") -> int | None:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        return self.request(f"{head}Connection: close\r\n\r\n".encode() + body)


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, *options)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def start_guest(folder: Path, *options: object) -> Done:
    """Run gpio_http.py beside the server of a folder."""
    program = WORKLOAD / "gpio_http.py"
    return run(program, "--port-file", folder / "port", *options, folder=folder)


def under(runtime: str) -> tuple[str, ...]:
    """Return the options of gpio_http.py for a runtime in the mode that starts soonest."""
    return "--runtime", runtime, "--mode", SOONEST[runtime]


def start_host(folder: Path, runtime: str, *options: object, module: str = "host") -> Done:
    """Run the module under a runtime's host with options of the host and of the module."""
    at = options.index("--")
    before, after = options[:at], options[at + 1 :]
    settings = ["--mode", SOONEST[runtime], "--report", "--with", f"gpio=file:{LINE}"]
    words = [*settings, *before, MODULES / f"gpio-http-{module}.wasm", *after]
    return run_argv(start.command_for(runtime, [str(word) for word in words]), folder)
