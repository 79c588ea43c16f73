"""A mean of trials whose uncertainty is partly the instrument's: both parts, and together.

The instrument adds to each trial something of its own (u_i: edges, sampling), which is in the
spread between the trials already, and something that all trials share (rounding in one direction,
gain), which no repetition shows. The spread is taken as it is found, the shared part is added, and
the degrees of freedom are Welch and Satterthwaite's with the shared part known (GUM, JCGM 100:2008,
5.1.2, G.4). Adding u_i as well would count it twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.interval import LEVEL, mean_interval
from benchharness.stats.sample import effective_nu
from benchharness.stats.student import t_factor


@dataclass(frozen=True, slots=True)
class Combined:
    """Standard uncertainties of ``mean`` in its unit; ``nu`` degrees of freedom of all together.

    ``spread_u`` is sd/√n, None for one trial; ``random_u`` what of it the instrument explains;
    ``shared_u`` what all trials share. Without a spread there is no interval.
    """

    n: int
    mean: float
    spread_u: float | None
    random_u: float
    shared_u: float
    nu: float | None
    low: float | None
    high: float | None

    @property
    def between_u(self) -> float | None:
        """Return what the trials differ by beyond the instrument; 0 where that explains it all."""
        if self.spread_u is None:
            return None
        return math.sqrt(max(0.0, self.spread_u**2 - self.random_u**2))

    @property
    def instrument_u(self) -> float:
        """Return the instrument's own part, random and shared."""
        return math.hypot(self.random_u, self.shared_u)

    @property
    def combined_u(self) -> float:
        """Return the spread and the shared part together; of one trial, the instrument's alone."""
        if self.spread_u is None:
            return self.instrument_u
        return math.hypot(self.spread_u, self.shared_u)

    @property
    def instrument_is_pessimistic(self) -> bool:
        """Say whether the trials differ by less than half of what the instrument claims to add."""
        return self.spread_u is not None and self.spread_u < 0.5 * self.random_u


def combined(
    values: Sequence[float],
    instrument_u: Sequence[float],
    shared_u: float = 0.0,
    level: float = LEVEL,
) -> Combined | None:
    """Return the mean of trials with both uncertainties, None without a trial.

    ``instrument_u`` are standard uncertainties, one for each trial, independent between trials;
    ``shared_u`` is that of all. Raises ValueError where the numbers differ.
    """
    if len(values) != len(instrument_u):
        raise ValueError(f"{len(values)} values with {len(instrument_u)} uncertainties")
    found = mean_interval(values, level)
    if found.mean is None:
        return None
    random_u = math.sqrt(math.fsum(u * u for u in instrument_u)) / found.n
    if found.variance_of_mean is None:
        return Combined(found.n, found.mean, None, random_u, shared_u, None, None, None)
    variance = found.variance_of_mean
    nu = effective_nu([(variance, found.n - 1.0)], shared_u**2)
    half = t_factor(level, nu) * math.sqrt(variance + shared_u**2)
    return Combined(
        n=found.n,
        mean=found.mean,
        spread_u=math.sqrt(variance),
        random_u=random_u,
        shared_u=shared_u,
        nu=nu,
        low=found.mean - half,
        high=found.mean + half,
    )
