"""What a manifest has done before the trials: its preparation, once however many variants share it.

A preparation that exits with code 3 says that the variant cannot be had on this machine (a
runtime that is not installed), with the remedy on its last line; any other failure is a fault of
the variant.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from benchharness.errors import UsageError
from benchharness.plan.records import Manifest
from benchharness.trial.spec import REPETITION_PLACE, SCRATCH_PLACE, SHARED_PLACE

NOT_HERE = 3
_TIMEOUT_S = 900.0
_PLAIN_PERIOD_S = 30.0
_CLEAR_LINE = "\r\x1b[K"


class NotHereError(UsageError):
    """A variant that cannot be had on this machine."""


class Preparation:
    """Runs preparations; one that has been run is not run again."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[object, ...], _Outcome] = {}

    def prepare(
        self, manifest: Manifest, label: str, argv: tuple[str, ...], env: Mapping[str, str]
    ) -> None:
        """Run a preparation, such as building a binary or compiling a module.

        It serves all repetitions: variables of which they are a part are left out.
        Raises NotHereError where it says that the machine lacks something, UsageError where it
        fails.
        """
        where = label if label.startswith(manifest.name) else f"{manifest.name} {label}"
        env = {name: text for name, text in env.items() if REPETITION_PLACE not in text}
        key = (manifest.folder, argv, *sorted(env.items()))
        if key not in self._outcomes:
            self._outcomes[key] = _run(manifest, argv, env)
        outcome = self._outcomes[key]
        if outcome.not_here is not None:
            what, _, remedy = outcome.not_here.partition("; ")
            raise NotHereError(f"cannot be had here: {what}", where=where, remedy=remedy or None)
        if outcome.fault is not None:
            raise UsageError(outcome.fault, where=where)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a preparation came to; neither field is set if it went well."""

    not_here: str | None = None  # its own words, with the remedy
    fault: str | None = None


class PreparationLine:
    """Says how far the preparations are: on a terminal always, in a log now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._said_at = time.monotonic()
        self._shown = False

    def show(self, number: int, total: int, label: str) -> None:
        """Show that a variant is being prepared: its number, from 1, of how many."""
        text = f"preparing {number} of {total}: {label}"
        if self._terminal:
            self._shown = True
            fitting = text[: shutil.get_terminal_size().columns - 1]  # one that wraps stays
            print(f"{_CLEAR_LINE}{fitting}", end="", file=self._stream, flush=True)
        elif time.monotonic() - self._said_at >= _PLAIN_PERIOD_S:
            self._said_at = time.monotonic()
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the line as it was; may be called twice."""
        if self._shown:
            self._shown = False
            print(_CLEAR_LINE, end="", file=self._stream, flush=True)


def _run(manifest: Manifest, argv: tuple[str, ...], env: Mapping[str, str]) -> _Outcome:
    with tempfile.TemporaryDirectory(prefix="benchharness-prepare-") as scratch:

        def filled(text: str) -> str:
            return text.replace(SCRATCH_PLACE, scratch).replace(SHARED_PLACE, scratch)

        try:
            process = subprocess.Popen(
                [filled(word) for word in argv],
                cwd=manifest.folder,
                env={name: filled(text) for name, text in env.items()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            return _Outcome(fault=f"the preparation cannot be run: {argv[0]}: {error.strerror}")
        answer = _answer(process)
    if answer is None:
        return _Outcome(fault=f"the preparation took over {_TIMEOUT_S:.0f} s")
    stdout, stderr = answer
    lines = [line for line in (stderr or stdout).splitlines() if line.strip()]
    said = lines[-1] if lines else f"exit code {process.returncode}"
    said = said.removeprefix(f"{manifest.name}: ")  # whose preparation it is goes without saying
    if process.returncode == NOT_HERE:
        return _Outcome(not_here=said)
    return _Outcome(fault=f"cannot be prepared: {said}" if process.returncode != 0 else None)


def _answer(process: subprocess.Popen[str]) -> tuple[str, str] | None:
    """Return what a program has said when it has ended; None if it ran out of time.

    Out of time, or interrupted, all of its session is killed: a runtime's host, a compiler.
    """
    ended = False
    with process:
        try:
            answer = process.communicate(timeout=_TIMEOUT_S)
            ended = True
            return answer
        except subprocess.TimeoutExpired:
            return None
        finally:
            if not ended:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
