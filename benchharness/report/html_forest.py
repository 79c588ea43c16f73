"""The forest table: each variant's mean, and its change against the reference with an interval.

Positions are per cent of the cell's width, so that the drawing needs no script and fits any width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, MetricSummary, VariantSummary
from benchharness.report.change_text import NO_CHANGE, ChangeText, change_text
from benchharness.report.comparing import Comparing, comparing
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import coverage_text
from benchharness.report.forest_axis import Axis, Tick, axis_of
from benchharness.report.metrics import (
    CLASS_MARKS,
    METRICS,
    Sign,
    class_suffix,
    energy_classes,
    half_interval,
    has_metric,
    magnitude,
    metric_of,
    ranked,
    standings,
)
from benchharness.report.table import section_rows
from benchharness.report.text import Unit, column_unit, plain, scaled_pm
from benchharness.report.variant_notes import Note, variant_notes


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One variant: its texts, and where its dot and its interval lie, in per cent.

    ``letters`` lead to the notes below the table; ``mark`` is of the class, where several are.
    """

    label: str
    letters: tuple[str, ...]
    runs: str
    value: str
    plus_minus: str
    mark: str
    change: ChangeText
    standing: Sign
    dot: float | None
    low: float | None
    high: float | None
    low_beyond: bool  # the interval goes on outside the drawing
    high_beyond: bool
    note: str
    heading: str = ""  # what stands above the row: the kind of mode that begins here

    @property
    def is_reference(self) -> bool:
        """Say whether the others are compared with this one."""
        return self.standing.key == "best"


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest table of one metric. ``band`` is the margin, from and to in per cent."""

    key: str
    title: str
    unit: str
    rows: tuple[ForestRow, ...]
    ticks: tuple[Tick, ...]
    logarithmic: bool
    has_intervals: bool
    has_axis: bool
    has_beyond: bool
    comparing: Comparing
    zero: float | None
    band: tuple[float, float] | None
    notes: tuple[Note, ...]
    coverage: str = ""  # of the windows by readings, in per cent, where the metric is an energy
    gain_cancels: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """What all rows of a table share."""

    key: str
    unit: Unit
    axis: Axis
    verdicts: Mapping[int, Sign]
    letters: Mapping[int, tuple[str, ...]]
    headings: Mapping[int, str]
    mixed: bool


def forest(
    summary: CampaignSummary, key: str, most_rows: int = 60, most_ticks: int = 7
) -> Forest | None:
    """Build the forest table of a metric, lowest first; None when no variant has a value."""
    if not has_metric(summary, key):
        return None
    metric = METRICS[key]
    variants = ranked(summary, key)[:most_rows]
    letters, notes = variant_notes(summary, variants, key)
    axis = axis_of([m for v in variants if (m := metric_of(v, key))], summary.margin)
    look = _Look(
        key=key,
        unit=column_unit((magnitude(v, key) for v in variants), metric.base),
        axis=axis,
        verdicts=standings(summary, key),
        letters=letters,
        headings=dict(section_rows(variants)),
        mixed=metric.is_energy and len(energy_classes(summary)) > 1,
    )
    rows = tuple(_row(summary, variant, place, look) for place, variant in enumerate(variants))
    has_axis = sum(r.dot is not None for r in rows) > 1
    return Forest(
        key=key,
        title=metric.title,
        unit=look.unit.symbol + (class_suffix(summary) if metric.is_energy else ""),
        rows=rows,
        ticks=axis.ticks(most_ticks),
        logarithmic=axis.logarithmic,
        has_intervals=any(r.change.interval for r in rows),
        has_axis=has_axis,
        has_beyond=any(r.low_beyond or r.high_beyond for r in rows),
        comparing=comparing(summary, key),
        zero=axis.at(1.0),
        band=_band(axis, summary.margin),
        notes=notes,
        coverage=_coverage(variants, summary) if metric.is_energy else "",
        gain_cancels=metric.is_energy and has_axis and _gain_cancels(variants, summary),
        left_out=len(summary.variants) - len(rows),
    )


def _row(summary: CampaignSummary, variant: VariantSummary, place: int, look: _Look) -> ForestRow:
    found, judged = metric_of(variant, look.key), look.verdicts[variant.index]
    text = scaled_pm(found.mean if found else None, half_interval(variant, look.key), look.unit)
    value, _, plus_minus = text.partition(" ± ")
    bounds = _bounds(found, judged)
    low, high = bounds or (None, None)
    ratio = found.ratio if found else None
    shows = judged.key not in ("alone", "best") and ratio is not None
    return ForestRow(
        label=plain(variant.label, 120),
        letters=look.letters.get(variant.index, ()),
        runs=_runs(variant),
        value="no value" if found is None else value,
        plus_minus=plus_minus,
        mark=_class_mark(variant) if look.mixed else "",
        change=change_text(ratio, low, high) if shows else NO_CHANGE,
        standing=judged,
        dot=look.axis.at(ratio),
        low=look.axis.at(low),
        high=look.axis.at(high),
        low_beyond=low is not None and low < look.axis.low,
        high_beyond=high is not None and high > look.axis.high,
        note=_note(summary, variant, look.key),
        heading=look.headings.get(place, ""),
    )


def _bounds(found: MetricSummary | None, judged: Sign) -> tuple[float, float] | None:
    if found is None or judged.key == "best":
        return None
    if found.ratio_low is None or found.ratio_high is None:
        return None
    return found.ratio_low, found.ratio_high


def _band(axis: Axis, margin: float) -> tuple[float, float] | None:
    if margin <= 0.0:
        return None
    low, high = axis.at(1.0 - margin), axis.at(1.0 + margin)
    return None if low is None or high is None else (low, round(high - low, 2))


def _coverage(variants: Sequence[VariantSummary], summary: CampaignSummary) -> str:
    return coverage_text([f for variant in variants for f in good_figures(summary, variant)])


def _gain_cancels(variants: Sequence[VariantSummary], summary: CampaignSummary) -> bool:
    """Say whether one instrument gave all joules: the error of a model does not cancel."""
    figures = [f for variant in variants for f in good_figures(summary, variant)]
    return len({figure.meter for figure in figures}) == 1 and "estimated" not in {
        figure.measurement_class.value for figure in figures
    }


def _class_mark(variant: VariantSummary) -> str:
    return CLASS_MARKS.get(variant.energy_class, "") if variant.energy_class else ""


def _runs(variant: VariantSummary) -> str:
    return str(variant.ok) if variant.ok == variant.trials else f"{variant.ok} of {variant.trials}"


def _note(summary: CampaignSummary, variant: VariantSummary, key: str) -> str:
    """Say why a variant has no value, or no change: the reason stands where the dot would."""
    found = metric_of(variant, key)
    if found is not None:
        standing = found.standing
        return plain(standing.reason, 160) if standing and standing.reason else ""
    for trial in reversed(summary.trials_of(variant.index)):
        reason = trial.reason or (trial.energy_missing if METRICS[key].is_energy else None)
        if reason:
            return plain(reason, 160)
    return ""
