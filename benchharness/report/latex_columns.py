"""The columns of the comparison in LaTeX: a value and its ± stand in two S columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.energy_flags import marked_runs
from benchharness.report.latex_change import change_columns
from benchharness.report.latex_numbers import (
    PLUS_MINUS,
    LatexColumn,
    pair_columns,
    unit_si,
    value_and_half,
)
from benchharness.report.latex_text import escape
from benchharness.report.metrics import (
    CLASS_MARKS,
    METRICS,
    class_suffix,
    compared_key,
    energy_classes,
    half_interval,
    has_metric,
    magnitude,
    metric_of,
)
from benchharness.report.text import (
    KILOBYTE,
    column_unit,
    number,
    plain,
)


def table_columns(
    summary: CampaignSummary, variants: Sequence[VariantSummary]
) -> list[LatexColumn]:
    """Return time, energy and what they are compared by, as far as any variant has them."""
    suffix = class_suffix(summary)
    columns = [
        *_names(variants),
        _metric_column(summary, variants, "duration_s", ""),
        _metric_column(summary, variants, "energy_gross_j", suffix),
        _metric_column(summary, variants, "energy_net_j", suffix),
        *change_columns(summary, variants, compared_key(summary)),
    ]
    return [c for c in columns if c is not None]


def resource_columns(
    summary: CampaignSummary, variants: Sequence[VariantSummary]
) -> list[LatexColumn]:
    """Return memory, CPU and sizes; nothing where no variant has any."""
    columns = [
        _metric_column(summary, variants, "memory_peak_bytes", ""),
        _text_column("r", "CPU", variants, lambda v: _mean(v, "cpu_percent"), r"\si{\percent}"),
        _text_column("r", "Module", variants, _module, unit_si(KILOBYTE)),
    ]
    found = [c for c in columns if c is not None]
    return [c for c in (*_names(variants), *found) if c is not None] if found else []


def _names(variants: Sequence[VariantSummary]) -> list[LatexColumn | None]:
    return [
        _text_column("l", "Variant", variants, lambda v: escape(plain(v.label, 80))),
        _text_column("r", "$n$", variants, lambda v: str(v.ok)),
    ]


def _module(variant: VariantSummary) -> str:
    size = variant.module_bytes
    return "" if size is None else number(size / KILOBYTE.factor)


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
    return LatexColumn(spec, head, unit, cells)


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
    spec, cells = pair_columns(pairs, marks)
    span = r"\multicolumn{2}{c}" if PLUS_MINUS in spec else ""
    head, under = metric.title, f"{unit_si(unit)}{escape(suffix)}"
    return LatexColumn(spec, f"{span}{{{head}}}", f"{span}{{{under}}}", tuple(cells))


def _mean(variant: VariantSummary, key: str) -> str:
    metric = metric_of(variant, key)
    return "" if metric is None else number(metric.mean, 2)
