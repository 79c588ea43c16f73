"""Several meters at once, a row a statement: each meter, what a supply loses, who agrees, totals.

Values are means over a variant's good runs. The ± is that of one run: what instruments do wrong
they do in every run alike, so that repeating does not average it out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from benchharness.energy.targets import SupplyLoss, supply_losses
from benchharness.model import (
    CampaignSummary,
    EnergyFigure,
    Quantity,
    Status,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.derive_meters import Agreement, Total, agreements, total
from benchharness.report.energy_flags import coverage_text
from benchharness.report.energy_tables import readings_cell
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, plain, scaled_pm

_PERCENT = Unit("%", 0.01)
_Row = tuple[Cell, ...]
_Found = TypeVar("_Found")
_NOTHING = (Cell(""), Cell(""), Cell(""))  # net energy, coverage, readings of a difference


def several_meters(summary: CampaignSummary, most_variants: int = 12) -> Table | None:
    """Return what several meters say, with their differences; None where one meter was used."""
    variants = ranked(summary, headline_key(summary))[:most_variants]
    if not any(trial.other_energy for trial in summary.trials):
        return None
    joules = column_unit([f.gross_j.value for t in summary.trials for f in figures_of(t)], "J")
    rows: list[_Row] = []
    for variant in variants:
        for place, row in enumerate(_variant_rows(summary, variant, joules)):
            rows.append((Cell(row[0].text, "muted" if place else ""), *row[1:]))
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("what", "meter or difference", left=True, importance=98),
        Column("gross", "gross energy", joules.symbol, importance=95),
        Column("class", "class", left=True, importance=96),
        Column("net", "net energy", joules.symbol, importance=70),
        Column("coverage", "coverage", "%", importance=90),
        Column("readings", "readings", "not accepted", importance=40),
        Column("verdict", "which means", left=True, importance=85),
    )
    notes = ["±: U of one run; two instruments have two gains, which do not cancel in a difference"]
    reasons = dict.fromkeys(
        reason
        for trial in _good(summary)
        if (t := total(figures_of(trial)))
        for reason in t.left_out
    )
    notes += [plain(reason, 200) for reason in reasons]
    return Table("several meters", columns, tuple(rows), tuple(notes))


def figures_of(trial: TrialSummary) -> list[EnergyFigure]:
    """Return the figures of all meters of a run, the one that counts first."""
    return [*([] if trial.energy is None else [trial.energy]), *trial.other_energy]


def _variant_rows(
    summary: CampaignSummary, variant: VariantSummary, joules: Unit
) -> Iterator[_Row]:
    label = plain(variant.label, 60)
    runs = [figures_of(t) for t in summary.trials_of(variant.index) if t.status is Status.OK]
    meters = dict.fromkeys(figure.meter for figures in runs for figure in figures)
    for meter in meters:
        yield _meter_row(label, [f for fs in runs for f in fs if f.meter == meter], joules)
    for losses in _grouped(runs, supply_losses, _loss_name):
        yield _loss_row(label, losses, joules)
    for pairs in _grouped(runs, agreements, _pair_name):
        yield _pair_row(label, pairs, joules)
    totals = [found for figures in runs if (found := total(figures)) is not None]
    if totals:
        yield _total_row(label, totals, joules)


def _grouped(
    runs: Sequence[Sequence[EnergyFigure]],
    find: Callable[[Sequence[EnergyFigure]], list[_Found]],
    name: Callable[[_Found], str],
) -> list[list[_Found]]:
    """Return what was found in the runs, the same thing of all runs together."""
    by_name: dict[str, list[_Found]] = {}
    for figures in runs:
        for found in find(figures):
            by_name.setdefault(name(found), []).append(found)
    return list(by_name.values())


def _good(summary: CampaignSummary) -> list[TrialSummary]:
    return [t for t in summary.trials if t.status is Status.OK]


def _mean(quantities: Sequence[Quantity]) -> Quantity:
    known = [q.expanded_u for q in quantities if q.expanded_u is not None]
    return Quantity(
        statistics.fmean(q.value for q in quantities), statistics.fmean(known) if known else None
    )


def _pm(quantities: Sequence[Quantity], unit: Unit) -> str:
    if not quantities:
        return DASH
    mean = _mean(quantities)
    return scaled_pm(mean.value, mean.expanded_u, unit)


def _meter_row(label: str, figures: Sequence[EnergyFigure], joules: Unit) -> _Row:
    first = figures[0]
    inside = f", in {plain(first.part_of, 40)}" if first.part_of else ""
    return (
        Cell(label),
        Cell(f"{plain(first.meter, 60)} ({plain(first.target, 40)}{inside})"),
        Cell(_pm([f.gross_j for f in figures], joules)),
        Cell(first.measurement_class.value),
        Cell(_pm([f.net_j for f in figures if f.net_j is not None], joules)),
        Cell(coverage_text(figures)),
        readings_cell(figures),
        Cell(""),
    )


def _loss_row(label: str, losses: Sequence[SupplyLoss], joules: Unit) -> _Row:
    shares = [loss.share for loss in losses if loss.share is not None]
    impossible = sum(loss.impossible for loss in losses)
    lost = f"{_pm(shares, _PERCENT)} % lost" if shares else ""
    wrong = f"parts exceed the whole in {impossible} of {len(losses)} runs"
    return (
        Cell(label),
        Cell(_loss_name(losses[0])),
        Cell(_pm([loss.loss_j for loss in losses], joules)),
        Cell(losses[0].outer.measurement_class.value),
        *_NOTHING,
        Cell(wrong, "caution") if impossible else Cell(lost),
    )


def _pair_row(label: str, pairs: Sequence[Agreement], joules: Unit) -> _Row:
    apart = sum(not pair.agree for pair in pairs)
    words = "they agree" if not apart else f"they disagree in {apart} of {len(pairs)} runs"
    return (
        Cell(label),
        Cell(_pair_name(pairs[0])),
        Cell(_pm([pair.difference_j for pair in pairs], joules)),
        Cell(pairs[0].first.measurement_class.value),
        *_NOTHING,
        Cell(words, "caution" if apart else ""),
    )


def _total_row(label: str, totals: Sequence[Total], joules: Unit) -> _Row:
    return (
        Cell(label),
        Cell("total of " + ", ".join(plain(meter, 40) for meter in totals[0].meters)),
        Cell(_pm([found.energy_j for found in totals], joules), "best"),
        Cell(totals[0].measurement_class.value),
        *_NOTHING,
        Cell("no joule is in it twice"),
    )


def _loss_name(loss: SupplyLoss) -> str:
    parts = " − ".join(plain(figure.meter, 40) for figure in loss.inner)
    return f"{plain(loss.outer.meter, 40)} − {parts}"


def _pair_name(pair: Agreement) -> str:
    return f"{plain(pair.second.meter, 40)} − {plain(pair.first.meter, 40)}"
