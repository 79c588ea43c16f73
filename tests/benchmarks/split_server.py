"""The server's side of the split step that is measured: a program of its own, one thread.

    python -m tests.benchmarks.split_server CUT SEED

It says on standard output which port it listens on, and ends when the device has gone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import torch

from benchharness.split.codec import codec_of, pack, unpack
from benchharness.split.memory import keep_freed
from benchharness.split.network import network
from benchharness.split.parts import ServerPart
from benchharness.split.sgd import Sgd
from benchharness.wire.connection import ClosedError, Connection, keep_alive, listen

CLASSES = 10


def serve(connection: Connection, part: ServerPart) -> None:
    """Answer batches until the device has gone: the gradients first, then the step."""
    while True:
        try:
            frame = connection.receive()
        except ClosedError:
            return
        codec = codec_of(frame.tensors)
        stepped = part.propagate(unpack(frame.tensors, "up"), frame.tensors["labels"])
        fields = {"loss": stepped.loss, "cpu_s": time.process_time()}
        assert stepped.gradients is not None
        connection.send("gradients", fields, pack(stepped.gradients, codec, "down"))
        part.update()


def main(arguments: Sequence[str]) -> None:
    """Serve one device."""
    cut, seed = (int(each) for each in arguments)
    torch.set_num_threads(1)
    keep_freed()
    part = ServerPart(network(CLASSES, seed=seed), cut, Sgd())
    with listen("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)
        listener.setblocking(True)
        sock, _ = listener.accept()
    keep_alive(sock)
    with Connection(sock) as connection:
        serve(connection, part)


if __name__ == "__main__":
    main(sys.argv[1:])
