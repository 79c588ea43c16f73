"""Figures that a trial was given, where another program measured it: nothing is there to derive.

An import has no readings. A duration is kept to its last digit (a call may take nanoseconds),
and the energy of a benchmark with the budget that it was worked out with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.model import (
    EnergyEstimate,
    EnergyFigure,
    Factors,
    MeasurementClass,
    Quantity,
)
from benchharness.report.derive_energy import TrialEnergy
from benchharness.store.records import TrialResult

DURATION = "given_duration_s"  # the names in a trial's details
ENERGY = "given_energy"
MISSING = "given_energy_missing"
LABEL = "label"


def given_duration_s(result: TrialResult) -> float | None:
    """Return the duration that the trial was given, in seconds."""
    value = result.details.get(DURATION)
    return None if value is None else float(value)


def given_energy(result: TrialResult) -> TrialEnergy | None:
    """Return the energy that the trial was given, or why it has none; None if it is to derive."""
    given = result.details.get(ENERGY)
    if given is not None:
        return TrialEnergy(_figure(given), None, (), ())
    missing = result.details.get(MISSING)
    return None if missing is None else TrialEnergy(None, str(missing), (), ())


def given_label(factors: Factors) -> str | None:
    """Return how a variant is called that the campaign's plan did not know: its own label first."""
    if LABEL not in factors:
        return None
    others = [f"{name}={value}" for name, value in factors.items() if name != LABEL]
    return " ".join([str(factors[LABEL]), *others])


def _figure(given: Mapping[str, Any]) -> EnergyFigure:
    gross, net = _quantity(given, "gross"), _quantity(given, "net")
    assert gross is not None
    terms_j = given["net_terms_j"] if net is not None else given["gross_terms_j"]
    u_j = sum(u * u for u in given["gross_terms_j"].values()) ** 0.5
    method = str(given["method"])
    idle_w = given.get("idle_power_w")
    return EnergyFigure(
        gross_j=gross,
        net_j=net,
        method=method,
        meter=str(given["meter"]),
        target=str(given["target"]),
        measurement_class=MeasurementClass(given["measurement_class"]),
        idle_power_w=None if idle_w is None else Quantity(float(idle_w)),
        dominant_term=max(terms_j, key=lambda name: terms_j[name], default=None),
        terms_j=terms_j,
        coverage=given.get("coverage"),
        estimates=(EnergyEstimate(method, gross.value, u_j, given["gross_terms_j"]),),
        net_missing=None if net is not None else "only gross energy was measured",
    )


def _quantity(given: Mapping[str, Any], kind: str) -> Quantity | None:
    value = given.get(f"{kind}_j")
    return None if value is None else Quantity(value, given.get(f"{kind}_u_j"), given.get("k"))
