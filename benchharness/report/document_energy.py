"""The energy part of the JSON document: the figure, its budget, its readings, several meters."""

from __future__ import annotations

from typing import Any

from benchharness.energy.targets import SupplyLoss, supply_losses
from benchharness.model import EnergyFigure, Quantity, StartCost, TrialSummary
from benchharness.report.derive_meters import Agreement, agreements, total
from benchharness.report.energy_budget import figure_budget
from benchharness.report.energy_flags import cross_check, flags, gate_of, marked


def energy_document(figure: EnergyFigure) -> dict[str, Any]:
    """Return one figure with everything that stands behind it."""
    return {
        "gross_j": quantity_document(figure.gross_j),
        "net_j": quantity_document(figure.net_j),
        "net_missing": figure.net_missing,
        "method": figure.method,
        "meter": figure.meter,
        "class": figure.measurement_class,
        "target": figure.target,
        "part_of": figure.part_of,
        "idle_power_w": quantity_document(figure.idle_power_w),
        "idle_each_w": figure.idle_each_w,
        "coverage": figure.coverage,
        "gate": _gate(figure),
        "counter_check": _counter_check(figure),
        "nu_eff": figure.nu_eff,
        "dominant_term": figure.dominant_term,
        "terms_j": figure.terms_j,
        "budget": _budget(figure),
        "estimates": [
            {
                "method": estimate.method,
                "energy_j": estimate.energy_j,
                "standard_u_j": estimate.standard_u_j,
                "terms_j": estimate.terms_j,
                "readings": estimate.readings,
                "coverage": estimate.coverage,
            }
            for estimate in figure.estimates
        ],
    }


def flags_document(trial: TrialSummary) -> dict[str, Any]:
    """Return the flags of a run's energy, and whether it is marked."""
    return {
        "marked": marked(trial),
        "flags": [
            {"code": f.code, "message": f.message, "remedy": f.remedy, "marks": f.marks}
            for f in flags(trial)
        ],
    }


def start_document(start: StartCost | None) -> dict[str, Any] | None:
    """Return what the start cost: seconds, joules gross and net, or why there are none."""
    if start is None:
        return None
    figure = start.energy
    return {
        "duration_s": start.duration_s,
        "gross_j": None if figure is None else quantity_document(figure.gross_j),
        "net_j": None if figure is None else quantity_document(figure.net_j),
        "method": None if figure is None else figure.method,
        "meter": None if figure is None else figure.meter,
        "class": None if figure is None else figure.measurement_class,
        "missing": start.missing if figure is None else figure.net_missing,
    }


def meters_document(figures: list[EnergyFigure]) -> dict[str, Any] | None:
    """Return what several meters of one run say of each other, None for one meter."""
    if len(figures) < 2:
        return None
    together = total(figures)
    return {
        "supply_losses": [_loss(loss) for loss in supply_losses(figures)],
        "agreements": [_agreement(pair) for pair in agreements(figures)],
        "total": None
        if together is None
        else {
            "gross_j": quantity_document(together.energy_j),
            "class": together.measurement_class,
            "meters": together.meters,
            "left_out": together.left_out,
        },
    }


def quantity_document(quantity: Quantity | None) -> dict[str, Any] | None:
    """Return a value with its expanded uncertainty and the factor between them."""
    if quantity is None:
        return None
    return {"value": quantity.value, "expanded_u": quantity.expanded_u, "k": quantity.k}


def _budget(figure: EnergyFigure) -> dict[str, Any] | None:
    view = figure_budget(figure)
    if view is None:
        return None
    return {
        "of": "gross_j" if figure.net_j is None else "net_j",
        "terms": [
            {
                "name": line.name,
                "standard_u_j": line.u_j,
                "of_combined": line.of_combined,
                "nu": line.nu,
            }
            for line in view.lines
        ],
        "combined_u_j": view.combined_j,
        "nu_eff": view.nu_eff,
        "k": view.k,
        "expanded_u_j": view.expanded_j,
        "expanded_u_rel": view.relative,
    }


def _gate(figure: EnergyFigure) -> dict[str, Any]:
    gate = gate_of(figure)
    return {"accepted": gate.accepted, "repaired": gate.repaired, "rejected": gate.rejected}


def _counter_check(figure: EnergyFigure) -> dict[str, Any] | None:
    check = cross_check(figure)
    if check is None:
        return None
    return {
        "counter_j": check.counter_j,
        "integral_j": check.integral_j,
        "difference_j": check.difference_j,
    }


def _loss(loss: SupplyLoss) -> dict[str, Any]:
    return {
        "outer": loss.outer.meter,
        "inner": [figure.meter for figure in loss.inner],
        "class": loss.outer.measurement_class,
        "loss_j": quantity_document(loss.loss_j),
        "share": quantity_document(loss.share),
        "impossible": loss.impossible,
    }


def _agreement(pair: Agreement) -> dict[str, Any]:
    return {
        "meters": [pair.first.meter, pair.second.meter],
        "target": pair.first.target,
        "class": pair.first.measurement_class,
        "difference_j": quantity_document(pair.difference_j),
        "agree": pair.agree,
    }
