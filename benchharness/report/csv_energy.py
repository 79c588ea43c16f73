"""energy.csv: one row a run and meter, with everything that its joules rest on."""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.model import CampaignSummary, EnergyFigure, Quantity, TrialSummary
from benchharness.report.energy_budget import figure_budget
from benchharness.report.energy_flags import cross_check, flags, gate_of, marked
from benchharness.report.several_meters import figures_of

_COLUMNS = (
    *("trial_id", "index", "variant", "meter", "target", "part_of", "class", "method", "counts"),
    *("gross_j", "gross_expanded_u_j", "net_j", "net_expanded_u_j", "k", "nu_eff"),
    *("combined_u_j", "dominant_term", "coverage", "idle_power_w", "idle_before_w"),
    *("idle_after_w", "counter_j", "integral_j", "accepted", "repaired", "rejected"),
    *("gate", "marked", "flags"),
)


def energy_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header and a row for each figure; ``counts`` is 1 for the meter that counts."""
    trials = sorted(summary.trials, key=lambda t: t.index)
    figures = [(trial, figure) for trial in trials for figure in figures_of(trial)]
    terms = list(dict.fromkeys(term for _, figure in figures for term in figure.terms_j))
    yield [*_COLUMNS, *(f"term:{term}_j" for term in terms)]
    for trial, figure in figures:
        yield [*_cells(trial, figure), *(figure.terms_j.get(term) for term in terms)]


def _cells(trial: TrialSummary, figure: EnergyFigure) -> list[object]:
    view, check, gate = figure_budget(figure), cross_check(figure), gate_of(figure)
    counted = figure is trial.energy
    each_w = figure.idle_each_w
    return [
        trial.trial_id,
        trial.index,
        trial.variant,
        figure.meter,
        figure.target,
        figure.part_of,
        figure.measurement_class.value,
        figure.method,
        int(counted),
        *_value_and_u(figure.gross_j),
        *_value_and_u(figure.net_j),
        (figure.net_j or figure.gross_j).k,
        figure.nu_eff,
        view.combined_j if view else None,
        figure.dominant_term,
        figure.coverage,
        figure.idle_power_w.value if figure.idle_power_w else None,
        each_w[0] if each_w else None,
        each_w[-1] if len(each_w) > 1 else None,
        check.counter_j if check else None,
        check.integral_j if check else None,
        gate.accepted,
        sum(gate.repaired.values()),
        sum(gate.rejected.values()),
        gate.text,
        int(marked(trial)) if counted else None,
        "; ".join(dict.fromkeys(f.code for f in flags(trial))) if counted else None,
    ]


def _value_and_u(quantity: Quantity | None) -> tuple[float | None, float | None]:
    return (None, None) if quantity is None else (quantity.value, quantity.expanded_u)
