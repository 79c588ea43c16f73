"""Waiting for one of many open files, and room for those of many programs."""

from __future__ import annotations

import fcntl
import os
import resource
import time
from collections.abc import Iterator

import pytest

from benchharness.trial.descriptors import make_room, readable


@pytest.fixture
def limit() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_descriptor_beyond_a_thousand_can_be_waited_for(limit: tuple[int, int]) -> None:
    make_room(200)
    reading, writing = os.pipe()
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, 1500)
    start = time.monotonic()
    assert not readable(high, 0.05)
    assert time.monotonic() - start >= 0.04
    os.write(writing, b"x")
    assert readable(high, 5.0)
    os.read(high, 1)
    os.close(writing)
    assert readable(high, 5.0)  # the end, too
    os.close(high)
    os.close(reading)


def test_room_is_made_where_it_is_needed_and_only_there(limit: tuple[int, int]) -> None:
    _, hard = limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    make_room(9)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1024, hard)
    make_room(120)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1456, hard)
    make_room(10**9)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] == hard
