"""What stands under the answer: marks of variants, what is undecided, how it was compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.model import (
    CampaignSummary,
    MeasurementClass,
    Status,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.comparing import comparing
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import coverage_text
from benchharness.report.gain_words import whose_share
from benchharness.report.interrupted import was_interrupted
from benchharness.report.metrics import (
    CLASS_NOTES,
    METRICS,
    energy_classes,
    headline_key,
    metric_of,
)
from benchharness.report.text import number, plain
from benchharness.report.timed_out import REMEDY, TIMED_OUT
from benchharness.report.undecided import repeat_command
from benchharness.standing import Word
from benchharness.stats.needed import MOST_REPETITIONS
from benchharness.stats.saying import percent
from benchharness.units import format_duration

THROTTLED, GAPS, FAILED = "t", "g", "f"
_MOST_UNDECIDED = 3


def marks_of(summary: CampaignSummary, variant: VariantSummary, key: str) -> list[str]:
    """Return the letters that stand behind a variant's name; ``mark_notes`` explains them."""
    return [letter for letter, runs in _marked(summary, key, variant.index).items() if runs]


def _marked(summary: CampaignSummary, key: str, variant: int | None = None) -> dict[str, list[int]]:
    """Return the run numbers behind each mark, of one variant or of all."""
    found: dict[str, list[int]] = {THROTTLED: [], GAPS: [], FAILED: [], TIMED_OUT: []}
    for trial in summary.trials if variant is None else summary.trials_of(variant):
        if any(caution.code == "throttled" for caution in trial.cautions):
            found[THROTTLED].append(trial.index)
        if trial.status is Status.TIMEOUT:
            found[TIMED_OUT].append(trial.index)
        elif trial.status in (Status.FAILED, Status.INVALID) and not was_interrupted(trial):
            found[FAILED].append(trial.index)
        elif METRICS[key].is_energy and trial.status is Status.OK and trial.energy is None:
            found[GAPS].append(trial.index)
    return found


def comparison_notes(summary: CampaignSummary) -> list[str]:
    """Return what is to be said of all variants: marks, joint intervals, margin, meter."""
    key = headline_key(summary)
    return [*_mark_notes(summary, key), *_how(summary, key), *_joules(summary)]


def _mark_notes(summary: CampaignSummary, key: str) -> list[str]:
    marked = _marked(summary, key)
    said = {
        THROTTLED: "throttled in {}; kept",
        GAPS: "no joules in {}, which do not count for energy",
        FAILED: "failed in {}, which do not count",
        TIMED_OUT: f"timed out in {{}}; {REMEDY}",
    }
    return [
        f"{letter}  {said[letter].format(_of_each(summary, runs))}"
        for letter, runs in marked.items()
        if runs
    ]


def _of_each(summary: CampaignSummary, runs: Sequence[int]) -> str:
    """Return ``3 of 9 runs``: of the variants that have such runs, each by name if they differ."""
    marked, found = set(runs), []
    for variant in summary.variants:
        own = [trial.index for trial in summary.trials_of(variant.index)]
        if not marked.isdisjoint(own):
            found.append((variant.label, len(marked.intersection(own)), len(own)))
    if len(summary.variants) > 1 and not _all_equal(found):
        return ", ".join(f"{n} of {total} runs of {plain(label, 30)}" for label, n, total in found)
    count, total = found[0][1:] if found else (len(runs), len(summary.trials))
    return f"{count} of {total} runs{' of each' if len(found) > 1 else ''}"


def _all_equal(found: Sequence[tuple[str, int, int]]) -> bool:
    return len(found) > 1 and len({each[1:] for each in found}) == 1


def _how(summary: CampaignSummary, key: str) -> list[str]:
    """Return how the changes were compared, where any was."""
    standings = [m.standing for v in summary.variants if (m := metric_of(v, key)) and m.standing]
    if all(standing.low is None for standing in standings):
        return []
    found = comparing(summary, key)
    of_what = "with the baseline" if found.named else "of all pairs"
    notes = (
        [f"intervals of the change hold together for the {found.count} comparisons {of_what}"]
        if max(found.comparisons, default=0) > 1
        else []
    )
    if summary.margin:
        notes.append(f"margin: a change of {percent(summary.margin)} % is too little to matter")
    return notes


def _joules(summary: CampaignSummary) -> list[str]:
    """Return what the joules are, and what readings vouch for, in one line."""
    classes = energy_classes(summary)
    figures = [f for variant in summary.variants for f in good_figures(summary, variant)]
    if not classes or not figures:
        return []
    notes = [f"joules are {CLASS_NOTES[c]}" for c in classes if c is not MeasurementClass.MEASURED]
    shares = [v.energy_instrument_u_rel for v in summary.variants if v.energy_instrument_u_rel]
    parts = [f"readings vouch for {coverage_text(figures)} % of each window"]
    if shares:
        parts.append(f"± has {number(100 * max(shares), 2)} % for {whose_share(classes)}")
    return [*notes, "; ".join(parts)]


def undecided_notes(summary: CampaignSummary, key: str) -> list[str]:
    """Return what would decide the undecided, with the command, and why others are not compared."""
    notes: list[str] = []
    open_ = [
        (variant, metric.standing)
        for variant in summary.variants
        if (metric := metric_of(variant, key)) is not None and metric.standing is not None
    ]
    labels = {v.index: v.label for v in summary.variants}
    undecided = [(v, s) for v, s in open_ if s.word is Word.UNDECIDED]
    for variant, standing in undecided[:_MOST_UNDECIDED]:
        needed = standing.needed
        what = (
            needed.text()
            if needed is not None
            else standing.reason or f"even {MOST_REPETITIONS} repetitions might not decide"
        )
        against = labels.get(-1 if standing.reference is None else standing.reference, "")
        pair = f"{plain(variant.label, 30)} against {plain(against, 30)}"
        notes.append(f"?  {pair if against else plain(variant.label, 30)}: {what}")
    if len(undecided) > _MOST_UNDECIDED:
        notes.append(f"?  and {len(undecided) - _MOST_UNDECIDED} more, see the report")
    counts = [s.needed.repetitions for _, s in undecided if s.needed and s.needed.repetitions]
    if counts:
        notes.append(_command(summary, max(counts)))
    reasons = dict.fromkeys(
        s.reason for _, s in open_ if s.word is Word.NOT_COMPARABLE and s.reason
    )
    return notes + [f"⊘  not comparable: {reason}" for reason in reasons]


def _command(summary: CampaignSummary, more: int) -> str:
    """Return the command that makes so many more blocks, and how long it takes."""
    block_s = _block_s(summary.trials)
    takes = f"   ({format_duration(block_s * more)})" if block_s is not None else ""
    return f"   {repeat_command(summary, more)}{takes}"


def _block_s(trials: Sequence[TrialSummary]) -> float | None:
    """Return how long a block took, from the first to the last stage of its trials; the mean."""
    lengths: dict[int, float] = {}
    for trial in trials:
        ends = [span.end_ns for span in trial.spans if span.end_ns is not None]
        if not trial.spans or not ends:
            continue
        start_ns = min(span.start_ns for span in trial.spans)
        lengths[trial.repetition] = (
            lengths.get(trial.repetition, 0.0) + (max(ends) - start_ns) / 1e9
        )
    return math.fsum(lengths.values()) / len(lengths) if lengths else None
