"""The ClientApp: node k, by its partition-id, trains on the k-th part of the data."""

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from benchharness.federated import flower_app

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    return flower_app.take_part("train", message, context)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    return flower_app.take_part("evaluate", message, context)


@app.query()
def introduce(message: Message, context: Context) -> Message:
    return flower_app.take_part("hello", message, context)
