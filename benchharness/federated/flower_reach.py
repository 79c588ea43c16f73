"""From where Flower's servers may be reached: this machine, unless it is meant otherwise.

The control API of Flower's SuperLink asks nobody who they are, with TLS as without: whoever reaches
its port can submit an app, which then runs on the server and on every node. Beyond the loopback it
is therefore started only in a network of which the options say that all in it may do so. The older
gRPC calls run no code of others; without TLS anybody could read and change the weights.
"""

from __future__ import annotations

import ipaddress

from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig


def check(config: TaskConfig) -> None:
    """Raise UsageError for an address beyond the loopback that the options do not say is meant."""
    if config.open_network or is_loopback(config.host):
        return
    if config.engine == "deployment":
        danger = "whoever reaches a SuperLink can run programs on it and on all its nodes"
        remedy = "--address 127.0.0.1:0, or --open-network true in a network of your own"
    elif config.engine == "grpc" and not config.tls:
        danger = "without TLS whoever is on the way can read and change the weights"
        remedy = "--tls true, or --open-network true in a network of your own"
    else:
        return
    raise UsageError(danger, where=f"--address {config.address}", remedy=remedy)


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach what listens at ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
