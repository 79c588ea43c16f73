"""The exact energy of an emulated load, as a file: what a meter's figure is compared with.

    # benchharness truth 1, class emulated, interpolation hold, source cpu, idle_w 3, full_w 7
    t_ns,power_w,energy_j
    1000000000,3,0
    1050000000,6.2,0.31

``t_ns`` is CLOCK_MONOTONIC, ``energy_j`` the exact integral since the first line. With *hold* the
power of a line held since the line before it; with *linear* it runs from line to line, straight or
along a smooth curve (segments.py), and two lines at one time are a step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.errors import UsageError
from benchharness.meters.emulator.segments import energy_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADER = "t_ns,power_w,energy_j"
_MAGIC = "# benchharness truth 1"


@dataclass(frozen=True, slots=True)
class TruthPoint:
    """The load at one moment: power as the file's interpolation says, and its exact integral."""

    t_ns: int
    power_w: float
    energy_j: float


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth file in memory: arrays of one length, times not decreasing."""

    times_ns: NDArray[np.int64]
    powers_w: NDArray[np.float64]
    energies_j: NDArray[np.float64]
    linear: bool
    comment: str

    @property
    def span_ns(self) -> tuple[int, int]:
        """Return the time of the first and of the last line."""
        return int(self.times_ns[0]), int(self.times_ns[-1])


class TruthWriter:
    """Writes points as they come, and to the disk's cache at least once a second."""

    def __init__(self, path: Path, *, linear: bool, source: str) -> None:
        self._where = str(path)
        try:
            self._file: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=self._where) from None
        kind = "linear" if linear else "hold"
        self._file.write(f"{_MAGIC}, class emulated, interpolation {kind}, {source}\n{HEADER}\n")
        self._linear = linear
        self._last: TruthPoint | None = None
        self._pending: TruthPoint | None = None
        self._flushed_ns = 0

    def write(self, points: Iterable[TruthPoint]) -> None:
        """Append points; an unchanged power is one line a second, which loses nothing."""
        for point in points:
            self._keep(point)
        self._flush_if_due()

    def close(self) -> None:
        """Write what is held back, and close."""
        if not self._file.closed:
            self._write_pending()
            self._file.close()

    def _keep(self, point: TruthPoint) -> None:
        pending = self._pending
        same = (
            pending is not None
            and self._last is not None
            and pending.power_w == point.power_w == self._last.power_w
            # A curve may only come by the same power again.
            and _is_flat(self._last, point)
        )
        if not same:
            self._write_pending()
        self._pending = point

    def _write_pending(self) -> None:
        if self._pending is not None:
            point = self._pending
            self._file.write(f"{point.t_ns},{point.power_w!r},{point.energy_j!r}\n")
            self._last, self._pending = point, None

    def _flush_if_due(self) -> None:
        pending = self._pending
        if pending is not None and pending.t_ns - self._flushed_ns >= NANOSECONDS_PER_SECOND:
            self._flushed_ns = pending.t_ns
            self._write_pending()
            self._file.flush()


def _is_flat(before: TruthPoint, after: TruthPoint) -> bool:
    flat_j = after.power_w * seconds(after.t_ns - before.t_ns)
    return abs(after.energy_j - before.energy_j - flat_j) <= 1e-9 * (1.0 + after.energy_j)


def read_truth(path: Path) -> Truth:
    """Read a truth file; a last line that was cut off is left out.

    Raises UsageError if it is not a truth file or holds no line.
    """
    import numpy as np

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    comment, _, rest = text.partition("\n")
    header, _, body = rest.partition("\n")
    if not comment.startswith(_MAGIC) or header != HEADER:
        raise UsageError("is not a truth file of benchharness", where=str(path))
    rows = [line.split(",") for line in body[: body.rfind("\n") + 1].splitlines()]
    if not rows:
        raise UsageError("holds no line yet", where=str(path), remedy="wait a second")
    try:
        return Truth(
            times_ns=np.array([int(row[0]) for row in rows], dtype=np.int64),
            powers_w=np.array([float(row[1]) for row in rows]),
            energies_j=np.array([float(row[2]) for row in rows]),
            linear="interpolation linear" in comment,
            comment=comment,
        )
    except (ValueError, IndexError):
        raise UsageError("holds a line that is not three numbers", where=str(path)) from None


def truth_energy_j(truth: Truth, start_ns: int, end_ns: int) -> float:
    """Return the exact energy from ``start_ns`` to ``end_ns``, in joules.

    Raises ValueError if the file does not cover that time.
    """
    low_ns, high_ns = truth.span_ns
    if not low_ns <= start_ns <= end_ns <= high_ns:
        raise ValueError(f"the truth covers {low_ns} to {high_ns} ns, not {start_ns} to {end_ns}")
    return _energy_at(truth, end_ns) - _energy_at(truth, start_ns)


def _energy_at(truth: Truth, t_ns: int) -> float:
    """Integrate from the last line at or before ``t_ns``, exactly."""
    import numpy as np

    i = int(np.searchsorted(truth.times_ns, t_ns, side="right")) - 1
    energy_j = float(truth.energies_j[i])
    if truth.times_ns[i] == t_ns or i + 1 == len(truth.times_ns):
        return energy_j
    since_s = (t_ns - int(truth.times_ns[i])) / NANOSECONDS_PER_SECOND
    length_s = (int(truth.times_ns[i + 1]) - int(truth.times_ns[i])) / NANOSECONDS_PER_SECOND
    return energy_j + energy_at(
        since_s,
        length_s,
        float(truth.powers_w[i]),
        float(truth.powers_w[i + 1]),
        float(truth.energies_j[i + 1]) - energy_j,
        linear=truth.linear,
    )
