"""Variants that lost runs to the timeout: what is left of them is their fast runs.

If one run in ten takes three times as long and is killed, the mean of the others is 17 % too low,
and such a variant would win against its equal every time. So its time and its joules are shown,
and compared with nothing. What was killed took at least so long: more cannot be said of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.model import CampaignSummary, Status, TrialSummary, VariantSummary

TIMED_OUT = "x"  # behind a variant's name
REMEDY = "give a longer --timeout"
# What grows with the time that a run takes. A peak of memory does not so plainly.
_CUT = frozenset({"duration_s", "cpu_s", "energy_gross_j", "energy_net_j"})


def is_cut(metric: str) -> bool:
    """Say whether a metric of a slow run is larger, so that a timeout takes the large ones."""
    return metric in _CUT


def lost_runs(trials: Sequence[TrialSummary]) -> int:
    """Return how many runs were killed for their time."""
    return sum(trial.status is Status.TIMEOUT for trial in trials)


def of_how_many(trials: Sequence[TrialSummary]) -> str:
    """Return ``2 of 10 runs``."""
    ended = sum(not trial.status.is_pending for trial in trials)
    return f"{lost_runs(trials)} of {ended} run{'' if ended == 1 else 's'}"


def why_not_compared(label: str, trials: Sequence[TrialSummary], metric: str) -> str | None:
    """Return why a variant's metric is compared with nothing; None where it may be."""
    if not is_cut(metric) or not lost_runs(trials):
        return None
    return (
        f"{of_how_many(trials)} of {label} timed out: the mean of the others is too low; {REMEDY}"
    )


def reason_of(summary: CampaignSummary, variant: VariantSummary, metric: str) -> str | None:
    """Return the reason for a variant of a summary."""
    trials = summary.trials_of(variant.index)
    return why_not_compared(variant.label, trials, metric)


def timeout_notes(summary: CampaignSummary) -> list[str]:
    """Return a note for each variant that lost runs, by whatever it is compared."""
    found = (
        reason_of(summary, variant, "duration_s") for variant in summary.variants if variant.ok
    )
    return [reason for reason in found if reason is not None]
