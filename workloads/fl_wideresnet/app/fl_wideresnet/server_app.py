"""The ServerApp: FedAvg's rounds, a test after each, and their events."""

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from benchharness.federated import flower_app

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    flower_app.serve(grid, context)
