"""Phases as disjoint seconds: a phase inside another takes its time from it.

Workloads mark phases freely: nested (a run with its fill and multiply), repeated, and before
the window (compiling). Each instant belongs to the phase that began last.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, PhaseSpan, TrialSummary

MAIN = "main"
HARNESS = "harness"
_STARTUP_WORDS = ("compile", "load", "setup", "start", "init", "instantiate", "warm", "import")
# Names of colours: a host's phases have the same ones on every page.
_KNOWN = {
    "load": "load",
    "compile": "startup",
    "build": "build",
    "deserialize": "deserialize",
    "instantiate": "instantiate",
}
_STARTUP_ROLES = ("startup", "load", "model", "instantiate", "build", "deserialize")
_WORK_ROLES = ("lower", "io")
_NEUTRAL_ROLES = ("muted", "ink")
_FEW = 2  # programs whose phases are still told apart on one strip
_SHARED_ROLE = "floor"  # of what is left when every colour has been given


@dataclass(frozen=True, slots=True)
class PhaseSeconds:
    """Seconds by phase, disjoint: inside the window, and outside of it."""

    inside_s: dict[str, float]
    outside_s: dict[str, float]


def phase_spans(trial: TrialSummary) -> list[tuple[PhaseSpan, str]]:
    """Return the workload's phases with their names as ``phases_s`` has them.

    Of several programs that did their phases at the same time, those of the main one alone if it
    has any: the others' are shown by participant.
    """
    named = [
        (s, s.name if s.source == MAIN else f"{s.source}/{s.name}")
        for s in trial.spans
        if s.source != HARNESS
    ]
    known = [(span, name) for span, name in named if name in trial.phases_s]
    mains = [(span, name) for span, name in known if span.source == MAIN]
    return mains if mains and len(trial.participants) > _FEW else known


def phase_seconds(trial: TrialSummary) -> PhaseSeconds:
    """Divide the time of one participant's phases: the main program's, else the first one's."""
    named = phase_spans(trial)
    sources = [span.source for span, _ in named]
    source = MAIN if MAIN in sources else next(iter(sources), MAIN)
    spans = sorted(
        (span.start_ns, span.end_ns, name)
        for span, name in named
        if span.source == source and span.end_ns is not None
    )
    window = (trial.window_start_ns or 0, trial.window_end_ns or 0)
    edges = sorted({t for start, end, _ in spans for t in (start, end)} | set(window))
    found = PhaseSeconds({}, {})
    active: list[tuple[int, int, str]] = []
    place = 0
    for left, right in itertools.pairwise(edges):
        while place < len(spans) and spans[place][0] <= left:
            active.append(spans[place])
            place += 1
        active = [span for span in active if span[1] > left]
        if active:
            inside = window[0] <= left and right <= window[1]
            seconds = found.inside_s if inside else found.outside_s
            name = max(active)[2]
            seconds[name] = seconds.get(name, 0.0) + (right - left) / 1e9
    return found


def phase_names(summary: CampaignSummary) -> list[str]:
    """Return the workload's phases in the order in which they first happen."""
    starts: dict[str, list[int]] = {}
    for trial in summary.trials:
        zero_ns = trial.window_start_ns or 0
        firsts: dict[str, int] = {}
        for span, name in phase_spans(trial):
            start = span.start_ns - zero_ns
            firsts[name] = min(firsts.get(name, start), start)
        for name, start in firsts.items():
            starts.setdefault(name, []).append(start)
    return sorted(starts, key=lambda name: statistics.fmean(starts[name]))


def phase_roles(summary: CampaignSummary) -> dict[str, str]:
    """Give each phase the name of a colour, in the order of :func:`phase_names`.

    The phases of a host have their own, the longest of the work has that of work. No two phases
    share one while there are any left; then the shortest do.
    """
    totals = dict.fromkeys(phase_names(summary), 0.0)
    for trial in summary.trials:
        divided = phase_seconds(trial)
        for name, seconds in (*divided.inside_s.items(), *divided.outside_s.items()):
            totals[name] = totals.get(name, 0.0) + seconds
    roles: dict[str, str] = {}
    # Two participants may both load: the longer of the two has the colour of it.
    for name in sorted(totals, key=lambda name: -totals[name]):
        known = _KNOWN.get(name.rpartition("/")[2])
        if known is not None and known not in roles.values():
            roles[name] = known
    for name in sorted(totals.keys() - roles.keys(), key=lambda name: (-totals[name], name)):
        roles[name] = _free_role(name, roles.values())
    return {name: roles[name] for name in totals}


def _free_role(name: str, taken: Collection[str]) -> str:
    """Return a colour that is not taken; start-up work never has one of other work."""
    if any(word in name.lower() for word in _STARTUP_WORDS):
        pool: Sequence[str] = (*_STARTUP_ROLES, *_NEUTRAL_ROLES)
    else:
        pool = (*_WORK_ROLES, *_NEUTRAL_ROLES, *_STARTUP_ROLES)
    return next((role for role in pool if role not in taken), _SHARED_ROLE)
