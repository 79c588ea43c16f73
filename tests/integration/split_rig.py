"""A split training in one process, over real sockets: the server here, each device in a thread."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchharness.split import protocol
from benchharness.split.config import SplitConfig
from benchharness.split.device import Device
from benchharness.split.reception import Reception
from benchharness.split.rounds import Rounds
from benchharness.split.secure import server_context
from benchharness.split.server_work import ServerWork
from benchharness.wire import meeting
from benchharness.wire.connection import Connection

SMALL: dict[str, Any] = {
    "data": "synthetic:10",
    "examples": 48,
    "test_examples": 16,
    "batch": 4,
    "iterations": 2,
    "rounds": 2,
    "timeout_s": 20.0,
    "start_timeout_s": 20.0,
}


class Rig:
    """The server of a small training; ``run`` returns when its rounds are over."""

    def __init__(self, shared: Path, patch: pytest.MonkeyPatch, **options: Any) -> None:
        self.config = SplitConfig(**{**SMALL, **options})
        self.shared, self.said = shared, list[str]()
        self._events = shared / "events"
        patch.setenv("BENCHHARNESS_EVENTS", str(self._events))
        torch.set_num_threads(1)  # all programs are in this process
        self.work = ServerWork(self.config)
        self.limit_bytes = protocol.largest_frame_bytes(self.work.layers)
        self.reception = Reception(
            self.config.devices,
            self.config.digest(),
            limit_bytes=self.limit_bytes,
            port=meeting.earlier_port(shared / meeting.PORT_FILE),
            context=server_context(shared, "127.0.0.1") if self.config.tls else None,
            say=self.said.append,
        )
        meeting.write_port(shared / meeting.PORT_FILE, self.reception.port)
        self._threads: list[threading.Thread] = []

    def behind(self, act: Callable[[], object]) -> None:
        self._threads.append(threading.Thread(target=act, daemon=True))
        self._threads[-1].start()

    def device(self, index: int) -> None:
        """Let a real device take part in a thread."""
        device = Device(self.config, index, self.shared)
        self.behind(lambda: meeting.keep_calling(device.visit, 5.0))

    def gather_between_rounds(self) -> None:
        """Let each round begin with all devices, those that were dropped in the one before too."""
        test = self.work.test

        def tested() -> dict[str, float]:
            self.reception.gather(10.0)
            return test()

        self.work.test = tested  # type: ignore[method-assign]

    def die_in_round(self, number: int) -> None:
        """Train until the test of a round, and then be gone without a word."""
        test, tests = self.work.test, list[int]()

        def tested() -> dict[str, float]:
            tests.append(1)
            if len(tests) > number:
                raise KeyboardInterrupt
            return test()

        self.work.test = tested  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            self._rounds().run()
        self.reception.close(None)

    def go_on(self, earlier: Rig) -> None:
        """Be the server that is started again after ``earlier``, whose devices call again."""
        self._threads = earlier._threads
        self.run()

    def _rounds(self) -> Rounds:
        return Rounds(self.config, self.work, self.reception, self.shared / "state")

    def run(self) -> None:
        try:
            self._rounds().run()
        finally:
            self.reception.close("over")
            meeting.say_over(self.shared / meeting.PORT_FILE, "over")
            for thread in self._threads:
                thread.join(10.0)
                assert not thread.is_alive()

    def connect(self) -> Connection:
        return Connection(socket.create_connection(("127.0.0.1", self.reception.port), timeout=5))

    def hello(self, index: int) -> dict[str, object]:
        return protocol.hello(index, "elsewhere", self.limit_bytes, self.config.digest())

    def events(self, kind: str, **wanted: object) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self._events.read_text().splitlines()]
        return [
            event
            for event in found
            if event["event"] == kind and all(event.get(k) == v for k, v in wanted.items())
        ]

    def metrics(self, name: str, participant: str | None = None) -> list[float]:
        """Return a metric by round."""
        found = self.events("metric", name=name)
        return [e["value"] for e in found if e.get("participant") == participant]

    def left_out(self) -> list[tuple[int, str, str]]:
        return [(e["step"], e["participant"], e["text"]) for e in self.events("left_out")]

    def output(self, name: str) -> Any:
        (event,) = self.events("output", name=name)
        return event["value"]
