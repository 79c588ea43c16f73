"""Which module serves, and which takes part, for each engine; imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from benchharness.federated.config import TaskConfig

_ROOM = "benchharness.federated"
# A client of the process engine never imports Flower, so its two sides are two modules.
_SERVERS = {
    "process": "process_server",
    "grpc": "flower_grpc",
    "deployment": "flower_deployment",
}
_CLIENTS = {**_SERVERS, "process": "process_client"}


def serve(config: TaskConfig, shared: Path) -> None:
    """Be the server of ``config``; ``shared`` is the folder that it has with the clients."""
    module = import_module(f"{_ROOM}.{_SERVERS[config.engine]}")
    cast("Callable[[TaskConfig, Path], None]", module.serve)(config, shared)


def take_part(config: TaskConfig, index: int, shared: Path) -> None:
    """Be client ``index``, from 1, of ``config``."""
    module = import_module(f"{_ROOM}.{_CLIENTS[config.engine]}")
    cast("Callable[[TaskConfig, int, Path], None]", module.take_part)(config, index, shared)
