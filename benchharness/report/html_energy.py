"""What stands behind the joules: the budget, every method, every other meter."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, EnergyFigure, Status, VariantSummary
from benchharness.report.metrics import energy_key, ranked
from benchharness.report.text import DASH, Unit, column_unit, number, plain
from benchharness.units import format_si


@dataclass(frozen=True, slots=True)
class Term:
    """One source of uncertainty: joules, per cent of the energy, and its bar's length."""

    name: str
    text: str
    percent: str
    width: float


@dataclass(frozen=True, slots=True)
class Methods:
    """Gross energy by every method: a row a variant, its figure, and each method against it."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[MethodCell, ...]], ...]  # variant, figure, cells


@dataclass(frozen=True, slots=True)
class MethodCell:
    """One method's mean energy and its distance from the figure; ``used`` if it is the figure."""

    energy: str
    difference: str
    used: bool


def budget(summary: CampaignSummary) -> tuple[str, list[Term]] | None:
    """Return the standard uncertainty of a run of the best variant by source, largest first."""
    key = energy_key(summary)
    if key is None:
        return None
    variant = ranked(summary, key)[0]
    figures = _figures(summary, variant)
    names = dict.fromkeys(name for f in figures for name in f.terms_j)
    if not names:
        return None
    net = key == "energy_net_j"
    energy = statistics.fmean(
        (f.net_j if net and f.net_j is not None else f.gross_j).value for f in figures
    )
    means = {n: statistics.fmean(f.terms_j.get(n, 0.0) for f in figures) for n in names}
    largest = max(means.values()) or 1.0
    terms = [
        Term(
            name=plain(name, 60).replace("_", " "),
            text=format_si(mean, "J", 2),
            percent=f"{number(100 * mean / energy, 2)} %" if energy > 0 else DASH,
            width=round(100 * mean / largest, 2),
        )
        for name, mean in sorted(means.items(), key=lambda item: -item[1])
    ]
    return plain(variant.label, 80), terms


def methods(summary: CampaignSummary, most_variants: int = 12) -> Methods | None:
    """Return the gross energy by each method, mean over good runs; None without estimates."""
    key = energy_key(summary)
    if key is None:
        return None
    found = [(v, _figures(summary, v)) for v in ranked(summary, key)[:most_variants]]
    names = list(dict.fromkeys(e.method for _, group in found for f in group for e in f.estimates))
    if len(names) < 2:
        return None
    joules = column_unit([f.gross_j.value for _, group in found for f in group], "J")
    return Methods(
        names=tuple(plain(n, 60).replace("_", " ") for n in names),
        rows=tuple(
            (
                plain(variant.label, 80),
                f"{number(statistics.fmean(f.gross_j.value for f in group) / joules.factor, 4)} "
                f"{joules.symbol}",
                tuple(_method_cell(name, group, joules) for name in names),
            )
            for variant, group in found
            if group
        ),
    )


@dataclass(frozen=True, slots=True)
class OtherMeter:
    """What another meter said of a variant's runs, mean values, with its class."""

    variant: str
    meter: str
    cls: str
    gross: str
    net: str


def other_meters(summary: CampaignSummary, most_variants: int = 12) -> list[OtherMeter]:
    """Return the figures of the meters that do not give the figure of the campaign."""
    key = energy_key(summary) or "duration_s"
    rows = []
    for variant in ranked(summary, key)[:most_variants]:
        by_meter: dict[str, list[EnergyFigure]] = {}
        for trial in summary.trials:
            if trial.variant == variant.index and trial.status is Status.OK:
                for figure in trial.other_energy:
                    by_meter.setdefault(figure.meter, []).append(figure)
        for meter, figures in by_meter.items():
            net = [f.net_j.value for f in figures if f.net_j is not None]
            rows.append(
                OtherMeter(
                    variant=plain(variant.label, 80),
                    meter=plain(meter, 60),
                    cls=figures[0].measurement_class.value,
                    gross=format_si(statistics.fmean(f.gross_j.value for f in figures), "J", 4),
                    net=format_si(statistics.fmean(net), "J", 4) if net else DASH,
                )
            )
    return rows


def _method_cell(name: str, figures: Sequence[EnergyFigure], joules: Unit) -> MethodCell:
    pairs = [(e.energy_j, f) for f in figures for e in f.estimates if e.method == name]
    if not pairs:
        return MethodCell(DASH, "", used=False)
    mean = statistics.fmean(e for e, _ in pairs)
    figure = statistics.fmean(f.gross_j.value for _, f in pairs)
    used = 2 * sum(f.method == name for f in figures) > len(figures)
    difference = f"{100 * (mean / figure - 1):+.1f} %".replace("-", "−") if figure > 0 else ""
    return MethodCell(number(mean / joules.factor, 4), "" if used else difference, used)


def _figures(summary: CampaignSummary, variant: VariantSummary) -> list[EnergyFigure]:
    return [
        t.energy
        for t in summary.trials
        if t.variant == variant.index and t.status is Status.OK and t.energy is not None
    ]
