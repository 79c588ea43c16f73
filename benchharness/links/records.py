"""A link's rates over time, both ways: what the kernel, or a program, is to keep.

The rates are those of the wire: with their headers, as tbf counts packets. TCP carries 1448 bytes
of payload in a packet of 1514, so a program that sends gets 95.6 % of them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchharness.errors import UsageError

# tbf lets the packet that waits go at the time that the old rate gave it, whatever the rate has
# become: at 50 kbit/s that is 0.24 s late, at 1 kbit/s 12 s and many a packet more. And who means
# 20 Mbit/s and writes 20 is told so.
LEAST_BIT_S = 50_000.0
MOST_BIT_S = 100e9
# A rate holds at least so long: the kernel's bucket is full after each change.
LEAST_CHANGE_S = 0.1
# Ethernet, IPv4 and TCP with time stamps: of every 1514 bytes 1448 are the program's.
PAYLOAD_SHARE = 1448 / 1514
_LISTS = ("t_s", "up_bit_s", "down_bit_s")


@dataclass(frozen=True, slots=True)
class LinkTrace:
    """Rates from times on: from ``t_s[i]`` (the first is 0) it is ``up_bit_s[i]`` and the like.

    Up is what the device sends. After the last time the last rate holds, or with ``repeat_s`` the
    trace begins again every so many seconds. Before 0 the first rate holds. Raises UsageError for
    rates and times that cannot be.
    """

    title: str
    source: str
    t_s: tuple[float, ...]
    up_bit_s: tuple[float, ...]
    down_bit_s: tuple[float, ...]
    repeat_s: float | None = None

    def __post_init__(self) -> None:
        if not len(self.t_s) == len(self.up_bit_s) == len(self.down_bit_s):
            raise UsageError("a link has as many times as rates up and rates down")
        if not self.t_s:
            raise UsageError("a link has at least one rate")
        previous_s = None
        for t_s, up, down in zip(self.t_s, self.up_bit_s, self.down_bit_s, strict=True):
            fault = time_fault(t_s, previous_s) or rate_fault(up) or rate_fault(down)
            if fault is not None:
                raise UsageError(fault)
            previous_s = t_s
        fault = repeat_fault(self.repeat_s, self.t_s[-1])
        if fault is not None:
            raise UsageError(fault)

    @property
    def is_constant(self) -> bool:
        """Return whether the rates never change."""
        return len(set(self.up_bit_s)) == len(set(self.down_bit_s)) == 1

    @property
    def change_s(self) -> float | None:
        """Return the mean time from an entry to the next; None if the rates never change."""
        if self.is_constant:
            return None
        if self.repeat_s is None:
            return self.t_s[-1] / (len(self.t_s) - 1)
        return self.repeat_s / len(self.t_s)

    def rates_at(self, t_s: float) -> tuple[float, float]:
        """Return the rates up and down, in bit/s, at ``t_s`` seconds from the start."""
        _, place = self._place(t_s)
        return self.up_bit_s[place], self.down_bit_s[place]

    def next_change_s(self, t_s: float) -> float | None:
        """Return the first time after ``t_s`` at which another entry begins; None if none does."""
        base_s, place = self._place(t_s)
        if place + 1 < len(self.t_s):
            return base_s + self.t_s[place + 1]
        return None if self.repeat_s is None else self._base_s(t_s, after=1)

    def changes(self, until_s: float) -> Iterator[tuple[float, float, float]]:
        """Yield (t_s, up_bit_s, down_bit_s) of every entry that begins before ``until_s``."""
        t_s: float | None = 0.0
        while t_s is not None and t_s < until_s:
            yield (t_s, *self.rates_at(t_s))
            t_s = self.next_change_s(t_s)

    def to_json(self) -> dict[str, Any]:
        """Return the trace as a document, for :meth:`from_json`."""
        return {key: list(value) if key in _LISTS else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LinkTrace:
        """Return the trace of a document. Raises UsageError for what is none."""
        try:
            t_s, up, down = (tuple(float(number) for number in document[key]) for key in _LISTS)
            repeat_s = document.get("repeat_s")
            return cls(
                title=str(document.get("title", "")),
                source=str(document.get("source", "")),
                t_s=t_s,
                up_bit_s=up,
                down_bit_s=down,
                repeat_s=None if repeat_s is None else float(repeat_s),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UsageError(f"not a link's rates: {error!r}") from None

    def _place(self, t_s: float) -> tuple[float, int]:
        """Return when the round that ``t_s`` is in began, and which entry holds then."""
        base_s = self._base_s(t_s)
        # The sums are the ones that next_change_s returns, so that both agree to the last bit.
        place = bisect_right(self.t_s, t_s, key=lambda begin_s: base_s + begin_s) - 1
        return base_s, max(0, place)

    def _base_s(self, t_s: float, after: int = 0) -> float:
        if self.repeat_s is None or t_s < 0:
            return 0.0 if self.repeat_s is None else after * self.repeat_s
        rounds = math.floor(t_s / self.repeat_s)
        if rounds * self.repeat_s > t_s:
            rounds -= 1
        elif (rounds + 1) * self.repeat_s <= t_s:
            rounds += 1
        return (rounds + after) * self.repeat_s


def constant(up_bit_s: float, down_bit_s: float) -> LinkTrace:
    """Return a link whose rates never change. Raises UsageError."""
    up, down = up_bit_s / 1e6, down_bit_s / 1e6
    title = f"{up:g} Mbit/s both ways" if up == down else f"{up:g} Mbit/s up, {down:g} down"
    return LinkTrace(title, "", (0.0,), (up_bit_s,), (down_bit_s,))


def rate_fault(bit_s: float) -> str | None:
    """Return what is wrong with a rate in bit/s; None if nothing is."""
    if not math.isfinite(bit_s) or bit_s <= 0:
        return f"a link's rate is above 0 and finite, got {bit_s:g} bit/s"
    if bit_s < LEAST_BIT_S:
        return f"{bit_s:g} bit/s is below {LEAST_BIT_S:g}, the least: 20 Mbit/s is 20e6"
    return f"{bit_s:g} bit/s is above {MOST_BIT_S:g}" if bit_s > MOST_BIT_S else None


def time_fault(t_s: float, previous_s: float | None) -> str | None:
    """Return what is wrong with a time after another, None for the first; None if nothing is."""
    if not math.isfinite(t_s):
        return f"a time is finite, got {t_s:g} s"
    if previous_s is None:
        return None if t_s == 0 else f"the first time is 0, got {t_s:g} s"
    if t_s <= previous_s:
        return f"times rise, got {t_s:g} s after {previous_s:g} s"
    return _short_fault(t_s - previous_s)


def repeat_fault(repeat_s: float | None, last_s: float) -> str | None:
    """Return what is wrong with how often a trace begins again; None if nothing is."""
    if repeat_s is None:
        return None
    if not math.isfinite(repeat_s) or repeat_s <= last_s:
        return f"repeat_s is above the last time, {last_s:g} s, got {repeat_s:g} s"
    return _short_fault(repeat_s - last_s)


def _short_fault(lasting_s: float) -> str | None:
    if lasting_s > LEAST_CHANGE_S - 1e-6:  # 0.3 - 0.2 is a little less than 0.1
        return None
    return f"a rate holds for {LEAST_CHANGE_S:g} s at least, got {lasting_s:g} s: take means"
