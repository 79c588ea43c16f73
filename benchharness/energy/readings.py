"""What a meter said, and the window that counts: the input of every estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds
from benchharness.energy.arrays import diff

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """An interval on CLOCK_MONOTONIC. Raises ValueError if it has no length."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise ValueError(f"a window must end after it starts: {self.start_ns}, {self.end_ns}")

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return seconds(self.end_ns - self.start_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One channel without its missing values: ``t_s`` float64[n] rising, ``value`` float64[n]."""

    t_s: FloatArray
    value: FloatArray

    def __len__(self) -> int:
        return int(self.t_s.size)

    def earlier(self, lag_s: float) -> Samples:
        """Return the samples on the times that they speak of: ``lag_s`` before their stamps."""
        return Samples(self.t_s - lag_s, self.value) if lag_s else self

    def between(self, start_s: float, end_s: float) -> Samples:
        """Return the samples with start <= t <= end."""
        first = int(self.t_s.searchsorted(start_s, side="left"))
        last = int(self.t_s.searchsorted(end_s, side="right"))
        return Samples(self.t_s[first:last], self.value[first:last])

    def before(self, t_s: float, within_s: float) -> tuple[float, float] | None:
        """Return the last sample (t, value) with t <= ``t_s``, if it is recent enough."""
        place = int(self.t_s.searchsorted(t_s, side="right")) - 1
        return self._at(place) if place >= 0 and t_s - self.t_s[place] <= within_s else None

    def after(self, t_s: float, within_s: float) -> tuple[float, float] | None:
        """Return the first sample (t, value) with t >= ``t_s``, if it comes soon enough."""
        place = int(self.t_s.searchsorted(t_s, side="left"))
        if place >= len(self) or self.t_s[place] - t_s > within_s:
            return None
        return self._at(place)

    def _at(self, place: int) -> tuple[float, float]:
        return float(self.t_s[place]), float(self.value[place])


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The readings of one meter in time order; NaN is a missing value, never 0.

    ``t_ns`` int64[n], strictly rising; ``power_w`` and ``energy_j`` (cumulative, arbitrary zero)
    float64[n]. Build one with :meth:`of`, which puts readings in order and counts those that it
    left out because another one has the same time stamp.
    """

    t_ns: TimeArray
    power_w: FloatArray
    energy_j: FloatArray
    not_newer: int = 0

    def __post_init__(self) -> None:
        if not self.t_ns.shape == self.power_w.shape == self.energy_j.shape or self.t_ns.ndim != 1:
            raise ValueError("times, powers and energies must be one-dimensional and of one length")
        if (diff(self.t_ns) <= 0).any():
            raise ValueError("the times of readings must rise; Readings.of puts them in order")

    @classmethod
    def of(
        cls,
        t_ns: npt.ArrayLike,
        power_w: npt.ArrayLike | None = None,
        energy_j: npt.ArrayLike | None = None,
    ) -> Readings:
        """Sort by time; of readings with one time stamp the last one stands.

        Raises ValueError if the arrays differ in length.
        """
        times = np.asarray(t_ns, dtype=np.int64)
        missing = np.full(times.shape, np.nan)
        power = missing if power_w is None else np.asarray(power_w, dtype=np.float64)
        energy = missing if energy_j is None else np.asarray(energy_j, dtype=np.float64)
        if not times.shape == power.shape == energy.shape:
            raise ValueError("times, powers and energies must be of one length")
        if times.size > 1 and (diff(times) <= 0).any():
            order = np.argsort(times, kind="stable")
            times, power, energy = times[order], power[order], energy[order]
            last = np.append(diff(times) > 0, True)
            not_newer = int(np.count_nonzero(~last))
            return cls(times[last], power[last], energy[last], not_newer)
        return cls(times, power, energy)

    def __len__(self) -> int:
        return int(self.t_ns.size)

    def powers(self, zero_ns: int) -> Samples:
        """Return the powers that are there, in seconds since ``zero_ns``."""
        return self._channel(self.power_w, zero_ns)

    def counters(self, zero_ns: int) -> Samples:
        """Return the cumulative energies that are there, in seconds since ``zero_ns``."""
        return self._channel(self.energy_j, zero_ns)

    def times_s(self, zero_ns: int) -> FloatArray:
        """Return the times, float64[n], of the readings that say anything at all."""
        said = np.isfinite(self.power_w) | np.isfinite(self.energy_j)
        return _since(self.t_ns[said], zero_ns)

    def times_since_first_s(self) -> FloatArray:
        """Return the times of all readings, float64[n], in seconds since the first one."""
        return _since(self.t_ns, int(self.t_ns[0])) if len(self) else np.empty(0)

    def _channel(self, values: FloatArray, zero_ns: int) -> Samples:
        there = np.isfinite(values)
        return Samples(_since(self.t_ns[there], zero_ns), values[there])


def _since(t_ns: TimeArray, zero_ns: int) -> FloatArray:
    # The difference is taken in integers: a float64 of absolute nanoseconds loses microseconds
    # after some months of uptime.
    return (t_ns - zero_ns) / float(NANOSECONDS_PER_SECOND)
