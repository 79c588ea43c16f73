"""The caption of the comparison in LaTeX: what, with what, how often, in what order."""

from __future__ import annotations

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import coverage_text, marked_runs
from benchharness.report.groups import is_divided
from benchharness.report.latex_text import escape
from benchharness.report.metrics import (
    CLASS_MARKS,
    CLASS_NOTES,
    METRICS,
    energy_classes,
    energy_key,
    half_interval,
    instrument_notes,
    ratio_key,
)
from benchharness.report.text import plain


def caption(summary: CampaignSummary, heading: str) -> str:
    """Say what a reader of the paper needs: what, with what, how often, in what order."""
    counts = sorted({v.ok for v in summary.variants})
    often = (
        str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "0"
    )
    ranking = METRICS[ratio_key(summary) or "duration_s"].title.lower()
    like = " of its kind of mode" if is_divided(summary) else ""
    title = f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}"
    parts = [f"{escape(title)}: mean of {often} runs per variant"]
    if any(half_interval(v, k) is not None for v in summary.variants for k in METRICS):
        parts[0] += rf", ratio of {ranking} to the lowest{like} [\SI{{95}}{{\percent}} interval]"
        parts[0] += r", $\pm$ the half-width of the \SI{95}{\percent} interval"
    if energy_key(summary) is not None:
        parts += [_instrument(summary), *_class_notes(summary)]
        parts += [f"The {escape(note)}" for note in instrument_notes(summary)]
        parts += _trust(summary)
    if summary.quick:
        parts.append("A quick run with small inputs: not a result")
    parts.append(
        f"Variants interleaved at random, seed {summary.seed}; campaign "
        rf"\texttt{{{escape(plain(summary.campaign_id, 40))}}}"
    )
    return ". ".join(parts) + "."


def _instrument(summary: CampaignSummary) -> str:
    meters = []
    for meter in summary.meters:
        words = [str(meter[k]) for k in ("name", "driver") if meter.get(k)]
        meters.append(escape(plain(", ".join(dict.fromkeys(words)), 80)))
    return f"Meter: {'; '.join(meters)}" if meters else "Meter: not recorded"


def _trust(summary: CampaignSummary) -> list[str]:
    """Say what readings vouch for, and what the mark means where there is one."""
    figures = [figure for v in summary.variants for figure in good_figures(summary, v)]
    notes = [rf"Readings vouch for {coverage_text(figures)}\,\si{{\percent}} of each window"]
    marks = len(marked_runs(summary))
    if marks:
        notes.append(
            rf"\textsuperscript{{\ddag}}: {marks} of {len(figures)} runs contradict themselves "
            "(counter against powers, or meter against meter); they are counted"
        )
    return notes


def _class_notes(summary: CampaignSummary) -> list[str]:
    classes = energy_classes(summary)
    if classes == (MeasurementClass.MEASURED,):
        return ["Joules are measured"]
    if len(classes) == 1:
        return [f"Joules are {CLASS_NOTES[classes[0]]}"]
    return [
        (rf"\textsuperscript{{{CLASS_MARKS[c]}}}: " if c in CLASS_MARKS else "Unmarked joules: ")
        + CLASS_NOTES[c]
        for c in classes
    ]
