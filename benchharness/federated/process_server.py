"""The server of the ``process`` engine."""

from __future__ import annotations

from pathlib import Path

from benchharness.federated.config import TaskConfig
from benchharness.federated.task import ServerWork

STATE = "state"  # the folder in the shared one where every engine's server keeps its rounds


def serve(config: TaskConfig, shared: Path) -> None:
    """Train with the clients that connect; see ``run_rounds`` for what it raises.

    It listens before it loads the data, so that the clients can come meanwhile.
    """
    from benchharness.federated.process_grid import ProcessGrid
    from benchharness.federated.rounds import run_rounds

    with ProcessGrid(config, shared) as grid:
        run_rounds(grid, ServerWork(config), config, shared / STATE)
