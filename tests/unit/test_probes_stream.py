from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchharness.probes import wire
from benchharness.probes.outbox import LIMIT_BYTES, Outbox
from benchharness.probes.probe import GONE, Probe, read_files
from benchharness.probes.stream import RENEW_NS, Group, Stream


class FileNumber(Probe):
    """The number in each of some files."""

    def __init__(self, *paths: Path) -> None:
        self.files = [(os.open(path, os.O_RDONLY), 16) for path in paths]
        self.channels = tuple((path.name, "1") for path in paths)
        self.meta = {path.name: "a file" for path in paths}

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        return [math.nan if text == GONE else float(text) for text in raw]


class Growing(FileNumber):
    """Reads one more file after each look around, and gives their sum."""

    restless = True

    def __init__(self, *paths: Path) -> None:
        super().__init__(paths[0])
        self._more = list(paths[1:])
        self.channels = (("sum", "1"),)

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        return [sum(super().parse(raw))]

    def renew(self, now_ns: int) -> bool:
        if not self._more:
            return False
        self.files = [*self.files, (os.open(self._more.pop(0), os.O_RDONLY), 16)]
        return True


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in "abc"]
    for number, path in enumerate(paths):
        path.write_text(str(10**number))
    return paths


def batch(stream: Stream) -> tuple[list[int], list[list[float]]]:
    [(kind, payload)] = wire.take_frames(bytearray(stream.take()))
    assert kind == wire.BATCH
    number, times_ns, columns = wire.split_batch(payload)
    assert number == stream.number
    return list(times_ns), [list(column) for column in columns]


def test_streams_read_together_keep_their_own_values(files: list[Path]) -> None:
    first = Stream(1, "first", [FileNumber(files[0]), FileNumber(files[1], files[2])])
    second = Stream(2, "second", [FileNumber(files[2])])
    group = Group()
    group.add(first, 0)
    group.capture(5)
    group.add(second, 6)
    files[0].write_text("2")
    group.capture(7)
    assert first.rows() == 1  # the second tick is not parsed before the digest
    group.digest(8)
    assert batch(first) == ([5, 7], [[1, 2], [10, 10], [100, 100]])
    assert batch(second) == ([7], [[100]])
    assert first.take() == b""
    group.capture(9)
    group.remove(first, 10)
    assert batch(first) == ([9], [[2], [10], [100]])
    group.capture(11)
    group.digest(12)
    assert batch(second) == ([9, 11], [[100, 100]])
    first.close()
    second.close()


def test_a_restless_probe_looks_around_now_and_then(files: list[Path]) -> None:
    growing = Stream(1, "growing", [Growing(*files)])
    beside = Stream(2, "beside", [FileNumber(files[0])])
    group = Group()
    group.add(growing, 0)
    group.add(beside, 0)  # the first look
    now_ns = 1
    for _ in range(4):
        group.capture(now_ns)
        group.digest(now_ns)
        group.capture(now_ns + 1)
        group.digest(now_ns + 1)  # too early to look again
        now_ns += RENEW_NS
    assert batch(growing)[1] == [[11, 11, 11, 111, 111, 111, 111, 111]]
    assert batch(beside)[1] == [[1] * 8]
    growing.close()
    beside.close()


def test_an_announcement_names_channels_units_and_methods(files: list[Path]) -> None:
    stream = Stream(7, "tree:main", [FileNumber(files[0]), FileNumber(files[1])])
    [(kind, payload)] = wire.take_frames(bytearray(stream.announcement()))
    assert kind == wire.STREAM
    assert json.loads(payload) == {
        "number": 7,
        "name": "tree:main",
        "channels": [["a", "1"], ["b", "1"]],
        "meta": {"a": "a file", "b": "a file"},
    }
    stream.close()


def test_a_file_that_cannot_be_read_leaves_the_others(files: list[Path]) -> None:
    descriptors = [os.open(path, os.O_RDONLY) for path in files]
    os.close(descriptors[1])
    assert read_files([(d, 16) for d in descriptors]) == [b"1", GONE, b"100"]
    os.close(descriptors[0])
    os.close(descriptors[2])


def test_a_full_pipe_makes_nobody_wait_and_loses_nothing() -> None:
    reader, writer = os.pipe()
    outbox = Outbox(writer)
    data = os.urandom(300_000)
    outbox.put(data)
    outbox.put(b"end")
    assert outbox
    arrived = b""
    while outbox:
        arrived += os.read(reader, 1 << 16)
        outbox.push()
    arrived += os.read(reader, 1 << 16)
    assert arrived == data + b"end"
    assert not outbox.is_full()
    outbox.put(b"x" * (LIMIT_BYTES + (1 << 20)))
    assert outbox.is_full()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        outbox.push()
    os.close(writer)
