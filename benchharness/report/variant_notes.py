"""What is to be known of a variant beside its value: letters behind its name, said below a table.

t: throttled; g: gaps in the readings; x: runs that timed out; n: fewer good runs than were made;
‡: joules that contradict each other. A run with a note is counted all the same, and the note says
what it changes.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, Status, TrialSummary, VariantSummary
from benchharness.report.change_text import signed
from benchharness.report.derive_variants import VALUES
from benchharness.report.energy_flags import MARK, marked
from benchharness.report.metrics import METRICS
from benchharness.report.text import plain
from benchharness.report.timed_out import TIMED_OUT, reason_of
from benchharness.stats.saying import listed

_GAPS = frozenset({"low-coverage", "meter-offline", "meter-reconnected", "meter-stale"})
_SAID = {
    "t": "The board was throttled",
    "g": "Readings are missing",
    MARK: "Two ways to one energy contradict each other",
}
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Note:
    """A letter and what it says."""

    letter: str
    text: str


def variant_notes(
    summary: CampaignSummary, variants: Sequence[VariantSummary], key: str
) -> tuple[dict[int, tuple[str, ...]], tuple[Note, ...]]:
    """Return the letters of each variant by its index, and what every letter means here."""
    trials = _by_variant(summary)
    letters: dict[int, list[str]] = {v.index: [] for v in variants}
    notes = []
    for letter in ("t", "g", MARK) if METRICS[key].is_energy else ("t",):
        said = []
        for variant in variants:
            good = [t for t in trials.get(variant.index, ()) if t.status is Status.OK]
            runs = [t for t in good if _has(t, letter)]
            if runs:
                letters[variant.index].append(letter)
                effect = _without(good, {t.trial_id for t in runs}, key)
                name = plain(variant.label, 60)
                said.append(f"{name} in {len(runs)} of {len(good)} runs{effect}")
        if said:
            more = len(said) - _MOST_NAMED
            text = "; ".join(said[:_MOST_NAMED]) + (f"; {more} more variants" if more > 0 else "")
            notes.append(Note(letter, f"{_SAID[letter]}: {text}. They are counted all the same."))
    cut = {v.index: why for v in variants if v.ok and (why := reason_of(summary, v, key))}
    for index in cut:
        letters[index].append(TIMED_OUT)
    if cut:
        said = [plain(why, 200) for why in cut.values()][:_MOST_NAMED]
        notes.append(Note(TIMED_OUT, f"{'. '.join(said)}. Compared with nothing."))
    few = [v for v in variants if 0 < v.ok < _ended(trials.get(v.index, ()))]
    if few:
        for variant in few:
            letters[variant.index].append("n")
        who = listed([plain(v.label, 60) for v in few[:_MOST_NAMED]])
        notes.append(Note("n", f"Not every run of {who} was good; only good runs count."))
    return {index: tuple(found) for index, found in letters.items()}, tuple(notes)


def _by_variant(summary: CampaignSummary) -> Mapping[int, list[TrialSummary]]:
    found: dict[int, list[TrialSummary]] = {}
    for trial in summary.trials:
        found.setdefault(trial.variant, []).append(trial)
    return found


def _ended(trials: Sequence[TrialSummary]) -> int:
    return sum(not t.status.is_pending for t in trials)


def _has(trial: TrialSummary, letter: str) -> bool:
    if letter == MARK:
        return trial.energy is not None and marked(trial)
    codes: Collection[str] = {"throttled"} if letter == "t" else _GAPS
    return any(caution.code in codes for caution in trial.cautions)


def _without(good: Sequence[TrialSummary], noted: Collection[int], key: str) -> str:
    """Say what the mean would be without these runs."""
    pairs = [(t.trial_id in noted, value) for t in good if (value := VALUES[key](t)) is not None]
    kept = [value for is_noted, value in pairs if not is_noted]
    mean = statistics.fmean([value for _, value in pairs]) if pairs else 0.0
    if not kept or mean <= 0.0:
        return ""
    change = statistics.fmean(kept) / mean - 1.0
    return f" (leaving them out changes its mean by {signed(change, 1)}\u00a0%)"
