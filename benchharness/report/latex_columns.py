"""The columns of the comparison in LaTeX: a value and its ± stand in two S columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.energy_flags import marked_runs
from benchharness.report.latex_numbers import table_format, unit_si, value_and_half
from benchharness.report.latex_text import escape
from benchharness.report.metrics import (
    CLASS_MARKS,
    METRICS,
    class_suffix,
    energy_classes,
    half_interval,
    has_metric,
    magnitude,
    metric_of,
    ratio_key,
)
from benchharness.report.text import (
    KILOBYTE,
    column_unit,
    interval_text,
    number,
    plain,
    ratio_text,
)


@dataclass(frozen=True, slots=True)
class LatexColumn:
    """A column, which may span several of tabular's: specification, two header cells, rows."""

    spec: str
    head: str
    unit: str
    cells: tuple[str, ...]


def table_columns(
    summary: CampaignSummary, variants: Sequence[VariantSummary]
) -> list[LatexColumn]:
    """Return the columns that any variant has something for, in the order of the table."""
    suffix = class_suffix(summary)
    energy = ratio_key(summary)
    columns = [
        _text_column("l", "Variant", variants, lambda v: escape(plain(v.label, 80))),
        _text_column("r", "$n$", variants, lambda v: str(v.ok)),
        _metric_column(summary, variants, "duration_s", ""),
        _metric_column(summary, variants, "energy_gross_j", suffix),
        _metric_column(summary, variants, "energy_net_j", suffix),
        _ratio_column(variants, energy or "duration_s"),
        _metric_column(summary, variants, "memory_peak_bytes", ""),
        _text_column("r", "CPU", variants, lambda v: _mean(v, "cpu_percent"), r"\unit{\percent}"),
    ]
    columns.append(
        _text_column(
            "r",
            "Module",
            variants,
            lambda v: "" if v.module_bytes is None else number(v.module_bytes / KILOBYTE.factor),
            unit_si(KILOBYTE),
        )
    )
    return [c for c in columns if c is not None]


def _text_column(
    spec: str,
    head: str,
    variants: Sequence[VariantSummary],
    make: Callable[[VariantSummary], str],
    unit: str = "",
) -> LatexColumn | None:
    cells = tuple(make(v) for v in variants)
    if not any(cells):
        return None
    return LatexColumn(spec, head, unit.replace(r"\unit", r"\si"), cells)


def _metric_column(
    summary: CampaignSummary, variants: Sequence[VariantSummary], key: str, suffix: str
) -> LatexColumn | None:
    if not has_metric(summary, key):
        return None
    metric = METRICS[key]
    unit = column_unit((magnitude(v, key) for v in variants), metric.base)
    mixed = metric.is_energy and len(energy_classes(summary)) > 1
    pairs = [
        value_and_half(m.mean, half_interval(v, key), unit.factor)
        if (m := metric_of(v, key))
        else ("", "")
        for v in variants
    ]
    marks = [
        (CLASS_MARKS.get(v.energy_class, "") if mixed and v.energy_class else "")
        + (r"\ddag" if metric.is_energy and marked_runs(summary, v.index) else "")
        for v in variants
    ]
    has_half = any(half for _, half in pairs)
    cells = tuple(
        _cell(value, half, rf"\rlap{{\textsuperscript{{{mark}}}}}" if mark else "", has_half)
        for (value, half), mark in zip(pairs, marks, strict=True)
    )
    spec = f"S[table-format={table_format([value for value, _ in pairs])}]"
    if has_half:
        spec += rf"@{{\,}}c@{{\,}}S[table-format={table_format([half for _, half in pairs])}]"
    span = r"\multicolumn{3}{c}" if has_half else ""
    return LatexColumn(
        spec, f"{span}{{{metric.title}}}", f"{span}{{{unit_si(unit)}{escape(suffix)}}}", cells
    )


def _cell(value: str, half: str, mark: str, has_half: bool) -> str:
    """Return the text of one or three of tabular's cells."""
    if not has_half:
        return (value or "{--}") + mark
    if not half:
        return f"{value or '{--}'}{mark} & & {{}}"
    return rf"{value} & $\pm$ & {half}{mark}"


def _ratio_column(variants: Sequence[VariantSummary], key: str) -> LatexColumn | None:
    def cell(variant: VariantSummary) -> str:
        metric = metric_of(variant, key)
        if metric is None or metric.ratio is None:
            return "--"
        text = ratio_text(metric.ratio)
        if metric.ratio_low is None or metric.ratio_high is None:
            return text
        ends = interval_text(metric.ratio_low, metric.ratio_high).replace(" to ", ", ")
        return f"{text} [{ends}]"

    if all(cell(variant) == "--" for variant in variants):
        return None
    return _text_column("l", "Ratio to lowest", variants, cell)


def _mean(variant: VariantSummary, key: str) -> str:
    metric = metric_of(variant, key)
    return "" if metric is None else number(metric.mean, 2)
