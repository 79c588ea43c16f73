"""Joules and amperes with what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchharness.model.words import MeasurementClass


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its expanded uncertainty ``U = k * u_c`` (None where it is not known)."""

    value: float
    expanded_u: float | None = None
    k: float | None = None


@dataclass(frozen=True, slots=True)
class EnergyEstimate:
    """The energy of a window by one method, with its standard uncertainties by term, in joules."""

    method: str
    energy_j: float
    standard_u_j: float
    terms_j: Mapping[str, float] = field(default_factory=dict)
    readings: int = 0
    coverage: float | None = None  # share of the window that readings vouch for, 0 to 1
    nu: Mapping[str, float] = field(default_factory=dict)  # degrees of freedom, where finite


@dataclass(frozen=True, slots=True)
class EnergyFigure:
    """The energy of one trial by one meter: the figure, and what stands behind it.

    ``gate`` counts the readings of the trial by what became of them: ``accepted``,
    ``repaired: <reason>``, ``rejected: <reason>``.
    """

    gross_j: Quantity
    net_j: Quantity | None
    method: str
    meter: str
    target: str
    measurement_class: MeasurementClass
    idle_power_w: Quantity | None
    dominant_term: str | None
    terms_j: Mapping[str, float]
    coverage: float | None
    estimates: tuple[EnergyEstimate, ...] = ()
    nu_eff: float | None = None  # effective degrees of freedom behind k; None for infinite
    gate: Mapping[str, int] = field(default_factory=dict)  # readings by what became of them
    part_of: str | None = None  # the target that contains this one: their joules never add up
    nu: Mapping[str, float] = field(default_factory=dict)  # of the terms, where finite
    idle_each_w: tuple[float, ...] = ()  # the idle power before, and after, as far as known
    net_missing: str | None = None  # why net_j is None, in a sentence


@dataclass(frozen=True, slots=True)
class SupplyCurrent:
    """The mean current in a window, by one meter; ``computed`` from power and a stated voltage.

    On the mains side it is RMS and apparent: current times voltage is not the power.
    """

    current_a: float
    voltage_v: float | None
    meter: str
    computed: bool = False


@dataclass(frozen=True, slots=True)
class StartCost:
    """What lies between the start of a trial's program and its window: loading and compiling."""

    duration_s: float | None
    energy: EnergyFigure | None
    missing: str | None  # why energy is None, in a sentence
