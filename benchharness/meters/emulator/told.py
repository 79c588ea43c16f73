"""What is written of an emulated device: its exact energy, and the faults that were done."""

from __future__ import annotations

from pathlib import Path

from benchharness.meters.emulator.faults import FaultLog, FaultWriter, faults_path
from benchharness.meters.emulator.load import Load
from benchharness.meters.emulator.metering import Record, forget
from benchharness.meters.emulator.truth import TruthPoint, TruthWriter


class Told:
    """What is written of one device: its true load, and the faults that were done."""

    def __init__(self, path: Path | None) -> None:
        self.log = FaultLog()
        self._path = path
        self._truth: TruthWriter | None = None
        self._faults: FaultWriter | None = None

    def open(self, load: Load, *, with_faults: bool) -> None:
        """Begin the files, if there is a path. Raises UsageError."""
        if self._path is None:
            return
        self._truth = TruthWriter(self._path, linear=load.linear, source=load.source)
        if with_faults:
            self._faults = FaultWriter(faults_path(self._path), self.log)

    @property
    def record(self) -> Record:
        """Return what takes the points of the true load."""
        return forget if self._path is None else self._record

    def write_faults(self) -> None:
        """Write the faults that were done since the last call."""
        if self._faults is not None:
            self._faults.write()

    def close(self) -> None:
        """Write what is held back, and close."""
        if self._truth is not None:
            self._truth.close()
        if self._faults is not None:
            self._faults.close()

    def _record(self, points: list[TruthPoint]) -> None:
        if self._truth is not None:
            self._truth.write(points)
