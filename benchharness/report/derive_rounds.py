"""What each device spent in each round, where a workload predicts it: seconds of waiting, joules.

A round is the main program's phase of that name, up to where it aggregates or evaluates: the part
that the devices take part in.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from benchharness.energy.phase_intervals import OTHER, Span, divide
from benchharness.energy.readings import Readings, Window
from benchharness.energy.window_parts import part_energies
from benchharness.model import Capabilities, EnergyFigure, PhaseSpan, Quantity, StepUse
from benchharness.report.derive_spans import MAIN

ROUND, WAIT = "round", "wait"
CUT = "cut"  # the metric of a participant whose rounds are wanted
_SERVER_ALONE = frozenset({"aggregate", "evaluate", "checkpoint"})
_MOST_ROUNDS = 2_000  # of one run: more would take longer to derive than to run


def rounds_of(
    phases: Mapping[str, Sequence[PhaseSpan]], window: Window | None
) -> dict[int, Window]:
    """Return the devices' part of each round inside the window, by its number; the last telling.

    A server that was started again does a round again: what it did before counts no more.
    """
    own = phases.get(MAIN, ())
    alone = sorted(span.start_ns for span in own if span.name in _SERVER_ALONE)
    found: dict[int, Window] = {}
    for span in own:
        if span.name != ROUND or span.step is None or span.end_ns is None or window is None:
            continue
        start_ns = max(span.start_ns, window.start_ns)
        end_ns = min(span.end_ns, window.end_ns, *_first_in(alone, span.start_ns, span.end_ns))
        if start_ns < end_ns:
            found[span.step] = Window(start_ns, end_ns)
    return dict(itertools.islice(sorted(found.items()), _MOST_ROUNDS))


def _first_in(starts_ns: Sequence[int], start_ns: int, end_ns: int) -> list[int]:
    return [t_ns for t_ns in starts_ns if start_ns < t_ns < end_ns][:1]


def step_uses(
    rounds: Mapping[int, Window],
    own: Sequence[PhaseSpan],
    window: Window,
    energy: tuple[EnergyFigure, Readings, Capabilities] | str,
) -> tuple[StepUse, ...]:
    """Return what a participant spent in each round.

    ``own`` are its phases, ``energy`` the figure of its device with the readings behind it, or why
    there is none.
    """
    parts = list(rounds.values())
    if isinstance(energy, str):
        joules: list[Quantity | str] = [energy] * len(parts)
    else:
        joules = part_energies(*energy, window, parts)
    by_step: dict[int | None, list[PhaseSpan]] = {}
    for span in own:
        by_step.setdefault(span.step, []).append(span)
    return tuple(
        StepUse(
            step=step,
            start_ns=part.start_ns,
            end_ns=part.end_ns,
            waiting_s=_waiting_s(by_step.get(step, ()), part),
            energy_j=told if isinstance(told, Quantity) else None,
            energy_missing=told if isinstance(told, str) else None,
        )
        for (step, part), told in zip(rounds.items(), joules, strict=True)
    )


def _waiting_s(own: Sequence[PhaseSpan], part: Window) -> float | None:
    spans = [Span(s.start_ns, s.end_ns, s.name) for s in own if s.end_ns is not None]
    if not spans:
        return None
    intervals = divide(spans, part)
    by_name = dict(zip(intervals.names, intervals.durations_s.tolist(), strict=True))
    return float(by_name.get(WAIT, 0.0) + by_name.get(OTHER, 0.0))
