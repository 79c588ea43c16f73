"""The load of a pulse: a burner on every core, stamped, and gone when the harness is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.errors import UnfitError

_PROGRAM = Path(__file__).with_name("burner.py")
_GOING_S = 2.0


class PulseLoad:
    """Burners that keep a pattern on all cores that this process may use. Use it with ``with``.

    They share the harness's process group, so that Ctrl-C reaches them too.
    """

    def __init__(self, pattern_s: Sequence[tuple[float, float]], start_ns: int) -> None:
        self._pattern_ns = [
            tuple(start_ns + round(t_s * NANOSECONDS_PER_SECOND) for t_s in run)
            for run in pattern_s
        ]
        self._burners: list[subprocess.Popen[str]] = []

    @property
    def cores(self) -> int:
        """Return how many cores there are to burn on."""
        return len(os.sched_getaffinity(0))

    def __enter__(self) -> PulseLoad:
        table = "".join(f"{on_ns} {off_ns}\n" for on_ns, off_ns in self._pattern_ns)
        command = [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid())]
        try:
            for _ in range(self.cores):
                burner = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                self._burners.append(burner)
                assert burner.stdin is not None
                burner.stdin.write(table)
                burner.stdin.close()
                burner.stdin = None  # or communicate() would flush it
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise UnfitError(
                    f"cannot start a load on every core: {error.strerror}",
                    remedy="end what else runs on this machine",
                ) from None
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the burners now; may be called twice."""
        for burner in self._burners:
            burner.kill()
        for burner in self._burners:
            burner.wait()
            if burner.stdout is not None:
                burner.stdout.close()
        self._burners.clear()

    def runs_s(self, zero_ns: int) -> list[tuple[float, float]]:
        """Wait for the burners' last words; return the (on, off) that all kept, in seconds.

        Raises UnfitError if a burner has died or kept another pattern than it was given.
        """
        runs = []
        for burner in self._burners:
            try:
                said, _ = burner.communicate(timeout=_GOING_S)
            except subprocess.TimeoutExpired:
                raise UnfitError("a burner did not end in time", remedy="try again") from None
            lines = [line.split() for line in said.splitlines()]
            if burner.returncode != 0 or len(lines) != len(self._pattern_ns):
                raise UnfitError(
                    "a burner ended before its time",
                    remedy="see what ends processes on this machine, and try again",
                )
            runs += [(seconds(int(on) - zero_ns), seconds(int(off) - zero_ns)) for on, off in lines]
        return runs
