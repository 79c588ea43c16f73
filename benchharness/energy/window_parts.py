"""The energy of parts of a window, such as the rounds of a training, each with its uncertainty.

The joules are those of the window's own line up to the edges of a part, so that parts and what is
between them sum to the figure of the window. The uncertainty is that of the part as a window of its
own, with the gain of the figure, and with how far the two ways to its energy lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchharness.energy.budget import EDGES, GAIN, Budget, Term, bound
from benchharness.energy.counter import counter_difference
from benchharness.energy.cumulative import LEAST_READINGS, energy_until
from benchharness.energy.gate import gate
from benchharness.energy.interior import interior_hold
from benchharness.energy.observed import Candidate, observe
from benchharness.energy.readings import Readings, Window
from benchharness.energy.systematic import gross_terms_j
from benchharness.model import Capabilities, EnergyFigure, Quantity

_AROUND = 10  # periods before and after a part: what an estimator looks at beside it


def part_energies(
    figure: EnergyFigure,
    readings: Readings,
    capabilities: Capabilities,
    window: Window,
    parts: Sequence[Window],
) -> list[Quantity | str]:
    """Return the joules of each part of ``window``, or why they cannot be told, in a sentence.

    ``figure`` is that of the whole window and ``readings`` the raw ones of its meter. A part with
    fewer than ``LEAST_READINGS`` in it is not told: all of them may lie in one of its phases.
    """
    total_j = figure.gross_j.value
    edges_ns = np.array([(part.start_ns, part.end_ns) for part in parts], dtype=np.int64)
    times_s = (edges_ns.reshape(-1) - window.start_ns) / 1e9
    joules = energy_until(readings, capabilities, window, total_j, times_s)
    if joules is None:
        return ["the meter gave no reading in the window"] * len(parts)
    gated = gate(readings, capabilities).readings
    terms_j = gross_terms_j(figure)
    gain = terms_j.get(GAIN, 0.0) / abs(total_j) if total_j else 0.0
    each_j = np.diff(joules.reshape(-1, 2), axis=1)[:, 0]
    return [
        _told(energy_j, gain, gated, capabilities, part)
        for energy_j, part in zip(each_j.tolist(), parts, strict=True)
    ]


def _told(
    energy_j: float, gain: float, gated: Readings, capabilities: Capabilities, part: Window
) -> Quantity | str:
    near, count = _near(gated, capabilities, part)
    if count < LEAST_READINGS:
        read = "1 reading" if count == 1 else f"{count} readings"
        return f"{read} in it, of the {LEAST_READINGS} that it takes"
    observed = observe(near, part, capabilities)
    found = (interior_hold(observed), counter_difference(observed))
    candidates = [each for each in found if isinstance(each, Candidate)]
    if not candidates:
        return "no estimator tells the energy of so short a time"
    best = min(candidates, key=lambda candidate: candidate.own_expanded_j)
    if not math.isfinite(energy_j):  # the line begins too near to one of its edges
        energy_j = best.energy_j
    terms = [
        *best.budget.without(GAIN).terms,
        Term(GAIN, gain * abs(energy_j)),
        bound(f"two ways, {EDGES}", best.energy_j - energy_j),
    ]
    return Budget.of(terms).quantity(energy_j)


def _near(gated: Readings, capabilities: Capabilities, part: Window) -> tuple[Readings, int]:
    """Return the readings in and around a part, and how many are in it."""
    t_ns = gated.t_ns
    first, last = (int(n) for n in np.searchsorted(t_ns, (part.start_ns, part.end_ns)))
    usual_s = capabilities.period_s or (part.duration_s / max(1, last - first))
    around_ns = round(_AROUND * usual_s * 1e9)
    begin = int(np.searchsorted(t_ns, part.start_ns - around_ns))
    end = int(np.searchsorted(t_ns, part.end_ns + around_ns))
    chosen = slice(begin, end)
    near = Readings(t_ns[chosen], gated.power_w[chosen], gated.energy_j[chosen])
    return near, last - first
