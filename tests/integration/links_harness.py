"""A harness that makes a network for a trial, says what it is called, and waits to be killed.

Run as ``python -m tests.integration.links_harness``.
"""

from __future__ import annotations

import json
import time

from benchharness.links.network import Network
from benchharness.links.records import LinkTrace
from benchharness.links.wanted import WantedLink

STEPS = LinkTrace("steps", "", (0.0, 60.0), (20e6, 5e6), (20e6, 5e6))


def main() -> None:
    """Make the network and wait."""
    with Network({"main": WantedLink(hub=True), "device-1": WantedLink(STEPS)}) as network:
        made = [
            name for port in network.ports.values() for name in (port.namespace, port.interface)
        ]
        print(json.dumps(made), flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
