"""How long a device's link carries bits: what its byte counters say, over the rate of the link.

A link that is shaped to 20 Mbit/s is busy for 0.4 us per bit, whatever else it waits for, so the
bytes and the rate give its busy time exactly. What the counters move by in one interval may be
more than the link carries in that time (a burst of the shaper): the rest of its busy time is in
the intervals after it.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

from benchharness.errors import MeterError

_BITS = 8
_DIGITS = 64


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """The counters of a link, in bytes, and the rates at which it carries them now.

    None is a link that is not shaped: it takes no time.
    """

    up_bytes_file: str
    down_bytes_file: str
    up_bit_s: float | None
    down_bit_s: float | None


class Direction:
    """One direction of a link, which is busy for its bits over its rate, and late at most."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._path = ""
        self._bit_s: float | None = None
        self._counted = 0
        self._owed_s = 0.0

    def follow(self, path: str, bit_s: float | None) -> None:
        """Count from now on, at a rate; what was counted before counts at the rate before.

        Raises MeterError for a counter that cannot be opened or read.
        """
        if path != self._path:
            self.leave()
            try:
                self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                self._counted = self._read()
            except (OSError, ValueError) as error:
                self.leave()
                said = error.strerror if isinstance(error, OSError) else "it is no number"
                raise MeterError(f"cannot be read: {said}", where=path) from None
            self._path = path
        self._bit_s = bit_s

    def leave(self) -> None:
        """Count no more; what was counted is still carried. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._path, self._bit_s = -1, "", None

    def busy_s(self, length_s: float) -> float:
        """Return how long it was busy in the last ``length_s`` seconds."""
        self._count()
        busy_s = min(length_s, self._owed_s)
        self._owed_s -= busy_s
        return busy_s

    def _count(self) -> None:
        if self._descriptor < 0:
            return
        # A port that has gone has carried what it had carried.
        with contextlib.suppress(OSError, ValueError):
            counted = self._read()
            if self._bit_s is not None:
                self._owed_s += max(0, counted - self._counted) * _BITS / self._bit_s
            self._counted = counted

    def _read(self) -> int:
        return int(os.pread(self._descriptor, _DIGITS, 0))


class LinkUse:
    """Both directions of a device's link; without a link neither is busy."""

    def __init__(self) -> None:
        self._up, self._down = Direction(), Direction()

    def set(self, plan: LinkPlan | None) -> None:
        """Follow a link from now on, or none. Raises MeterError, and then follows none."""
        if plan is None:
            self._up.leave()
            self._down.leave()
            return
        try:
            self._up.follow(plan.up_bytes_file, plan.up_bit_s)
            self._down.follow(plan.down_bytes_file, plan.down_bit_s)
        except MeterError:
            self.set(None)
            raise

    def busy_s(self, length_s: float) -> tuple[float, float]:
        """Return how long it carried bits up, and down, in the last ``length_s`` seconds."""
        return self._up.busy_s(length_s), self._down.busy_s(length_s)


def check_counters(plan: LinkPlan) -> None:
    """Raise MeterError if a counter of a link cannot be read."""
    use = LinkUse()
    try:
        use.set(plan)
    finally:
        use.set(None)
