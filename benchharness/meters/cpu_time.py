"""The busy time of all cores, from /proc/stat held open."""

from __future__ import annotations

import os
from pathlib import Path

from benchharness.errors import MeterError

# user nice system idle iowait irq softirq steal guest guest_nice; user includes guest.
_BUSY_FIELDS = (0, 1, 2, 5, 6)
_FIRST_LINE_BYTES = 256


class CpuTime:
    """Reads how long the cores have been busy since the machine started."""

    def __init__(self, sysroot: str = "/") -> None:
        path = Path(sysroot) / "proc" / "stat"
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise MeterError(f"cannot be opened: {error.strerror}", where=str(path)) from None
        text = os.pread(self._descriptor, 1 << 20, 0)
        self.cores = sum(
            1 for line in text.splitlines() if line[:3] == b"cpu" and line[3:4].isdigit()
        )
        self.tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
        if not self.cores:
            self.close()
            raise MeterError("has no line of a core", where=str(path))

    def busy_s(self) -> float:
        """Return the busy seconds of all cores together, in steps of ``tick_s``."""
        fields = os.pread(self._descriptor, _FIRST_LINE_BYTES, 0).split(b"\n", 1)[0].split()
        return sum(int(fields[1 + field]) for field in _BUSY_FIELDS) * self.tick_s

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
