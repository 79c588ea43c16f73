"""The joules of one window divided among its phases, each with its uncertainty; they sum up.

phase_intervals.py   the phases as intervals that do not overlap
phase_readings.py    what a phase used, from the readings that see it alone
phase_cpu_seconds.py its CPU seconds: as it tells them itself, and from samples
phase_cpu.py         what it used, from its CPU use
phase_reconcile.py   parts that sum to the whole

The rule: a phase that enough readings see alone is told by them; the others by CPU use. Where that
cannot be (a device without probes), and they are little of the window, their power lies between
those of the phases that are known. Phases of milliseconds beside phases of minutes need both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.energy.budget import GAIN, Budget, Term
from benchharness.energy.gate import gate
from benchharness.energy.phase_cpu import parts_by_cpu
from benchharness.energy.phase_intervals import Intervals
from benchharness.energy.phase_parts import NoPart, Part, parts_within
from benchharness.energy.phase_readings import parts_by_readings
from benchharness.energy.phase_reconcile import reconciled
from benchharness.energy.readings import Readings, Samples
from benchharness.energy.systematic import gross_terms_j
from benchharness.model import Capabilities, EnergyFigure, Quantity

_NO_TOTAL = "the energy of the device is not known"


@dataclass(frozen=True, slots=True)
class PhaseEnergy:
    """The joules of one phase and how they were told, or why there are none."""

    name: str
    energy_j: Quantity | None
    method: str | None
    missing: str | None


def phase_energies(
    figure: EnergyFigure | None,
    readings: Readings,
    capabilities: Capabilities,
    intervals: Intervals,
    cpu: Samples | None,
) -> list[PhaseEnergy]:
    """Divide a figure's gross energy among the phases of its window, in their order.

    ``readings`` are the raw ones of the figure's meter; ``cpu`` the cumulative CPU seconds on the
    device, at seconds since the window's start, None where they are not known.
    """
    if figure is None:
        return [PhaseEnergy(name, None, None, _NO_TOTAL) for name in intervals.names]
    total_j = figure.gross_j.value
    terms_j = gross_terms_j(figure)
    gain = terms_j.get(GAIN, 0.0) / abs(total_j) if total_j else 0.0
    own_u_j = math.hypot(*(u for name, u in terms_j.items() if name != GAIN))
    powers = gate(readings, capabilities).readings.powers(int(intervals.edges_ns[0]))
    seen = parts_by_readings(powers, capabilities, intervals)
    by_cpu = parts_by_cpu(total_j, own_u_j, *_idle(figure, gain), cpu, intervals)
    chosen = _chosen(seen, by_cpu, intervals)
    if isinstance(chosen, NoPart):
        return [
            PhaseEnergy(name, None, None, _both(each, by_cpu))
            for name, each in zip(intervals.names, seen, strict=True)
        ]
    parts = reconciled(chosen, intervals.durations_s, total_j, own_u_j)
    return [
        PhaseEnergy(name, _quantity(part, gain), part.method, None)
        for name, part in zip(intervals.names, parts, strict=True)
    ]


def _chosen(
    seen: Sequence[Part | NoPart], by_cpu: list[Part] | NoPart, intervals: Intervals
) -> list[Part] | NoPart:
    """Return a part for each phase: by readings if they tell it, else by the next best."""
    told = [each for each in seen if isinstance(each, Part)]
    if len(told) == len(seen):
        return told
    if isinstance(by_cpu, NoPart):
        return parts_within(list(seen), intervals.durations_s)
    return [
        each if isinstance(each, Part) else other for each, other in zip(seen, by_cpu, strict=True)
    ]


def _both(seen: Part | NoPart, by_cpu: list[Part] | NoPart) -> str:
    """Return why neither way gives the parts of this window."""
    cpu = by_cpu.reason if isinstance(by_cpu, NoPart) else ""
    if isinstance(seen, Part):
        return f"the other phases cannot be told from one another: {cpu}"
    return f"{seen.reason}, and {cpu}"


def _idle(figure: EnergyFigure, gain: float) -> tuple[float | None, float]:
    """Return the idle power and its standard uncertainty without the gain, in watts."""
    idle_w = figure.idle_power_w
    if idle_w is None:
        return None, 0.0
    u_w = idle_w.expanded_u / idle_w.k if idle_w.expanded_u is not None and idle_w.k else 0.0
    return idle_w.value, math.sqrt(max(0.0, u_w**2 - (gain * idle_w.value) ** 2))


def _quantity(part: Part, gain: float) -> Quantity:
    terms = [Term("part", part.u_j, part.nu), Term(GAIN, gain * abs(part.energy_j))]
    return Budget.of(terms).quantity(part.energy_j)
