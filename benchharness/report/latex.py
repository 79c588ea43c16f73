"""The comparison as a LaTeX table: booktabs rules, siunitx columns, a caption with the method.

A fragment for ``\\input`` and, on request, a document of its own. A value and its ± stand in two
S columns, aligned at their decimal points, the uncertainty to two digits; intervals of ratios
are printed as [lo, hi], because siunitx 3.2 has no asymmetric uncertainties. pdflatex compiles
it with Debian's texlive-latex-recommended and texlive-science.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, MeasurementClass, VariantSummary
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import coverage_text, marked_runs
from benchharness.report.groups import is_divided, sections
from benchharness.report.latex_text import escape, label
from benchharness.report.metrics import (
    CLASS_MARKS,
    CLASS_NOTES,
    METRICS,
    class_suffix,
    energy_classes,
    energy_key,
    half_interval,
    has_metric,
    headline_key,
    instrument_notes,
    magnitude,
    metric_of,
    ranked,
    ratio_key,
)
from benchharness.report.table import section_rows
from benchharness.report.text import (
    DASH,
    KILOBYTE,
    Unit,
    column_unit,
    interval_text,
    number,
    plain,
    ratio_text,
    scaled_pm,
)

LATEX_UNITS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second",
    "J": r"\joule", "kJ": r"\kilo\joule", "MJ": r"\mega\joule", "mJ": r"\milli\joule",
    "µJ": r"\micro\joule", "B": r"\byte", "KiB": r"\kibi\byte", "MiB": r"\mebi\byte",
    "GiB": r"\gibi\byte", "kB": r"\kilo\byte",
}  # fmt: skip

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[margin=20mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{siunitx}
\begin{document}
"""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, which may span several of tabular's: specification, two header cells, rows."""

    spec: str
    head: str
    unit: str
    cells: tuple[str, ...]


def write_latex(
    summary: CampaignSummary, path: Path, *, standalone: bool = False, more: str = ""
) -> Path:
    """Write the table, and ``more`` after it, to ``path``.

    Raises UsageError when the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = render_latex(summary, standalone=standalone, more=more)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write the table: {error.strerror}", where=str(path), remedy="choose another"
        ) from error
    return path


def render_latex(summary: CampaignSummary, *, standalone: bool = False, more: str = "") -> str:
    """Return the table as a fragment for ``\\input``, or as a document that compiles alone.

    Each workload has a table of its own.
    """
    body = "".join(_table(part.summary, part.heading) for part in sections(summary)) + more
    return f"{PREAMBLE}{body}\\end{{document}}\n" if standalone else body


def _table(summary: CampaignSummary, heading: str) -> str:
    variants = ranked(summary, headline_key(summary))
    columns = [c for c in _columns(summary, variants) if any(cell for cell in c.cells)]
    rows = [" & ".join(c.cells[i] for c in columns) + r" \\" for i in range(len(variants))]
    for place, text in reversed(section_rows(variants)):
        above = rf"\multicolumn{{{len(columns)}}}{{l}}{{\textit{{{escape(text)}}}}} \\"
        rows[place:place] = [*([r"\addlinespace"] if place else []), above]
    return "\n".join(
        [
            f"% benchharness, campaign {escape(plain(summary.campaign_id, 40))}",
            r"% in the preamble: \usepackage{booktabs,siunitx}, siunitx 2.7 or newer",
            r"\begin{table}[htbp]",
            r"\centering",
            r"\small\setlength{\tabcolsep}{4pt}",
            f"\\caption{{{_caption(summary, heading)}}}\\smallskip",
            f"\\label{{tab:benchharness-{label(summary.campaign_id)}{_suffix(heading)}}}",
            r"\begin{tabular}{" + "\n  ".join(["", *(c.spec for c in columns)]) + "\n}",
            r"\toprule",
            " & ".join(c.head for c in columns) + r" \\",
            " & ".join(c.unit for c in columns) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _suffix(heading: str) -> str:
    return f"-{label(heading)}" if heading else ""


def _columns(summary: CampaignSummary, variants: Sequence[VariantSummary]) -> list[_Column]:
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
            _unit(KILOBYTE),
        )
    )
    return [c for c in columns if c is not None]


def _text_column(
    spec: str,
    head: str,
    variants: Sequence[VariantSummary],
    make: Callable[[VariantSummary], str],
    unit: str = "",
) -> _Column | None:
    cells = tuple(make(v) for v in variants)
    if not any(cells):
        return None
    return _Column(spec, head, unit.replace(r"\unit", r"\si"), cells)


def _metric_column(
    summary: CampaignSummary, variants: Sequence[VariantSummary], key: str, suffix: str
) -> _Column | None:
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
    return _Column(
        spec, f"{span}{{{metric.title}}}", f"{span}{{{_unit(unit)}{escape(suffix)}}}", cells
    )


def _cell(value: str, half: str, mark: str, has_half: bool) -> str:
    """Return the text of one or three of tabular's cells."""
    if not has_half:
        return (value or "{--}") + mark
    if not half:
        return f"{value or '{--}'}{mark} & & {{}}"
    return rf"{value} & $\pm$ & {half}{mark}"


def _ratio_column(variants: Sequence[VariantSummary], key: str) -> _Column | None:
    def cell(variant: VariantSummary) -> str:
        metric = metric_of(variant, key)
        if metric is None or metric.ratio_to_best is None:
            return "--"
        text = ratio_text(metric.ratio_to_best)
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


def _unit(unit: Unit) -> str:
    # \si is understood by siunitx 2 and 3; \unit only by 3.
    return rf"\si{{{LATEX_UNITS[unit.symbol]}}}"


def value_and_half(value: float | None, half: float | None, factor: float = 1.0) -> tuple[str, str]:
    """Write a value and its ±, to the same place; without ``half`` four digits and nothing."""
    text, _, half_text = scaled_pm(value, half, Unit("", factor)).partition(" ± ")
    return ("", "") if text == DASH else (text, half_text)


def table_format(numbers: Sequence[str]) -> str:
    """Return the S column's format that holds every number: digits before and after the point."""
    parts = [n.lstrip("-").partition(".") for n in numbers if n]
    before = max((len(whole) for whole, _, _ in parts), default=1)
    after = max((len(decimals) for _, _, decimals in parts), default=0)
    return f"{'-' if any(n.startswith('-') for n in numbers) else ''}{before}.{after}"


def _caption(summary: CampaignSummary, heading: str) -> str:
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
