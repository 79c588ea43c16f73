"""Waits for programs: drains what they write, and wakes when one has ended."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterable

from benchharness.trial.launch import Child
from benchharness.trial.running import Running


class Pipes:
    """Waits for programs: drains what they write, and wakes when one has ended."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, items: Iterable[Running]) -> None:
        """Wait for these programs too."""
        for item in items:
            child = item.child
            self._selector.register(child.waker, selectors.EVENT_READ, None)
            for capture in (child.stdout, child.stderr):
                self._selector.register(capture.descriptor, selectors.EVENT_READ, capture)

    def remove(self, child: Child) -> None:
        """Wait for a program no more; it has ended, and its pipes are going to be closed."""
        watched = [child.waker, child.stdout.descriptor, child.stderr.descriptor]
        for descriptor in watched:
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)

    def wait(self, timeout_s: float) -> None:
        """Return when something has happened, or at the time limit."""
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                self._selector.unregister(key.fd)  # this program has ended; the caller sees it
                os.read(key.fd, 1)
            elif not key.data.drain():
                self._selector.unregister(key.fd)

    def close(self) -> None:
        """Stop waiting; may be called twice."""
        self._selector.close()
