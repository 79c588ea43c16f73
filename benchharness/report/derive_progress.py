"""Says on stderr that many trials are being derived, where somebody has to wait for it."""

from __future__ import annotations

import sys
import time

PATIENCE_S = 2.0
_STEP_S = 0.5  # between two figures on a terminal
_MANY = 400  # trials: fewer are never told


class Progress:
    """One line, rewritten on a terminal, written once elsewhere."""

    def __init__(self, trials: int) -> None:
        self._trials = trials
        self._due_s = time.monotonic() + PATIENCE_S
        self._told = False

    def at(self, done: int) -> None:
        """Tell how many trials are done, if it is time to."""
        now_s = time.monotonic()
        if now_s < self._due_s or self._trials < _MANY or sys.stderr is None:
            return
        line = f"deriving {self._trials:,} trials (kept for next time)"
        if sys.stderr.isatty():
            self._due_s = now_s + _STEP_S
            self._write(f"\r{line}: {100 * done // self._trials} %")
        elif not self._told:
            self._write(f"{line}\n")
        self._told = True

    def close(self) -> None:
        """Take the line away: what comes next begins where it stood."""
        if self._told and sys.stderr.isatty():
            self._write("\r\x1b[K")
        self._told = False
        self._trials = 0

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
