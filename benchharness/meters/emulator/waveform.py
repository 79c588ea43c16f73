"""Power over time with an exact integral: what every curve offers, and one made of points.

shapes.py makes curves from formulas.
"""

from __future__ import annotations

import bisect
import csv
import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

from benchharness.errors import UsageError

INTERPOLATIONS = ("hold", "linear")
COLUMNS = ("t_s", "power_w")


class Break(NamedTuple):
    """A time at which a curve changes its shape, and the power just before and just after it."""

    t_s: float
    before_w: float
    after_w: float


class Curve(Protocol):
    """Power over time. Between two breaks it is held, or smooth where ``linear`` says so."""

    @property
    def linear(self) -> bool:
        """Return whether power runs from point to point, instead of being held between them."""
        ...

    def power_w(self, t_s: float) -> float:
        """Return the power at ``t_s``; at a step, the power after it."""
        ...

    def energy_j(self, t_s: float) -> float:
        """Return the exact energy from 0 to ``t_s`` (not negative)."""
        ...

    def breaks(self, after_s: float, until_s: float) -> list[Break]:
        """Return the breaks in (after_s, until_s], in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Waveform:
    """Power at given times, seconds from the start; before and after, the first and last value.

    Where it is linear, a time that stands twice is a step.
    """

    times_s: tuple[float, ...]
    powers_w: tuple[float, ...]
    linear: bool = False
    _energies_j: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.times_s or len(self.times_s) != len(self.powers_w):
            raise ValueError("a waveform needs as many powers as times, and at least one")
        rises = all(a < b or (self.linear and a == b) for a, b in pairwise(self.times_s))
        if not rises or self.times_s[0] < 0:
            raise ValueError("the times of a waveform start at 0 or later and increase")
        if any(not math.isfinite(p) or p < 0 for p in self.powers_w):
            raise ValueError("the powers of a waveform are finite and not negative")
        parts = [self._part_j(i, self.times_s[i + 1]) for i in range(len(self.times_s) - 1)]
        object.__setattr__(self, "_energies_j", tuple(accumulate(parts, initial=0.0)))

    def power_w(self, t_s: float) -> float:
        """Return the power at ``t_s``; at a step, the power after it."""
        i = bisect.bisect_right(self.times_s, t_s) - 1
        if i < 0:
            return self.powers_w[0]
        if not self.linear or i == len(self.times_s) - 1:
            return self.powers_w[i]
        return self._line_w(i, t_s)

    def energy_j(self, t_s: float) -> float:
        """Return the exact energy from 0 to ``t_s`` (not negative)."""
        first_j = self.powers_w[0] * min(t_s, self.times_s[0])
        i = bisect.bisect_right(self.times_s, t_s) - 1
        return first_j if i < 0 else first_j + self._energies_j[i] + self._part_j(i, t_s)

    def breaks(self, after_s: float, until_s: float) -> list[Break]:
        """Return the breaks in (after_s, until_s], in their order."""
        times, found = self.times_s, []
        i = bisect.bisect_right(times, after_s)
        end = bisect.bisect_right(times, until_s)
        while i < end:
            last = bisect.bisect_right(times, times[i]) - 1
            before_w = self.powers_w[i] if self.linear else self.powers_w[max(0, i - 1)]
            found.append(Break(times[i], before_w, self.powers_w[last]))
            i = last + 1
        return found

    def breaks_s(self, after_s: float, until_s: float) -> list[float]:
        """Return the times of breaks()."""
        return [found.t_s for found in self.breaks(after_s, until_s)]

    def _line_w(self, i: int, t_s: float) -> float:
        t0, t1 = self.times_s[i], self.times_s[i + 1]
        p0, p1 = self.powers_w[i], self.powers_w[i + 1]
        if t0 == t1:
            return p1
        return p0 + (p1 - p0) * (t_s - t0) / (t1 - t0)

    def _part_j(self, i: int, t_s: float) -> float:
        length_s = t_s - self.times_s[i]
        if not self.linear or i == len(self.times_s) - 1:
            return self.powers_w[i] * length_s
        return 0.5 * (self.powers_w[i] + self._line_w(i, t_s)) * length_s


def read_waveform(path: Path, interpolation: str = "hold") -> Waveform:
    """Read a CSV file with the columns t_s and power_w; lines that start with # are comments.

    Raises UsageError with file and line.
    """
    where = str(path)
    times: list[float] = []
    powers: list[float] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, line in enumerate(file, start=1):
                row = [cell.strip() for cell in next(csv.reader([line]), [])]
                if not any(row) or row[0].startswith("#") or tuple(row) == COLUMNS:
                    continue
                try:
                    t_s, power_w = (float(cell) for cell in row)
                except ValueError:
                    raise UsageError(
                        "expected two numbers, t_s,power_w", where=f"{where}:{number}"
                    ) from None
                times.append(t_s)
                powers.append(power_w)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8 text", where=where) from None
    try:
        return Waveform(tuple(times), tuple(powers), interpolation == "linear")
    except ValueError as error:
        raise UsageError(str(error), where=where) from None
