"""The comparison table as rows of text cells. Nothing is printed here.

One model serves the terminal, Markdown and HTML: a column that is empty for every variant is
dropped, and a narrow page gives up the least important columns first and says which.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from benchharness.model import CampaignSummary, MeasurementClass, VariantSummary
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import MARK, coverage_text, marked_runs
from benchharness.report.groups import groups, heading, sections, workloads
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
    standings,
)
from benchharness.report.text import (
    DASH,
    KILOBYTE,
    Unit,
    column_unit,
    half_width,
    number,
    plain,
    ratio_text,
    scaled_pm,
)

GAP = 2  # blanks between columns


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its two header lines, and how much it matters when room is short."""

    key: str
    title: str
    unit: str = ""
    left: bool = False
    importance: int = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its tone: "", best, higher, undecided, muted or caution."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns, with the notes that belong under them.

    ``sections`` are the headings between the rows: the row that each stands above, and its text.
    ``narrow`` says the same in another arrangement, for where this one has no room.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=())
    sections: tuple[tuple[int, str], ...] = ()
    narrow: Table | None = None

    def heading_above(self, row: int) -> str:
        """Return the heading that stands above a row, "" where there is none."""
        return next((text for place, text in self.sections if place == row), "")


Maker = Callable[[VariantSummary], Cell]


def comparison_table(summary: CampaignSummary, label_limit: int = 60) -> Table:
    """Build the comparison table, best variant first.

    Raises nothing: a campaign without a good trial gives rows of dashes.
    """
    key = headline_key(summary)
    variants = ranked(summary, key)
    specs = _specs(summary, key, label_limit)
    kept = []
    for column, make in specs:
        cells = [make(v) for v in variants]
        if column.key == "variant" or any(c.text not in ("", DASH) for c in cells):
            kept.append((column, cells))
    return Table(
        caption=f"{plain(summary.title)}: {len(summary.trials)} runs",
        columns=tuple(column for column, _ in kept),
        rows=tuple(zip(*(cells for _, cells in kept), strict=True)) if variants else (),
        notes=_notes(summary),
        sections=section_rows(variants),
    )


def comparison_tables(summary: CampaignSummary) -> list[tuple[str, Table]]:
    """Return the comparison table of each workload under its heading, "" where there is one only.

    What is to be noted of all of them stands under the last one.
    """
    found = [(s.heading, comparison_table(s.summary)) for s in sections(summary)]
    shared = [n for n in found[-1][1].notes if all(n in table.notes for _, table in found)]
    return [
        (heading, replace(table, notes=tuple(n for n in table.notes if n not in shared)))
        for heading, table in found[:-1]
    ] + found[-1:]


def section_rows(variants: Sequence[VariantSummary]) -> tuple[tuple[int, str], ...]:
    """Return the headings between variants in the order of their groups; none for one group."""
    found = groups(variants)
    if len(found) < 2:
        return ()
    several = len(workloads(variants)) > 1
    starts = itertools.accumulate((len(group.members) for group in found), initial=0)
    return tuple(
        (start, text)
        for start, group in zip(starts, found, strict=False)
        if (text := heading(group, several_workloads=several))
    )


def _specs(summary: CampaignSummary, key: str, label_limit: int) -> list[tuple[Column, Maker]]:
    energy = ratio_key(summary)
    by_gross = energy == "energy_gross_j" != energy_key(summary)  # net energy is shown, and unsure
    suffix = class_suffix(summary)
    specs: list[tuple[Column, Maker]] = [
        (
            Column("variant", "variant", left=True, importance=100),
            lambda v: Cell(plain(v.label, label_limit)),
        ),
        (Column("n", "runs", importance=60), _runs),
    ]
    specs += _metric_specs(summary, "duration_s", importance=95)
    specs.append(
        (
            Column("duration_ratio", "time", "× best", importance=72 if energy is None else 38),
            _ratio_maker(summary, "duration_s"),
        )
    )
    importance = 92 if by_gross else 40
    specs += _metric_specs(summary, "energy_gross_j", importance=importance, suffix=suffix)
    specs += _metric_specs(summary, "energy_net_j", importance=90, suffix=suffix)
    if energy is not None:
        specs.append(
            (
                Column(
                    "energy_ratio",
                    "gross energy" if by_gross else "energy",
                    "× best",
                    importance=70,
                ),
                _ratio_maker(summary, energy),
            )
        )
        specs.append((Column("coverage", "coverage", "%", importance=42), _coverage_maker(summary)))
    specs += _metric_specs(summary, "memory_peak_bytes", importance=65)
    specs.append((Column("cpu_percent", "CPU", "%", importance=45), _cpu))
    specs.append(
        (
            Column("module_bytes", "module", KILOBYTE.symbol, importance=44),
            lambda v: _size(v.module_bytes, KILOBYTE),
        )
    )
    specs.append(
        (
            Column("verdict", METRICS[key].title.lower(), "verdict", left=True, importance=68),
            _verdict_maker(summary, key),
        )
    )
    return specs


def _metric_specs(
    summary: CampaignSummary, key: str, importance: int, suffix: str = ""
) -> list[tuple[Column, Maker]]:
    if not has_metric(summary, key):
        return []
    metric = METRICS[key]
    unit = column_unit((magnitude(v, key) for v in summary.variants), metric.base)
    mixed = len(energy_classes(summary)) > 1

    def make(variant: VariantSummary) -> Cell:
        found = metric_of(variant, key)
        if found is None:
            return Cell(DASH, "muted")
        text = scaled_pm(found.mean, half_interval(variant, key), unit)
        if metric.is_energy and mixed and variant.energy_class is not None:
            text = f"{text} {CLASS_MARKS.get(variant.energy_class, '')}".rstrip()
        if metric.is_energy and marked_runs(summary, variant.index):
            return Cell(f"{text} {MARK}", "caution")
        return Cell(text)

    return [(Column(key, metric.title.lower(), unit.symbol + suffix, importance=importance), make)]


def _runs(variant: VariantSummary) -> Cell:
    if variant.ok == variant.trials:
        return Cell(str(variant.ok))
    return Cell(f"{variant.ok}/{variant.trials}", "caution")


def _ratio_maker(summary: CampaignSummary, key: str) -> Maker:
    judged = standings(summary, key)

    def make(variant: VariantSummary) -> Cell:
        metric = metric_of(variant, key)
        alone = judged[variant.index].key == "alone"
        if alone or metric is None or metric.ratio is None:
            return Cell(DASH, "muted")
        return Cell(ratio_text(metric.ratio), judged[variant.index].key)

    return make


def _coverage_maker(summary: CampaignSummary) -> Maker:
    def make(variant: VariantSummary) -> Cell:
        return Cell(coverage_text(good_figures(summary, variant)))

    return make


def _cpu(variant: VariantSummary) -> Cell:
    metric = metric_of(variant, "cpu_percent")
    return Cell(DASH, "muted") if metric is None else Cell(number(metric.mean, 2))


def _size(size_bytes: int | None, unit: Unit) -> Cell:
    if size_bytes is None:
        return Cell(DASH, "muted")
    return Cell(number(size_bytes / unit.factor, 3))


def _verdict_maker(summary: CampaignSummary, key: str) -> Maker:
    judged = standings(summary, key)
    return lambda variant: Cell(judged[variant.index].text, judged[variant.index].key)


def _notes(summary: CampaignSummary) -> tuple[str, ...]:
    notes = []
    if any(v.ok == 1 for v in summary.variants):
        notes.append("one good run has no interval: its ± is missing, or the meter's alone")
    if any(half_width(m.low, m.high) for v in summary.variants for m in v.metrics.values()):
        notes.append("±: 95 % interval of the mean between runs")
    notes += instrument_notes(summary)
    classes = energy_classes(summary)
    for found in classes:
        if found is MeasurementClass.MEASURED and len(classes) == 1:
            continue
        mark = f"{CLASS_MARKS[found]}  " if len(classes) > 1 and found in CLASS_MARKS else ""
        notes.append(f"{mark}joules are {CLASS_NOTES[found]}")
    marks = marked_runs(summary)
    if marks:
        good = sum(v.ok for v in summary.variants)
        notes.append(
            f"{MARK}  {len(marks)} of {good} good runs contradict themselves: see warnings"
        )
    failed = [v for v in summary.variants if v.ok < v.trials]
    if failed:
        notes.append("runs a/b: a good ones of b; only good runs count")
    if has_metric(summary, "cpu_percent"):
        notes.append("CPU: 100 % is one core")
    return tuple(notes)


def find_column(columns: Sequence[Column], key: str) -> int | None:
    """Return the place of a column, None where the table has none."""
    return next((i for i, c in enumerate(columns) if c.key == key), None)
