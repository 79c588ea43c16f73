"""How the kernel is told a rate: tbf, with a burst and a queue that suit it.

Source: tc-tbf(8). The queue is 128 KiB, as a modem's may be, or 50 ms where that is more. In a
shorter one a segment of 64 KiB, which TCP hands over in one piece, finds no room after the rate has
dropped, and the connection stands still for seconds. The burst is 8 KiB, or what half a millisecond
carries where that is more, since the kernel's timer is late by some ten microseconds.

Every change fills the bucket: up to a burst goes at once that the rate has not earned. On a link
that changes often the burst is therefore a hundredth of what is carried between two changes, or two
packets where that is more.
"""

from __future__ import annotations

from benchharness.links.records import LinkTrace

LEAST_BURST_BYTES = 8192  # five packets and a bit
_BURST_S = 0.5e-3
_TWO_PACKETS_BYTES = 3072
_FREE_SHARE = 0.01  # of what is carried between two changes
_LEAST_QUEUE_BYTES = 128 * 1024
_QUEUE_S = 50e-3


def burst_bytes(bit_s: float) -> int:
    """Return how many bytes may pass at once at a rate."""
    return max(LEAST_BURST_BYTES, round(bit_s / 8 * _BURST_S))


def changing_burst_bytes(bit_s: float, change_s: float | None) -> int:
    """Return the burst at a rate of a link that changes every ``change_s``; None: it does not."""
    usual = burst_bytes(bit_s)
    if change_s is None:
        return usual
    return min(usual, max(_TWO_PACKETS_BYTES, round(_FREE_SHARE * bit_s / 8 * change_s)))


def free_share(trace: LinkTrace) -> float:
    """Return which share changes may let go beyond a trace's rates, of the way that has more."""
    change_s = trace.change_s
    if change_s is None:
        return 0.0
    # The last rate of a trace that does not begin again has no end, and counts for no time.
    ends_s = [*trace.t_s[1:], trace.t_s[-1] if trace.repeat_s is None else trace.repeat_s]
    lasting_s = [end_s - begin_s for begin_s, end_s in zip(trace.t_s, ends_s, strict=True)]
    shares = []
    for rates in (trace.up_bit_s, trace.down_bit_s):
        before = (rates[0] if trace.repeat_s is None else rates[-1], *rates[:-1])
        pairs = zip(before, rates, strict=True)
        free = sum(changing_burst_bytes(new, change_s) for old, new in pairs if new != old)
        carried = sum(rate / 8 * s for rate, s in zip(rates, lasting_s, strict=True))
        shares.append(free / carried)
    return max(shares)


def queue_bytes(bit_s: float) -> int:
    """Return how many bytes may wait at a rate, the burst included."""
    return burst_bytes(bit_s) + max(_LEAST_QUEUE_BYTES, round(bit_s / 8 * _QUEUE_S))


def tbf(interface: str, bit_s: float, change_s: float | None = None) -> str:
    """Return the command of tc that gives what leaves an interface a rate, or another one."""
    return (
        f"qdisc replace dev {interface} root tbf rate {round(bit_s)}bit "
        f"burst {changing_burst_bytes(bit_s, change_s)} limit {queue_bytes(bit_s)}"
    )
