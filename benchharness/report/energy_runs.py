"""What every run's joules rest on, a row a run, for the terminal and HTML alike.

Coverage, the largest term, the counter against the powers, idle before and after, readings, flags;
for a run without energy the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchharness.model import CampaignSummary, EnergyFigure, TrialSummary
from benchharness.report.energy_budget import figure_budget
from benchharness.report.energy_flags import MARK, cross_check, flags, gate_of, marked, share_text
from benchharness.report.energy_tables import dominant_text, nu_text, without_empty
from benchharness.report.metrics import class_suffix
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm

MARK_NOTE = (
    f"{MARK}  two ways to one energy contradict each other in this run: it is counted, and to be "
    "looked into (the warnings say what and the remedy)"
)
_EMPTY = Cell(DASH, "muted")


@dataclass(frozen=True, slots=True)
class _Look:
    """What all rows share: units, labels, and which energy is shown."""

    joules: Unit
    watts: Unit
    labels: Mapping[int, str]
    of_net: bool


def runs_table(summary: CampaignSummary, most: int = 400) -> Table | None:
    """Return what every run's joules rest on; None without any energy.

    Beyond ``most``, runs with an energy and without a flag are left out before others.
    """
    ended = [t for t in summary.trials if not t.status.is_pending]
    figures = [t.energy for t in ended if t.energy is not None]
    if not figures:
        return None
    kept = sorted(ended, key=lambda t: t.energy is not None and not flags(t))[:most]
    trials = sorted(kept, key=lambda t: t.index)
    look = _Look(
        joules=column_unit([f.gross_j.value for f in figures], "J"),
        watts=column_unit([w for f in figures for w in f.idle_each_w], "W"),
        labels={v.index: plain(v.label, 60) for v in summary.variants},
        of_net=any(figure.net_j is not None for figure in figures),
    )
    rows = [
        _without_energy(t, look) if t.energy is None else _row(t, t.energy, look) for t in trials
    ]
    left_out = len(ended) - len(trials)
    return without_empty(
        Table(
            "what the joules of every run rest on",
            _columns(look, class_suffix(summary)),
            tuple(rows),
            (MARK_NOTE,) if any(marked(t) for t in trials) else (),
            (f"{left_out} runs",) if left_out else (),
        )
    )


def _columns(look: _Look, suffix: str) -> tuple[Column, ...]:
    joules = look.joules.symbol
    kind = "net" if look.of_net else "gross"
    return (
        Column("run", "run", importance=100),
        Column("variant", "variant", left=True, importance=92),
        Column("energy", f"{kind} energy", f"{joules}{suffix}", importance=90),
        Column("coverage", "coverage", "%", importance=95),
        Column("dominant", "largest term", "of u_c", left=True, importance=60),
        Column("k", "k (ν_eff)", importance=30),
        Column("check", "counter | powers", f"gross, {joules}", importance=65),
        Column("idle", "idle before | after", look.watts.symbol, importance=50),
        Column("flags", "flags", left=True, importance=85),
        Column("gate", "readings", left=True, importance=40),
    )


def _row(trial: TrialSummary, figure: EnergyFigure, look: _Look) -> tuple[Cell, ...]:
    k = (figure.net_j or figure.gross_j).k
    idle = " | ".join(number(w / look.watts.factor, 3) for w in figure.idle_each_w)
    return (
        *_name(trial, look),
        _energy(figure, look),
        Cell(DASH if figure.coverage is None else share_text(figure.coverage)),
        Cell(dominant_text(figure_budget(figure))),
        Cell(f"{number(k, 3)} ({nu_text(figure.nu_eff)})") if k else _EMPTY,
        _check(trial, figure, look),
        Cell(idle or DASH),
        _flags(trial),
        Cell(gate_of(figure).text or DASH),
    )


def _without_energy(trial: TrialSummary, look: _Look) -> tuple[Cell, ...]:
    """Return the row of a run that has no energy: dashes, its flags, and the reason."""
    reason = trial.energy_missing or trial.reason or ""
    return (
        *_name(trial, look),
        *(_EMPTY for _ in range(6)),
        _flags(trial, "no energy"),
        Cell(plain(reason, 120), "caution"),
    )


def _name(trial: TrialSummary, look: _Look) -> tuple[Cell, Cell]:
    sign = f" {MARK}" if trial.energy is not None and marked(trial) else ""
    return (
        Cell(f"{trial.index + 1}{sign}", "caution" if sign else ""),
        Cell(look.labels.get(trial.variant, DASH)),
    )


def _energy(figure: EnergyFigure, look: _Look) -> Cell:
    quantity = figure.net_j if look.of_net else figure.gross_j
    if quantity is None:
        return _EMPTY
    return Cell(scaled_pm(quantity.value, quantity.expanded_u, look.joules))


def _check(trial: TrialSummary, figure: EnergyFigure, look: _Look) -> Cell:
    """Return both ways to one energy, coloured where they contradict each other."""
    check = cross_check(figure)
    if check is None:
        return _EMPTY
    both = (check.counter_j, check.integral_j)
    text = " | ".join(number(j / look.joules.factor, 4) for j in both)
    return Cell(text, "caution" if marked(trial) else "")


def _flags(trial: TrialSummary, *more: str) -> Cell:
    words = dict.fromkeys((*more, *(flag.words for flag in flags(trial))))
    return Cell("; ".join(words), "caution" if words else "")
