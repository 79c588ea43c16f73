"""Addresses for the network of a trial that are none of this machine's networks."""

from __future__ import annotations

import ipaddress
import os
import random
import struct
from pathlib import Path

from benchharness.errors import UnfitError

_PRIVATE = ipaddress.IPv4Network("10.0.0.0/8")
_ROUTES = Path("/proc/net/route")
_TRIES = 1000


def free_subnet(programs: int, routes: Path = _ROUTES) -> ipaddress.IPv4Network:
    """Return a private network, a /24 for up to 254 programs, that no route of ours leads to.

    Two harnesses rarely choose the same one, and would not meet: their bridges are not joined.
    Raises UnfitError if there is none.
    """
    prefix = 24 if programs <= 254 else 20
    taken = _routed(routes)
    chance = random.Random(os.urandom(8))  # noqa: S311 - an address, not a secret
    size = 1 << (32 - prefix)
    for _ in range(_TRIES):
        start = int(_PRIVATE.network_address) + size * chance.randrange(
            _PRIVATE.num_addresses // size
        )
        subnet = ipaddress.IPv4Network((start, prefix))
        if not any(subnet.overlaps(other) for other in taken):
            return subnet
    raise UnfitError("no private network is free here", where="links", remedy="see: ip route")


def _routed(routes: Path) -> list[ipaddress.IPv4Network]:
    """Return the networks that this machine has a route to, without the default."""
    try:
        lines = routes.read_text().splitlines()[1:]
    except OSError:
        return []
    found = []
    for line in lines:
        columns = line.split()
        # Addresses are words of this machine, as they lie in memory.
        address, mask = (struct.pack("=I", int(columns[place], 16)) for place in (1, 7))
        network = ipaddress.IPv4Network((address, str(ipaddress.IPv4Address(mask))), strict=False)
        if network.prefixlen:
            found.append(network)
    return found
