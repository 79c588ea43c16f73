"""What is known of the process trees while they run: most memory, CPU seconds of all lives."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from benchharness.trial.sampler_frames import Batch

_PREFIX = "tree:"


class Trees:
    """The latest of each participant's tree; ``memory_peak_bytes`` by its name.

    A tree that is watched again counts its CPU seconds from zero where no control group counts on:
    what its earlier lives used is added, so that what is stored never goes back.
    """

    def __init__(self) -> None:
        self.memory_peak_bytes: dict[str, float] = {}
        self._cpu_s: dict[str, float] = {}
        self._cpu_before_s: dict[str, float] = {}

    def take(self, batch: Batch) -> Sequence[array[float]]:
        """Take a batch; return its columns as they are to be stored."""
        if not batch.stream.startswith(_PREFIX):
            return batch.columns
        name = batch.stream.removeprefix(_PREFIX)
        columns = list(batch.columns)
        for place, channel in enumerate(batch.channels):
            if channel.name == "memory_bytes":
                peak = max([self.memory_peak_bytes.get(name, 0.0), *_known(columns[place])])
                if peak > 0.0:
                    self.memory_peak_bytes[name] = peak
            elif channel.name == "cpu_s":
                if before_s := self._cpu_before_s.get(name, 0.0):
                    columns[place] = array("d", (value + before_s for value in columns[place]))
                self._cpu_s[name] = max([self._cpu_s.get(name, 0.0), *_known(columns[place])])
        return columns

    def add_cpu_before(self, name: str, cpu_s: float) -> None:
        """Add to a tree's CPU seconds from now on: what was sampled of it, at the least."""
        self._cpu_before_s[name] = max(cpu_s, self._cpu_s.get(name, 0.0))

    def forget(self) -> None:
        """Forget all of them: they were of a warm-up."""
        self.memory_peak_bytes.clear()
        self._cpu_s.clear()
        self._cpu_before_s.clear()


def _known(column: Sequence[float]) -> list[float]:
    return [value for value in column if not math.isnan(value)]
