"""Runs a module through the ``wasmer`` command, where there are no wheels (an Arm board, say).

The phases are as far apart as the command lets them be: ``compile`` is ``wasmer compile`` into a
file for the time of the run, and ``run`` is ``wasmer run`` of it, with the start of the command
in it. It offers WASI alone: a module that imports host functions needs the wheels. Written after
the command's manual (2.x and later) and tried against a stand-in only.
"""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, EXIT_USAGE, HostError, TrapError
from wasm_modules.hosts.find_wasmer import COMPILERS, command_version, install
from wasm_modules.hosts.module_binary import limit_memory
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import HostFunction

_TRAP = re.compile(r"RuntimeError: (.+)")


class WasmerCommand:
    """The ``wasmer`` command behind the calls of a host."""

    name = "wasmer-cli"
    modes: tuple[str, ...] = (
        *("jit", "jit-singlepass", "jit-llvm"),
        *("aot", "aot-singlepass", "aot-llvm"),
    )

    def __init__(self, command: str) -> None:
        self._command = command
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def load(self, request: Request) -> None:
        """Ask the command for its version, which is all that can be loaded beforehand."""
        if request.fuel is not None:
            raise HostError(
                "Wasmer has no fuel; limit the time instead: --time-limit SECONDS", EXIT_UNFIT
            )
        version = command_version(self._command)
        if version is None:
            raise HostError(f"{self._command} gives no version; {install()}", EXIT_UNFIT)
        self._version = version

    def version(self) -> str:
        """Return the command's version."""
        return self._version

    def compile(self, request: Request, code: bytes) -> None:
        """Compile into a file that goes when this process does."""
        self._folder = tempfile.TemporaryDirectory(prefix="benchharness-wasmer-")
        self._compiled = Path(self._folder.name) / "module.wasmu"
        self.build(request, code, self._compiled)

    def build(self, request: Request, code: bytes, artefact: Path) -> None:
        """Compile into a file."""
        if request.memory_limit_bytes is not None:
            code = limit_memory(code, request.memory_limit_bytes)
        with tempfile.NamedTemporaryFile(suffix=".wasm") as module:
            module.write(code)
            module.flush()
            compiler = request.compiler or COMPILERS[0]
            done = self._call("compile", f"--{compiler}", "-o", str(artefact), module.name)
        if done.returncode != 0:
            raise HostError(f"is not a valid module: {_last(done.stderr)}", EXIT_USAGE)

    def deserialize(self, request: Request, artefact: Path) -> None:  # noqa: ARG002
        """Take a compiled file; the command loads it when it runs it."""
        self._compiled = artefact

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Make the command line of the run; the guest's name is that of its file."""
        if functions:
            wanted = f"{functions[0].module}::{functions[0].name}"
            raise HostError(
                f"imports {wanted}, which the wasmer command cannot offer; {install()}", EXIT_UNFIT
            )
        options = [f"--mapdir={guest}:{host}" for host, guest in request.folders]
        options += [f"--env={name}={value}" for name, value in request.environment]
        self._run = ("run", *options, str(self._compiled), "--", *request.arguments)

    def run(self) -> int:
        """Run the guest; its standard streams are this process's, stderr passed on at the end."""
        try:
            done = subprocess.run(
                [self._command, *self._run],
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                check=False,
                preexec_fn=_end_with_the_host,
            )
        except OSError as error:
            raise HostError(
                f"{self._command} cannot be started: {error.strerror}", EXIT_UNFIT
            ) from None
        trap = _TRAP.search(done.stderr) if done.returncode != 0 else None
        if trap:
            raise TrapError(trap[1])
        if done.returncode < 0:
            raise HostError(f"wasmer was ended by signal {-done.returncode}", EXIT_FAILED)
        print(done.stderr, end="", file=sys.stderr)
        return done.returncode

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self._command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise HostError(
                f"{self._command} cannot be started: {error.strerror}", EXIT_UNFIT
            ) from None


def _end_with_the_host() -> None:
    """Have the kernel end the command when the host is killed (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
