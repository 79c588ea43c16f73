"""What every probe offers: which files to read at a tick, and what their bytes say.

Reading and parsing are apart because a process that sleeps between ticks finds the caches
cold: parsing ten ticks together, once a second, costs a fifth of parsing at each tick.
"""

from __future__ import annotations

import os

from benchharness.probes.files import close_all, is_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    AnyProbe = TypeVar("AnyProbe", bound="Probe")


GONE = b"\0"  # the content of a file that cannot be read any more; no parser finds a number in it


class Probe:
    """Some channels that are read together from files held open.

    ``channels`` are (name, unit) pairs, ``meta`` says how the figures are obtained, ``files``
    are (descriptor, bytes to read) pairs in the order in which ``parse`` wants their content.
    """

    channels: tuple[tuple[str, str], ...] = ()
    meta: Mapping[str, str] = {}
    files: list[tuple[int, int]]
    restless = False  # whether the files change as time goes on

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return one number for each channel from one tick's content of ``files``."""
        raise NotImplementedError

    def renew(self, now_ns: int) -> bool:
        """Look for what has changed; return whether ``files`` are others. For restless probes."""
        raise NotImplementedError

    def read(self) -> list[float]:
        """Read and parse once."""
        return self.parse(read_files(self.files))

    def close(self) -> None:
        """Close the files."""
        close_all([descriptor for descriptor, _ in self.files])
        self.files = []


def unless_missing(probe: AnyProbe) -> AnyProbe | None:
    """Return the probe if it finds all its figures now; else close it and return None."""
    if any(is_missing(value) for value in probe.read()):
        probe.close()
        return None
    return probe


def read_files(files: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the present content of each file, ``GONE`` for one that has gone."""
    try:
        return [os.pread(descriptor, size, 0) for descriptor, size in files]
    except OSError:
        return [_read_or_gone(descriptor, size) for descriptor, size in files]


def _read_or_gone(descriptor: int, size: int) -> bytes:
    try:
        return os.pread(descriptor, size, 0)
    except OSError:
        return GONE
