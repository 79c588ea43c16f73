"""Whether a message is newer than those before it: by the device's clock and by its counter.

Both only grow on a device that is well. A message whose clock or counter is behind was late on
its way, unless what follows agrees with it: then the clock was set, or the counter has begun
anew, and what follows is believed. A counter that jumps back and forth belongs to two devices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds

OUT_OF_ORDER = "out of order"
LATE = "late by the plug's own clock"
OLDER_COUNTER = "a counter older than the newest"
# How long messages must agree on another time before it is the device's clock that has changed.
# Two in a row may both be late, each by one telemetry interval.
_AGREE_NS = 3 * NANOSECONDS_PER_SECOND
_AGREE_MESSAGES = 3
_AGREE_S = 0.5
# However small the bound on a plug's own latency is, a network may take this long.
_NETWORK_S = 1.0
# No crystal runs slow by more; a clock that does is otherwise taken for ever later messages.
_DRIFT = 5e-4
# Among how many counters how many changes of place tell two devices.
_LAST = 12
_TURNS = 4
_FEW_STEPS = 3.0  # of the counter


class DeviceClock:
    """Compares the device's time stamps with the times of arrival.

    ``bound_s`` is how much later than another a message may be: the latency bound.
    """

    def __init__(self, bound_s: float) -> None:
        self._bound_s = max(bound_s, _NETWORK_S)
        self._newest_s: float | None = None
        self._lead_s = 0.0  # of the device's clock against this one's, when a message is quickest
        self._lead_ns = 0
        self._other: tuple[float, int, int] | None = None
        self.jump_s: float | None = None

    def restart(self) -> None:
        """Forget: the device was off, and its clock has been set anew."""
        self._newest_s = self._other = None

    def is_newer(self, device_s: float) -> bool:
        """Return whether a time stamp is above all those that were believed."""
        return self._newest_s is not None and device_s > self._newest_s

    def judge(self, t_ns: int, device_s: float, step_s: float, *, grown: bool) -> str | None:
        """Return why a message is not believed, None if it is; ``jump_s`` if the clock was set.

        ``grown`` says that its counter is above all others, so that it cannot be an old one.
        """
        self.jump_s = None
        lead_s = device_s - seconds(t_ns)
        if self._newest_s is None:
            self._believe(t_ns, device_s, lead_s)
            return None
        reference_s = self._lead_s - _DRIFT * seconds(t_ns - self._lead_ns)
        late_s = reference_s - lead_s
        tolerance_s = self._bound_s + 2 * step_s
        ordered = device_s >= self._newest_s
        if ordered and abs(late_s) <= tolerance_s:
            self._believe(t_ns, device_s, max(lead_s, reference_s))
            return None
        if late_s < -tolerance_s or (grown and not ordered) or self._agrees(t_ns, lead_s, step_s):
            self.jump_s = -late_s
            self._believe(t_ns, device_s, lead_s)
            return None
        return LATE if ordered else OUT_OF_ORDER

    def _believe(self, t_ns: int, device_s: float, lead_s: float) -> None:
        self._newest_s, self._other = device_s, None
        self._lead_s, self._lead_ns = lead_s, t_ns

    def _agrees(self, t_ns: int, lead_s: float, step_s: float) -> bool:
        """Return whether messages have told this other time for a while."""
        if self._other is not None and abs(self._other[0] - lead_s) <= step_s + _AGREE_S:
            lead_s, since_ns, count = self._other
            self._other = (lead_s, since_ns, count + 1)
            return t_ns - since_ns >= _AGREE_NS and count + 1 >= _AGREE_MESSAGES
        self._other = (lead_s, t_ns, 1)
        return False


class CounterTrack:
    """Follows one counter, and sees when it begins anew and when there are two of them."""

    def __init__(self) -> None:
        self._top_j: float | None = None
        self._low_j: float | None = None  # one below the top, which may have been late
        self._last: deque[float] = deque(maxlen=_LAST)
        self._restarted = False
        self.fell_from_j: float | None = None
        self.two_devices = False

    def restart(self) -> None:
        """Let the next reading begin anew: the device was off, and may be another one."""
        self._restarted = True
        self.two_devices = False
        self._last.clear()

    def is_grown(self, energy_j: float) -> bool:
        """Return whether a counter is above all that were believed."""
        return self._top_j is not None and energy_j > self._top_j

    def judge(self, energy_j: float, *, newer: bool, step_j: float = 0.0) -> str | None:
        """Return why a reading is not believed, None if it is; ``fell_from_j`` if it begins anew.

        ``newer`` says that the device's clock proves that the message is a new one, ``step_j``
        in which steps it counts.
        """
        self.fell_from_j = None
        self._last.append(energy_j)
        if self._top_j is None or energy_j >= self._top_j:
            self._believe(energy_j)
            return None
        self.two_devices = self.two_devices or _take_turns(self._last, step_j)
        agrees = self._low_j is not None and energy_j >= self._low_j
        if newer or agrees or self._restarted:
            self.fell_from_j = self._top_j
            self._believe(energy_j)
            return None
        self._low_j = energy_j
        return OLDER_COUNTER

    def _believe(self, energy_j: float) -> None:
        self._top_j, self._low_j, self._restarted = energy_j, None, False


def _take_turns(counters: Sequence[float], step_j: float) -> bool:
    """Return whether counters, as they came, are those of two devices in turn.

    They are if they fall into a low and a high group, further apart than each is wide, each of
    which grows by itself while they change places again and again. Messages that overtook one
    another are spread evenly and do not fall apart so, and a counter that is rounded now up, now
    down moves by a step or two.
    """
    ranked = sorted(counters)
    gap_j, low_end_j = max(((b - a, a) for a, b in pairwise(ranked)), default=(0.0, 0.0))
    if gap_j <= max((ranked[-1] - ranked[0]) / 2, _FEW_STEPS * step_j):
        return False
    highs = [counter > low_end_j for counter in counters]
    if sum(a != b for a, b in pairwise(highs)) < _TURNS:
        return False
    return all(
        a <= b
        for side in (False, True)
        for a, b in pairwise(c for c, high in zip(counters, highs, strict=True) if high is side)
    )
