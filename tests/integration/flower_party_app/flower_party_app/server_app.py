"""The workload's ServerApp with a work that needs no PyTorch."""

from __future__ import annotations

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from benchharness.federated import flower_app
from tests.integration.flower_party import PlainServerWork

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    flower_app.serve(grid, context, lambda _config: PlainServerWork())
