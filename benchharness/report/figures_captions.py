"""Captions of the figures in LaTeX, with their numbers filled in."""

from __future__ import annotations

from benchharness.model import CampaignSummary, MeasurementClass, VariantSummary
from benchharness.report.html_stacks import Stack
from benchharness.report.latex_text import escape
from benchharness.report.methods_parts import as_latex, percent
from benchharness.report.metrics import CLASS_NOTES, METRICS, energy_classes, ranked
from benchharness.report.text import plain
from benchharness.standing import Word

_LEVEL = r"\SI{95}{\percent}"


def forest_caption(summary: CampaignSummary, heading: str, key: str) -> str:
    """Say what is compared with what, how sure, and what the band is."""
    reference = _reference(summary, key)
    against = f" against {escape(plain(reference.label, 60))}" if reference else ""
    parts = [
        f"{_title(summary, heading)}: {METRICS[key].title.lower()} of {_runs(summary)}{against}",
        f"Dots are ratios of means, lines their simultaneous {_LEVEL} intervals",
    ]
    if summary.margin > 0:
        share = as_latex((percent(summary.margin),))
        parts.append(rf"The band is the margin of $\pm$\,{share} that was set beforehand")
    if METRICS[key].is_energy and MeasurementClass.ESTIMATED not in energy_classes(summary):
        parts.append(
            r"The $\pm$ beside the names includes the gain of the meter, which cancels in a ratio: "
            r"two of them are not to be compared by eye"
        )
    return _joined(summary, parts, energy=METRICS[key].is_energy)


def runs_caption(summary: CampaignSummary, heading: str, key: str) -> str:
    """Say what a dot, a band and the other marks are."""
    parts = [
        f"{_title(summary, heading)}: {METRICS[key].title.lower()} of every good run, as its "
        f"distance from the mean of its variant, in the order of the campaign",
        f"The band is the {_LEVEL} interval of the mean; a diamond is a run with a caution, a "
        "cross one whose joules contradict each other",
    ]
    return _joined(summary, parts, energy=METRICS[key].is_energy)


def stack_caption(summary: CampaignSummary, heading: str, stack: Stack) -> str:
    """Say what the bars are made of."""
    what = "energy of the idle floor and above it" if stack.title == "Energy" else "time by phase"
    parts = [f"{_title(summary, heading)}: mean {what}, of {_runs(summary)}"]
    if any(row.mark for row in stack.rows):
        parts.append("Left of the mark stands what came before the window, outside the total")
    if stack.note:
        parts.append(escape(stack.note.rstrip(".")))
    return _joined(summary, parts, energy=stack.title == "Energy")


def power_caption(summary: CampaignSummary, heading: str) -> str:
    """Say whose power it is."""
    parts = [
        f"{_title(summary, heading)}: power over time of each variant's run of median value",
        "The window is shaded; the strip above it shows the phases that the program marked",
    ]
    return _joined(summary, parts, energy=True)


def points_caption(summary: CampaignSummary, heading: str, key: str) -> str:
    """Say what a point, a bar and a line are."""
    metric = METRICS[key]
    parts = [
        f"{_title(summary, heading)}: {metric.title.lower()} against time, means of "
        f"{_runs(summary)} with their {_LEVEL} intervals",
        "The square is the reference; along a dashed line the mean power is the same",
    ]
    return _joined(summary, parts, energy=True)


def _title(summary: CampaignSummary, heading: str) -> str:
    return escape(f"{plain(summary.title, 120)}{f', {plain(heading, 60)}' if heading else ''}")


def _runs(summary: CampaignSummary) -> str:
    counts = sorted({variant.ok for variant in summary.variants if variant.ok}) or [0]
    often = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{often} run{'' if often == '1' else 's'} per variant"


def _reference(summary: CampaignSummary, key: str) -> VariantSummary | None:
    """Return the one variant that the others are compared with, None where there are several."""
    found = [
        variant
        for variant in ranked(summary, key)
        if (metric := variant.metrics.get(key)) is not None
        and metric.standing is not None
        and metric.standing.word is Word.REFERENCE
    ]
    return found[0] if len(found) == 1 else None


def _joined(summary: CampaignSummary, parts: list[str], *, energy: bool) -> str:
    if energy:
        parts += [
            f"Joules are {CLASS_NOTES[cls]}"
            for cls in energy_classes(summary)
            if cls is not MeasurementClass.MEASURED
        ]
    if summary.quick:
        parts.append("A quick run with small inputs: not a result")
    return ". ".join(parts) + "."
