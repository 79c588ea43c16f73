"""The forest table: each variant's mean, and a dot with its interval against the best one.

Positions are per cent of the cell's width, so that the drawing needs no script and fits any
width. The axis counts ratios to the lowest mean; it is logarithmic when they spread widely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import MARK, coverage_text, marked_runs
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
from benchharness.report.text import (
    DASH,
    column_unit,
    interval_text,
    plain,
    ratio_text,
    scaled_pm,
)

_LINEAR_UP_TO = 4.0
_BEYOND = 3.0  # an interval is drawn up to so many times the largest ratio, then has an arrow
_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_LEFT, _RIGHT = 5.0, 95.0  # per cent of the width that the axis uses


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One variant: its texts, and where its dot and its interval lie, in per cent."""

    label: str
    runs: str
    value: str
    plus_minus: str
    mark: str
    ratio: str
    interval: str
    standing: Sign
    dot: float | None
    low: float | None
    high: float | None
    low_beyond: bool  # the interval goes on outside the drawing
    high_beyond: bool
    note: str
    heading: str = ""  # what stands above the row: the kind of mode that begins here


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis at ``at`` per cent, with its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest table of one metric."""

    key: str
    title: str
    unit: str
    rows: tuple[ForestRow, ...]
    ticks: tuple[Tick, ...]
    logarithmic: bool
    has_intervals: bool
    has_axis: bool
    has_beyond: bool
    coverage: str = ""  # of the windows by readings, in per cent, where the metric is an energy


def forest(
    summary: CampaignSummary, key: str, most_rows: int = 60, most_ticks: int = 7
) -> Forest | None:
    """Build the forest table of a metric, best first; None when no variant has a value."""
    if not has_metric(summary, key):
        return None
    metric = METRICS[key]
    variants = ranked(summary, key)[:most_rows]
    unit = column_unit((magnitude(v, key) for v in variants), metric.base)
    axis = _axis(variants, key)
    mixed = metric.is_energy and len(energy_classes(summary)) > 1
    verdicts = standings(summary, key)
    headings = dict(section_rows(variants))
    rows = []
    for place, variant in enumerate(variants):
        found = metric_of(variant, key)
        text = scaled_pm(found.mean if found else None, half_interval(variant, key), unit)
        value, _, plus_minus = text.partition(" ± ")
        judged = verdicts[variant.index]
        has_ratio = found is not None and found.ratio_low is not None and judged.key != "best"
        rows.append(
            ForestRow(
                label=plain(variant.label, 120),
                runs=_runs(variant),
                value="no value" if found is None else value,
                plus_minus=plus_minus,
                mark=_marks(summary, variant, mixed=mixed) if metric.is_energy else "",
                ratio=ratio_text(found.ratio)
                if found and found.ratio and judged.key != "alone"
                else DASH,
                interval=interval_text(found.ratio_low, found.ratio_high)
                if found is not None and has_ratio
                else "",
                standing=judged,
                dot=axis.at(found.ratio) if found else None,
                low=axis.at(found.ratio_low) if found and has_ratio else None,
                high=axis.at(found.ratio_high) if found and has_ratio else None,
                low_beyond=bool(found and has_ratio and (found.ratio_low or 0) < axis.low),
                high_beyond=bool(found and has_ratio and (found.ratio_high or 0) > axis.high),
                note=_missing(summary, variant, key) if found is None else "",
                heading=headings.get(place, ""),
            )
        )
    return Forest(
        key=key,
        title=metric.title,
        unit=unit.symbol + (class_suffix(summary) if metric.is_energy else ""),
        rows=tuple(rows),
        ticks=axis.ticks(most_ticks),
        logarithmic=axis.logarithmic,
        has_intervals=any(r.interval for r in rows),
        has_beyond=any(r.low_beyond or r.high_beyond for r in rows),
        has_axis=sum(r.dot is not None for r in rows) > 1,
        coverage=_coverage(summary) if metric.is_energy else "",
    )


def _coverage(summary: CampaignSummary) -> str:
    figures = [figure for variant in summary.variants for figure in good_figures(summary, variant)]
    return coverage_text(figures)


def _marks(summary: CampaignSummary, variant: VariantSummary, *, mixed: bool) -> str:
    """Return the sign of the class where several are shown, and that of marked runs."""
    cls = CLASS_MARKS.get(variant.energy_class, "") if mixed and variant.energy_class else ""
    return f"{cls} {MARK}".strip() if marked_runs(summary, variant.index) else cls


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    logarithmic: bool

    def at(self, ratio: float | None) -> float | None:
        """Return the place of a ratio in per cent of the width, held inside the cell."""
        if ratio is None or not math.isfinite(ratio):
            return None
        low, high, value = self.low, self.high, ratio
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(ratio, self.low))
        share = (value - low) / (high - low)
        return round(min(100.0, max(0.0, _LEFT + share * (_RIGHT - _LEFT))), 2)

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Return at most ``most`` round ratios inside the axis, 1 always among them."""
        if self.logarithmic:
            for step in ((1, 2, 5), (1, 3), (1,)):
                values = [m * 10.0**e for e in range(10) for m in step]
                values = [v for v in values if self.low <= v <= self.high]
                if len(values) <= most:
                    break
            values = values[:: math.ceil(len(values) / most)]
        else:
            span = self.high - self.low
            step_size = next(s for s in _STEPS if span / s <= most - 1)
            first = math.ceil(self.low / step_size)
            values = [n * step_size for n in range(first, math.floor(self.high / step_size) + 1)]
        return tuple(Tick(at, f"{v:g}") for v in values if (at := self.at(round(v, 9))) is not None)


def _axis(variants: list[VariantSummary], key: str) -> _Axis:
    found = [m for v in variants if (m := metric_of(v, key)) is not None]
    ends = [1.0]
    for metric in found:
        ends += [
            r
            for r in (metric.ratio, metric.ratio_low, metric.ratio_high)
            if r is not None and math.isfinite(r)
        ]
    ratios = [m.ratio for m in found if m.ratio is not None]
    low, high = min(ends), min(max(ends), _BEYOND * max(ratios, default=1.0))
    low = max(low, 1 / (_BEYOND * max(ratios, default=1.0)), 0.0)
    if high > _LINEAR_UP_TO:
        return _Axis(max(0.5, min(1.0, low)), high, logarithmic=True)
    if high - low < 0.02:
        high = low + 0.02
    return _Axis(low, high, logarithmic=False)


def _runs(variant: VariantSummary) -> str:
    return str(variant.ok) if variant.ok == variant.trials else f"{variant.ok} of {variant.trials}"


def _missing(summary: CampaignSummary, variant: VariantSummary, key: str) -> str:
    """Say why a variant has no value: the reason of its last run without one."""
    for trial in reversed(summary.trials):
        if trial.variant != variant.index:
            continue
        reason = trial.reason or (trial.energy_missing if METRICS[key].is_energy else None)
        if reason:
            return plain(reason, 160)
    return ""
