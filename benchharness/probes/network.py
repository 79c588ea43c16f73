"""Bytes received and sent, from /proc/net/dev."""

from __future__ import annotations

import os
import re

from benchharness.probes.files import NAN, names, open_file, read_whole
from benchharness.probes.probe import Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = 1 << 16
_OF_TRIALS = re.compile(r"bh\d+[bp]\d+")  # as links/names.py calls them


def interface_bytes(text: bytes) -> dict[str, tuple[int, int]]:
    """Return (received, sent) bytes of each interface in the text of /proc/net/dev."""
    found = {}
    for line in text.split(b"\n"):
        name, colon, counters = line.rpartition(b":")  # an alias such as eth0:1 has one too
        words = counters.split()
        if colon and len(words) >= 9 and words[0].isdigit() and words[8].isdigit():
            found[name.strip().decode("ascii", "replace")] = (int(words[0]), int(words[8]))
    return found


class Network(Probe):
    """``network_rx_bytes`` and ``network_tx_bytes``, cumulative over the chosen interfaces."""

    channels = (("network_rx_bytes", "B"), ("network_tx_bytes", "B"))

    def __init__(self, descriptor: int, interfaces: list[str]) -> None:
        self.files = [(descriptor, _SIZE)]
        self._interfaces = interfaces
        self.meta = {"network": ", ".join(interfaces)}

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the bytes received and sent; NaN once one of the interfaces is gone."""
        found = interface_bytes(raw[0])
        try:
            pairs = [found[name] for name in self._interfaces]
        except KeyError:
            return [NAN, NAN]
        return [float(sum(pair[0] for pair in pairs)), float(sum(pair[1] for pair in pairs))]


def network(sysroot: str) -> Network | None:
    """Return the probe of the network bytes, or None.

    Interfaces with a device behind them; where none has (containers), all but the loopback and
    those of the networks of trials, which come and go.
    A bridge or a tunnel carries the bytes of a real interface and would count them twice.
    """
    found = interface_bytes(read_whole(f"{sysroot}/proc/net/dev"))
    known = [name for name in names(f"{sysroot}/sys/class/net") if name in found]
    real = [n for n in known if os.path.exists(f"{sysroot}/sys/class/net/{n}/device")]  # noqa: PTH110
    chosen = real or [n for n in found if n != "lo" and not _OF_TRIALS.fullmatch(n)]
    descriptor = open_file(f"{sysroot}/proc/net/dev") if chosen else None
    return None if descriptor is None else Network(descriptor, chosen)
