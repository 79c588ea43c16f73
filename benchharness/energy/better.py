"""What would make a comparison cheaper, or possible: other settings of the same instrument."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchharness.energy.design import Question, Row, best, rows
from benchharness.energy.forecast import Demand, forecast
from benchharness.model import Capabilities

_FINE_POWERS_W = {0.1: "WattRes 1", 0.01: "WattRes 2"}
_FINE_ENERGY_J = 36.0
_FAST_S = 1.0
_CALIBRATED_U_S = 0.3  # a plug that works its figures out once a second: 1 s/√12 for each reading
_LONG_IDLE_S = 60.0
TOGETHER = "all of these together"
_WORTH = 0.8  # of the time that it takes now


@dataclass(frozen=True, slots=True)
class Better:
    """A change, and the best row with it."""

    change: str
    row: Row


@dataclass(frozen=True, slots=True)
class Setup:
    """An instrument, what it will see, how long it rests, whether it answers when asked."""

    can: Capabilities
    demand: Demand
    idle_s: float
    asked: bool = True

    def rows(self, question: Question, windows_s: tuple[float, ...]) -> list[Row]:
        """Return what each window needs with this setup."""
        return rows(
            question,
            lambda window_s: forecast(
                self.can, self.demand, window_s, self.idle_s, asked=self.asked
            ),
            self.idle_s,
            windows_s,
        )


def improvements(
    question: Question, setup: Setup, windows_s: tuple[float, ...], now: Row | None
) -> list[Better]:
    """Return the changes that save a fifth of the time or more, the most first.

    Where nothing can be told now (``now`` None), those that make it possible.
    """
    found: list[Better] = []
    for change, other in _changes(setup):
        row = best(other.rows(question, windows_s))
        if row is None or row.total_s is None:
            continue
        rivals = [now] if change != TOGETHER else [now, *(better.row for better in found)]
        if all(r is None or r.total_s is None or row.total_s <= _WORTH * r.total_s for r in rivals):
            found.append(Better(change, row))
    return sorted(found, key=lambda better: better.row.total_s or 0.0)


def _changes(setup: Setup) -> list[tuple[str, Setup]]:
    can, found = setup.can, []
    for step_w, setting in _FINE_POWERS_W.items():
        if can.has_power and (can.power_resolution_w or 0.0) > 1.5 * step_w:
            fine = replace(can, power_resolution_w=step_w)
            change = f"power in steps of {step_w:g} W (Tasmota: {setting})"
            found.append((change, replace(setup, can=fine)))
    if can.has_counter and (can.energy_resolution_j or 0.0) > 1.5 * _FINE_ENERGY_J:
        fine = replace(can, energy_resolution_j=_FINE_ENERGY_J)
        found.append(
            ("a counter in steps of 36 J (Tasmota: EnergyRes 5)", replace(setup, can=fine))
        )
    if (can.period_s or 0.0) > 1.5 * _FAST_S:
        fast = replace(can, period_s=_FAST_S)
        found.append(("a reading each second (poll_s = 1)", replace(setup, can=fast)))
    if can.latency_s is None and (can.latency_bound_s or 0.0) > 0.1:
        bound_s = can.latency_bound_s or 0.0
        known = replace(can, latency_s=0.5 * bound_s, latency_u_s=min(_CALIBRATED_U_S, bound_s))
        change = "a calibrated latency (benchharness meters check NAME --pulse --save)"
        found.append((change, replace(setup, can=known)))
    if setup.demand.idle_w is not None and setup.idle_s < _LONG_IDLE_S:
        found.append(
            (
                f"a longer rest around each trial (benchharness run --idle {_LONG_IDLE_S:g})",
                replace(setup, idle_s=_LONG_IDLE_S),
            )
        )
    if len(found) > 1:
        found.append((TOGETHER, _together(setup, [other for _, other in found])))
    return found


def _together(setup: Setup, others: list[Setup]) -> Setup:
    """Return the setup with every field that any of the others has changed, the last one's."""
    can = setup.can
    for other in others:
        changed = {
            name: getattr(other.can, name)
            for name in Capabilities.__slots__
            if getattr(other.can, name) != getattr(setup.can, name)
        }
        can = replace(can, **changed)
    return replace(setup, can=can, idle_s=max(other.idle_s for other in others))
