"""Net energy: what the window used above idle."""

from __future__ import annotations

import math

from benchharness.energy.budget import (
    CLOCK,
    GAIN,
    IDLE_DRIFT,
    IDLE_PREFIX,
    TRUNCATION,
    Budget,
    Term,
    bound,
)
from benchharness.energy.idle import IdlePower
from benchharness.energy.observed import Candidate
from benchharness.energy.terms import CLOCK_BOUND_S
from benchharness.model import Quantity
from benchharness.units import format_pm, format_si


def net_energy(
    gross: Candidate, idle: IdlePower, duration_s: float, gain_bound: float
) -> tuple[float, Budget]:
    """Return E_net = E - P_idle T in joules and its budget.

    u²(E_net) = u²(E) + T² u²(P_idle) + P_idle² u²(T). The gain error multiplies E and P_idle
    alike, so it is applied once, to their difference (GUM 5.2.4: correlated inputs). So does what
    firmware cuts from every power: it cancels where both come from powers.
    """
    energy_j = gross.energy_j - idle.power_w * duration_s
    clock_idle_j = bound(CLOCK, math.sqrt(2.0) * CLOCK_BOUND_S * idle.power_w).u
    cut_j = gross.budget.of_name(TRUNCATION) - duration_s * idle.budget.of_name(TRUNCATION)
    terms = [
        *gross.budget.without(GAIN, CLOCK, TRUNCATION).terms,
        Term(TRUNCATION, abs(cut_j)),
        Term(CLOCK, math.hypot(gross.budget.of_name(CLOCK), clock_idle_j)),
        bound(GAIN, gain_bound * energy_j),
    ]
    for term in idle.budget.without(TRUNCATION).terms:
        prefix = "" if term.name == IDLE_DRIFT else IDLE_PREFIX
        terms.append(term.scaled(duration_s, prefix))
    return energy_j, Budget.of(terms)


def no_reading_at_rest(meter: str) -> str:
    """Return why there is no net energy where rest was not seen."""
    return f"meter {meter} gave no reading at rest, so net energy is not known"


def below_zero(net: Quantity, idle: IdlePower, meter: str) -> str | None:
    """Return why a net energy cannot be, if it is below zero by more than its uncertainty.

    No program gives energy back: rest was dearer than the work, and is no reference for it.
    """
    if net.expanded_u is None or net.value + net.expanded_u >= 0.0:
        return None
    return (
        f"net energy would be {format_pm(net.value, net.expanded_u)} J, clearly below zero: rest "
        f"at {format_si(idle.power_w, 'W')} was dearer than the window by meter {meter}, and is no "
        "reference"
    )
