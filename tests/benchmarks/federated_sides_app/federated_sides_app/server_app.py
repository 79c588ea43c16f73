"""The workload's ServerApp with the benchmark's work, whose result it writes."""

from __future__ import annotations

from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from benchharness.federated import flower_app
from tests.benchmarks.federated_sides import SoftmaxServer

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    shared = Path(str(context.run_config["shared"]))
    flower_app.serve(grid, context, lambda config: SoftmaxServer(config, shared))
