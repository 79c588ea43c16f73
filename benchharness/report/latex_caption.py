"""The caption of the comparison in LaTeX: what, with what, how often, in what order."""

from __future__ import annotations

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.comparing import comparing
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import coverage_text, marked_runs
from benchharness.report.groups import is_divided
from benchharness.report.latex_text import escape
from benchharness.report.metrics import (
    CLASS_MARKS,
    CLASS_NOTES,
    METRICS,
    compared_key,
    energy_classes,
    energy_key,
    half_interval,
    instrument_notes,
)
from benchharness.report.run_order import is_randomised
from benchharness.report.text import number, plain
from benchharness.report.timed_out import timeout_notes


def caption(summary: CampaignSummary, heading: str) -> str:
    """Return the caption of the comparison: what a reader of the paper needs."""
    title = title_text(summary, heading)
    parts = [f"{title}: means of {often(summary)} runs per variant"]
    if any(half_interval(v, k) is not None for v in summary.variants for k in METRICS):
        parts[0] += r", $\pm$ the half-widths of their \SI{95}{\percent} intervals"
        parts.append(_change(summary))
    if energy_key(summary) is not None:
        parts.append(_instrument(summary))
        parts += _one_class(summary)
        parts += [f"The {escape(note)}" for note in instrument_notes(summary)]
        parts.append(_coverage(summary))
    if summary.quick:
        parts.append("A quick run with small inputs: not a result")
    order = ""
    if is_randomised(summary) and len(summary.variants) > 1:
        order = f"Variants interleaved at random, seed {summary.seed}; "
    campaign = rf"\texttt{{{escape(plain(summary.campaign_id, 40))}}}"
    parts.append(f"{order}campaign {campaign}" if order else f"Campaign {campaign}")
    return ". ".join(parts) + "."


def resources_caption(summary: CampaignSummary, heading: str) -> str:
    """Return the caption of memory, CPU and sizes."""
    parts = [
        f"{title_text(summary, heading)}: memory, CPU (\\SI{{100}}{{\\percent}} is one core) and "
        f"size of the module, means of {often(summary)} runs per variant"
    ]
    if any(half_interval(v, "memory_peak_bytes") is not None for v in summary.variants):
        parts[0] += r", $\pm$ the half-widths of their \SI{95}{\percent} intervals"
    return ". ".join(parts) + "."


def title_text(summary: CampaignSummary, heading: str) -> str:
    """Return the title of a campaign, and the workload where it has several."""
    return escape(f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}")


def often(summary: CampaignSummary) -> str:
    """Return how many good runs the variants that have any have: ``5``, or ``4 to 5``."""
    counts = sorted({v.ok for v in summary.variants if v.ok}) or [0]
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def table_notes(summary: CampaignSummary) -> list[str]:
    """Return what the marks in the table mean, as lines that stand under it."""
    notes = [escape(plain(note, 200)) for note in timeout_notes(summary)]
    if energy_key(summary) is None:
        return [f"{note}." for note in notes]
    notes += _class_notes(summary)
    figures = sum(len(good_figures(summary, v)) for v in summary.variants)
    marks = len(marked_runs(summary))
    if marks:
        notes.append(
            rf"\textsuperscript{{\ddag}}: {marks} of {figures} runs contradict themselves "
            "(counter against powers, or meter against meter); they are counted"
        )
    return [f"{note}." for note in notes]


def _change(summary: CampaignSummary) -> str:
    """Say what a change is against, and how sure."""
    ranking = METRICS[compared_key(summary)].title.lower()
    found = comparing(summary, compared_key(summary))
    if summary.baseline and found.named:
        levels = ", ".join(f"{plain(k, 40)} = {plain(v, 40)}" for k, v in summary.baseline.items())
        against = f"the baseline ({escape(levels)})"
    else:
        against = f"the lowest{' of its kind of mode' if is_divided(summary) else ''}"
    level = r"\SI{95}{\percent}"
    joint = f"{level} interval"
    if max(found.comparisons, default=0) > 1:
        joint = f"simultaneous {level} intervals ({found.count} comparisons)"
    text = f"Change: of {ranking} against {against}, {joint}"
    if summary.margin > 0:
        share = number(100 * summary.margin, 1)
        text += rf"; within $\pm$\,\SI{{{share}}}{{\percent}} it counts as the same"
    return text


def _instrument(summary: CampaignSummary) -> str:
    meters = []
    for meter in summary.meters:
        words = [str(meter[k]) for k in ("name", "driver") if meter.get(k)]
        meters.append(escape(plain(", ".join(dict.fromkeys(words)), 80)))
    return f"Meter: {'; '.join(meters)}" if meters else "Meter: not recorded"


def _coverage(summary: CampaignSummary) -> str:
    figures = [figure for v in summary.variants for figure in good_figures(summary, v)]
    return rf"Readings vouch for {coverage_text(figures)}\,\si{{\percent}} of each window"


def _one_class(summary: CampaignSummary) -> list[str]:
    """Say what the joules are, where all are of one class; several have marks."""
    classes = energy_classes(summary)
    if classes == (MeasurementClass.MEASURED,):
        return ["Joules are measured"]
    return [f"Joules are {CLASS_NOTES[classes[0]]}"] if len(classes) == 1 else []


def _class_notes(summary: CampaignSummary) -> list[str]:
    """Return what the marks of the classes mean, where the table has them."""
    classes = energy_classes(summary)
    return [
        (rf"\textsuperscript{{{CLASS_MARKS[c]}}}: " if c in CLASS_MARKS else "Unmarked joules: ")
        + CLASS_NOTES[c]
        for c in (classes if len(classes) > 1 else ())
    ]
