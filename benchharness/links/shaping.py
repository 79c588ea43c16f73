"""How the kernel is told a rate: tbf, with a burst and a queue that suit it.

Source: tc-tbf(8). The queue is 128 KiB, as a modem's may be, or 50 ms where that is more. In a
shorter one a segment of 64 KiB, which TCP hands over in one piece, finds no room after the rate has
dropped, and the connection stands still for seconds. The burst is 8 KiB, or what half a millisecond
carries where that is more, since the kernel's timer is late by some ten microseconds.
"""

from __future__ import annotations

LEAST_BURST_BYTES = 8192  # five packets and a bit
_BURST_S = 0.5e-3
_LEAST_QUEUE_BYTES = 128 * 1024
_QUEUE_S = 50e-3


def burst_bytes(bit_s: float) -> int:
    """Return how many bytes may pass at once at a rate."""
    return max(LEAST_BURST_BYTES, round(bit_s / 8 * _BURST_S))


def queue_bytes(bit_s: float) -> int:
    """Return how many bytes may wait at a rate, the burst included."""
    return burst_bytes(bit_s) + max(_LEAST_QUEUE_BYTES, round(bit_s / 8 * _QUEUE_S))


def tbf(interface: str, bit_s: float) -> str:
    """Return the command of tc that gives what leaves an interface a rate, or another one."""
    return (
        f"qdisc replace dev {interface} root tbf rate {round(bit_s)}bit "
        f"burst {burst_bytes(bit_s)} limit {queue_bytes(bit_s)}"
    )
