"""Settings for all tests, and how they share the machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests leave nothing in the user's cache folder; those of the cache itself set it anew.
os.environ["BENCHHARNESS_CACHE"] = "off"

# The machines that run this are shared: how long an example takes says nothing about the code.
settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("shared-machine"), max_examples=20)
settings.load_profile("shared-machine")


def is_alone(item: pytest.Item) -> bool:
    """Return whether a test needs the machine for itself."""
    return item.get_closest_marker("alone") is not None


class Machine:
    """The machine as the workers of pytest-xdist share it: among many tests, or for one alone.

    Locks on two files that every worker finds, and that are only opened for it; a lock ends with
    the process that holds it.
    """

    def __init__(self) -> None:
        here = Path(__file__)
        self._queue, self._room = (
            os.open(file, os.O_RDWR | os.O_CLOEXEC)
            for file in (here.with_name("__init__.py"), here)
        )
        self._mine = False

    def enter(self, *, alone: bool) -> None:
        """Wait for a place; at once if the machine is still ours from the test before."""
        if not self._mine:
            # Who waits for the room keeps the queue: nobody overtakes a test that must be alone.
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        self._mine = alone

    def leave(self, *, keep: bool) -> None:
        """Let the others in, unless the next test is to be alone as well."""
        self._mine = self._mine and keep
        if not self._mine:
            fcntl.flock(self._room, fcntl.LOCK_UN)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those tests last that are to be alone: one wait for the others is then enough.

    Their node ids end with ``@alone`` where pytest-xdist runs with ``--dist loadgroup``.
    """
    items.sort(key=is_alone)
    for item in items:
        if is_alone(item):
            item.add_marker(pytest.mark.xdist_group("alone"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give a file's tests to one worker, and all those that are to be alone to one as well."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "alone" if nodeid.endswith("@alone") else nodeid.partition("::")[0]

    return Scheduling(config, log)


MACHINE = pytest.StashKey[Machine]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist; by itself pytest needs no turns
        config.stash[MACHINE] = Machine()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Run a test when it is its turn, with its fixtures."""
    machine = item.config.stash.get(MACHINE, None)
    if machine is None:
        return (yield)
    machine.enter(alone=is_alone(item))
    try:
        return (yield)
    finally:
        machine.leave(keep=nextitem is not None and is_alone(nextitem))
