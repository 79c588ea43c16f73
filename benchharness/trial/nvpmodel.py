"""The power mode of a real Jetson, through NVIDIA's own program: ``nvpmodel -m NUMBER``.

``nvpmodel -q`` says the mode that is in force, its number on a line of its own::

    NV Power Mode: MAXN
    0

Source: NVIDIA, Jetson Linux Developer Guide, "Power Management for Jetson Nano": nvpmodel.
"""

from __future__ import annotations

import shutil
import subprocess

_PROGRAM = "nvpmodel"
_PLACES = "/usr/sbin"  # which is not on every user's PATH
_TIMEOUT_S = 30.0


class Nvpmodel:
    """The board's mode. Entering a mode says why it could not be had; ``restore`` goes back."""

    def __init__(self) -> None:
        self._before: int | None = None
        self._now: int | None = None

    def enter(self, number: int) -> str | None:
        """Set a mode; return why that could not be done, None if it was.

        One machine has one mode: another number before :meth:`restore` is refused.
        """
        program = shutil.which(_PROGRAM) or shutil.which(_PROGRAM, path=_PLACES)
        if program is None:
            return "there is no nvpmodel here"
        if self._now is not None:
            return None if self._now == number else f"another device has mode {self._now} already"
        before = _number(_run(program, "-q")[1])
        if before is None:
            return "nvpmodel -q does not say which mode the board is in"
        self._before = before
        fault, _ = _run(program, "-m", str(number))
        if fault is None:
            self._now = number
            return None
        self.restore()
        return f"nvpmodel -m {number} failed: {fault}"

    def restore(self) -> str | None:
        """Go back to the mode from before; return why that could not be done, None if it was."""
        before, self._before, self._now = self._before, None, None
        if before is None:
            return None
        program = shutil.which(_PROGRAM) or shutil.which(_PROGRAM, path=_PLACES) or _PROGRAM
        fault, _ = _run(program, "-m", str(before))
        return None if fault is None else f"nvpmodel -m {before} failed: {fault}"


def _run(*argv: str) -> tuple[str | None, str]:
    """Return why a program failed, None if it did not, and what it said."""
    try:
        # Some boards ask whether they may start anew: nobody answers, so they do not.
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        return str(error.strerror), ""
    except subprocess.TimeoutExpired:
        return f"no answer for {_TIMEOUT_S:.0f} s", ""
    if done.returncode == 0:
        return None, done.stdout
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1] if said else f"exit code {done.returncode}", done.stdout


def _number(said: str) -> int | None:
    numbers = [line.strip() for line in said.splitlines() if line.strip().isdigit()]
    return int(numbers[-1]) if numbers else None
