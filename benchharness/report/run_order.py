"""In what order the runs were made, and when, as far as that is known.

Only a campaign of ``benchharness run`` has an order that was drawn. Files of other programs, and
code that measures itself, ran in an order of their own; the first have no times either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchharness.model import CampaignSummary, Status, TrialSummary
from benchharness.report.derive_variants import VALUES

_OWN_ORDER = ("import", "python")  # kinds of source whose order nobody has drawn
_NANO = 1e-9


def seed_of(spec: Mapping[str, Any]) -> int | None:
    """Return the seed of the run order, None where no order was drawn."""
    kind = (spec.get("source") or {}).get("kind")
    seed = spec.get("seed")
    return None if seed is None or kind in _OWN_ORDER else int(seed)


def is_randomised(summary: CampaignSummary) -> bool:
    """Say whether the runs were made in a random order."""
    return summary.seed is not None


def has_complete_blocks(summary: CampaignSummary) -> bool:
    """Say whether every variant ran once in each of several blocks, one block after the other."""
    ended = sorted(_ended(summary.trials), key=lambda trial: trial.index)
    blocks: dict[int, list[int]] = {}
    for trial in ended:
        blocks.setdefault(trial.repetition, []).append(trial.variant)
    whole = sorted({trial.variant for trial in ended})
    in_turn = [t.repetition for t in ended] == sorted(t.repetition for t in ended)
    return in_turn and len(blocks) > 1 and all(sorted(b) == whole for b in blocks.values())


def run_times_s(trials: Iterable[TrialSummary]) -> dict[int, float]:
    """Return when the window of each trial began, by trial id, in s after the first one's begin.

    The clock begins anew when the machine does. Where it goes back, another boot begins: what lay
    between is not known, and is taken as no time.
    """
    found: dict[int, float] = {}
    offset_ns, last_start_ns, last_end_ns = None, 0, 0
    for trial in sorted(trials, key=lambda each: each.index):
        start_ns = trial.window_start_ns
        if start_ns is None:
            continue
        if offset_ns is None:
            offset_ns = -start_ns
        elif start_ns < last_start_ns:
            offset_ns += last_end_ns - start_ns
        found[trial.trial_id] = (start_ns + offset_ns) * _NANO
        last_start_ns, last_end_ns = start_ns, trial.window_end_ns or start_ns
    return found


def timed_values(
    trials: Sequence[TrialSummary], metric: str
) -> dict[int, list[tuple[float, float]]]:
    """Return (begin of the window in s, value) of every good run, by variant, in run order."""
    times_s = run_times_s(trials)
    found: dict[int, list[tuple[float, float]]] = {}
    for trial in sorted(trials, key=lambda each: each.index):
        value = VALUES[metric](trial) if trial.status is Status.OK else None
        if value is not None and trial.trial_id in times_s:
            found.setdefault(trial.variant, []).append((times_s[trial.trial_id], value))
    return found


def _ended(trials: Iterable[TrialSummary]) -> list[TrialSummary]:
    return [t for t in trials if not t.status.is_pending]
