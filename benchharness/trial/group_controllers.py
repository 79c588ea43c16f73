"""Handing controllers down a version 2 tree: a group has a quota only where its parent says so.

A group that hands controllers down holds no process itself (the root of the machine excepted),
so those of our own place move into a leaf meanwhile: in a delegated scope that is us alone.

Source: Linux kernel documentation, admin-guide/cgroup-v2, "No Internal Process Constraint".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchharness.probes.files import read_text, write_text
from benchharness.trial.cgroups import remove_group

_CONTROL = "cgroup.subtree_control"


class HandedDown:
    """The controllers of one folder, handed to the groups below it until :meth:`undo`."""

    def __init__(self, folder: Path, leaf_name: str) -> None:
        self._folder = folder
        self._leaf = folder / leaf_name
        self._added: list[str] = []
        self._moved = False

    def add(self, controllers: Iterable[str]) -> frozenset[str]:
        """Hand down what can be; return those that the groups below have now.

        Those that the folder does not have itself are left out.
        """
        there = set(read_text(str(self._folder / "cgroup.controllers")).split())
        for name in sorted(there & set(controllers)):
            if name in self._down():
                continue
            if self._say(f"+{name}") or (self._make_room() and self._say(f"+{name}")):
                self._added.append(name)
        return frozenset(self._down())

    def undo(self) -> None:
        """Take back what was added, and let the processes back in."""
        for name in self._added:
            self._say(f"-{name}")
        self._added.clear()
        if self._moved:
            self._move(self._leaf, self._folder)
            remove_group(self._leaf)
            self._moved = False

    def _down(self) -> set[str]:
        return set(read_text(str(self._folder / _CONTROL)).split())

    def _say(self, text: str) -> bool:
        return write_text(str(self._folder / _CONTROL), text)

    def _make_room(self) -> bool:
        """Move the folder's processes into a leaf; return whether that has changed anything."""
        if self._moved or not read_text(str(self._folder / "cgroup.procs")).split():
            return False
        try:
            self._leaf.mkdir()
        except OSError:
            return False
        self._move(self._folder, self._leaf)
        self._moved = True
        return True

    def _move(self, source: Path, target: Path) -> None:
        """Move every process, and those that these start meanwhile; kernel threads stay."""
        for _ in range(10):
            pids = read_text(str(source / "cgroup.procs")).split()
            moved = [write_text(str(target / "cgroup.procs"), pid) for pid in pids]
            if not any(moved):
                return
