"""Runs the command line as a user does: another process, its own results file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS_FOR_ONE_COMMAND = 120


@dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def last_line(self) -> str:
        return self.stderr.strip().splitlines()[-1]


@dataclass
class Harness:
    """The command line in a folder of its own; a user's configuration folder that is empty."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results.db"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config")}

    def command(self, *words: str) -> list[str]:
        """Insert ``--results`` after the command's name, before any ``--``."""
        where = ["--results", str(self.results)]
        return [sys.executable, "-m", "benchharness", words[0], *where, *words[1:]]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *words: str, environment: Mapping[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_ONE_COMMAND,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def run(self, *words: str) -> Outcome:
        """Run with --json and without what takes time: no meter, no idle."""
        return self("run", "--json", "--meter", "none", "--idle", "0", *words)


def processes_with(text: str) -> list[int]:
    """Return the live processes whose command line holds ``text``."""
    return [pid for pid, line in command_lines() if text in line]


def command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            yield int(entry.name), line


def wait_for_process(harness: subprocess.Popen[str], mark: str) -> None:
    """Wait until the harness has let a program begin whose command line holds ``mark``.

    The harness's own command line holds it too, and so do its forks and the shell that enters
    the control groups; the word benchharness is in all of these.
    """
    deadline = time.monotonic() + 30
    while not any(mark in line and "benchharness" not in line for _, line in command_lines()):
        assert harness.poll() is None, harness.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
