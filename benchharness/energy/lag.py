"""How late readings are: they show what was, by a mean delay that is known to some uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.model import Capabilities


@dataclass(frozen=True, slots=True)
class Lag:
    """A delay of ``mean_s``, known to the standard uncertainty ``u_s``.

    A delay is never negative, so that single readings lie within ``mean_s`` of the mean: what a
    reading shows lies between its stamp and ``reach_s`` before it.
    """

    mean_s: float
    u_s: float

    @property
    def reach_s(self) -> float:
        """Return how long after a change readings may still show what was before."""
        return 2.0 * self.mean_s

    @property
    def single_u_s(self) -> float:
        """Return the standard uncertainty of one reading's delay."""
        return max(self.u_s, self.mean_s / math.sqrt(3.0))


def instrument_lag(capabilities: Capabilities) -> Lag:
    """Return the delay of an instrument's figures: as calibrated, else from its bound.

    Between 0 and a bound L any delay is as likely as any other: its expectation is L/2, its
    standard uncertainty L/√12 (GUM 4.3.7).
    """
    if capabilities.latency_s is not None:
        mean_s = max(0.0, capabilities.latency_s)
        u_s = capabilities.latency_u_s
        return Lag(mean_s, mean_s / math.sqrt(3.0) if u_s is None else u_s)
    bound_s = capabilities.latency_bound_s or 0.0
    return Lag(0.5 * bound_s, bound_s / math.sqrt(12.0))


def power_lag(capabilities: Capabilities, level_w: float) -> Lag:
    """Return the delay of powers around ``level_w``.

    A pulse chip's power is the mean over the time between its last two pulses, τ = pulse_j / P,
    and the last of them was τ/2 ago on average: its middle lies τ back, ±τ/2. Below one pulse in
    ten seconds there is no figure at all.
    """
    lag = instrument_lag(capabilities)
    if not capabilities.pulse_j or level_w <= 0.0:
        return lag
    pulse_s = min(10.0, capabilities.pulse_j / level_w)
    return Lag(lag.mean_s + pulse_s, math.hypot(lag.u_s, pulse_s / math.sqrt(12.0)))
