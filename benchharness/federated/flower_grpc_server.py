"""Flower's older ``Server`` with the rounds of every engine in place of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from flwr.server import History, Server, SimpleClientManager

from benchharness.errors import BenchharnessError
from benchharness.federated.config import TaskConfig
from benchharness.federated.flower_grpc_grid import GrpcGrid
from benchharness.federated.rounds import Work, run_rounds

_FAREWELL_S = 5.0


class RoundsServer(Server):
    """What ``start_server`` runs. ``listening`` is called when clients can connect.

    ``well`` says that all rounds are done; ``error`` is what ended them early, where it is known.
    """

    def __init__(
        self, work: Work, config: TaskConfig, state_folder: Path, listening: Callable[[], None]
    ) -> None:
        super().__init__(client_manager=SimpleClientManager())
        self._work, self._task, self._state = work, config, state_folder
        self._listening = listening
        self.well = False
        self.error: BenchharnessError | None = None

    def fit(self, num_rounds: int, timeout: float | None) -> tuple[History, float]:  # noqa: ARG002 - Flower's
        """Run the rounds; Flower's history of them stays empty, for the events have it."""
        grid = GrpcGrid(self._client_manager, self._task, _complain)
        self._listening()
        try:
            run_rounds(grid, self._work, self._task, self._state)
            self.well = True
        except BenchharnessError as error:
            self.error = error
        finally:
            grid.close()
        return History(), 0.0

    def disconnect_all_clients(self, timeout: float | None) -> None:  # noqa: ARG002 - Flower's
        """Say good-bye; who hangs is not waited for as long as for an answer."""
        super().disconnect_all_clients(_FAREWELL_S)


def _complain(line: str) -> None:
    sys.stderr.write(f"server: {line}\n")
