"""What is known to have caused something: a share of activity, and its exact integral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """A share between 0 and 1 over time, kept as its integral at moments: exact for on and off.

    ``t_s`` float64[n] rising, ``active_s`` float64[n] the seconds of activity until then; the
    share is constant between two moments, and before the first and after the last it is 0.
    """

    t_s: FloatArray
    active_s: FloatArray

    @classmethod
    def of_runs(cls, runs_s: Sequence[tuple[float, float]]) -> Activity:
        """Return the mean of on/off patterns that are all in ``runs_s`` as (on, off) in seconds.

        Runs may overlap (several cores): the share is scaled so that the most at once is 1.
        Raises ValueError if there is none, or if one ends before it starts.
        """
        if not runs_s:
            raise ValueError("no run of activity")
        if any(off_s < on_s for on_s, off_s in runs_s):
            raise ValueError("a run of activity must end after it starts")
        changes = sorted([(on, 1) for on, _ in runs_s] + [(off, -1) for _, off in runs_s])
        t = np.array([t_s for t_s, _ in changes])
        level = np.cumsum([sign for _, sign in changes]).astype(np.float64)
        active = np.concatenate([[0.0], np.cumsum(level[:-1] * np.diff(t))])
        return cls(t, active / level.max())

    def backwards(self) -> Activity:
        """Return the same activity run backwards: alike in everything but in what it explains."""
        t = self.t_s[0] + self.t_s[-1] - self.t_s[::-1]
        return Activity(t, self.active_s[-1] - self.active_s[::-1])

    def mean(self, start_s: FloatArray, end_s: FloatArray) -> FloatArray:
        """Return the mean share over each [start, end], shapes alike, end > start."""
        total = np.interp(end_s, self.t_s, self.active_s)
        total = total - np.interp(start_s, self.t_s, self.active_s)
        result: FloatArray = total / (end_s - start_s)
        return result
