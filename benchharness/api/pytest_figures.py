"""The energy of one benchmark: per call, as pytest-benchmark's times are, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchharness.api.measurement import Measurement
from benchharness.api.pytest_window import Rounds
from benchharness.energy.advice import window_for
from benchharness.energy.systematic import gross_terms_j, net_terms_j
from benchharness.meters.base import Meter
from benchharness.model import EnergyFigure, Quantity

NOT_RUN = "the fixture has run no round"
FORMAT = 1
_READINGS = 10  # that a window should hold
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class BenchmarkEnergy:
    """What stands in ``extra_info["energy"]``. Joules of the window unless ``per_call`` is said.

    ``share`` is the part of the window that the rounds themselves fill; the rest is set-up and
    pytest-benchmark's own work, whose joules are in the figure. ``window_wanted_s`` is how long
    the window would have to be.
    """

    format: int = FORMAT
    missing: str | None = None
    per_call_j: float | None = None
    per_call_u_j: float | None = None
    kind: str | None = None  # of per_call_j: "net" or "gross"
    gross_j: float | None = None
    gross_u_j: float | None = None
    net_j: float | None = None
    net_u_j: float | None = None
    k: float | None = None
    power_w: float | None = None
    idle_power_w: float | None = None
    window_s: float | None = None
    rounds: int | None = None
    iterations: int | None = None
    share: float | None = None
    meter: str | None = None
    target: str | None = None
    measurement_class: str | None = None
    method: str | None = None
    coverage: float | None = None
    gross_terms_j: Mapping[str, float] = field(default_factory=dict)
    net_terms_j: Mapping[str, float] = field(default_factory=dict)
    window_wanted_s: float | None = None
    cautions: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {**asdict(self), "cautions": list(self.cautions)}


def judged(measured: Measurement, rounds: Rounds, meters: Sequence[Meter]) -> BenchmarkEnergy:
    """Return the energy of a benchmark's window; None where it would say nothing."""
    window_s = measured.duration_s
    about: dict[str, Any] = {
        "window_s": window_s,
        "rounds": rounds.count,
        "iterations": rounds.iterations,
        "share": min(1.0, rounds.busy_s / window_s) if window_s > 0 else None,
    }
    figure = measured.energy
    if figure is None:
        wanted_s = _ten_readings_s(meters)
        reason = (measured.trial.energy_missing or "").partition(": repeat")[0]
        if "window" in reason:
            reason += f": {longer(wanted_s)}"
        return BenchmarkEnergy(missing=reason, window_wanted_s=wanted_s, **about)
    counts = figure.net_j or figure.gross_j
    if counts.expanded_u is not None and counts.expanded_u >= abs(counts.value):
        wanted_s = _wanted_s(figure, window_s, meters)
        reason = f"its uncertainty is as large as itself in {window_s:.1f} s: {longer(wanted_s)}"
        return BenchmarkEnergy(missing=reason, window_wanted_s=wanted_s, **about)
    return _known(figure, counts, rounds, _said(measured, about["share"]), about)


def _known(
    figure: EnergyFigure,
    counts: Quantity,
    rounds: Rounds,
    cautions: tuple[str, ...],
    about: dict[str, Any],
) -> BenchmarkEnergy:
    net, u, calls = figure.net_j, counts.expanded_u, rounds.calls
    return BenchmarkEnergy(
        per_call_j=counts.value / calls,
        per_call_u_j=None if u is None else u / calls,
        kind="gross" if net is None else "net",
        gross_j=figure.gross_j.value,
        gross_u_j=figure.gross_j.expanded_u,
        net_j=None if net is None else net.value,
        net_u_j=None if net is None else net.expanded_u,
        k=counts.k,
        power_w=figure.gross_j.value / about["window_s"],
        idle_power_w=None if figure.idle_power_w is None else figure.idle_power_w.value,
        meter=figure.meter,
        target=figure.target,
        measurement_class=figure.measurement_class.value,
        method=figure.method,
        coverage=figure.coverage,
        gross_terms_j=dict(gross_terms_j(figure)),
        net_terms_j=dict(net_terms_j(figure)),
        cautions=cautions,
        **about,
    )


def longer(wanted_s: float | None) -> str:
    """Say how to get a longer window."""
    if wanted_s is None:
        return "use --benchmark-max-time, or more rounds in pedantic()"
    whole_s = math.ceil(wanted_s)
    return f"use --benchmark-max-time={whole_s}, or rounds of {whole_s} s in all in pedantic()"


def _said(measured: Measurement, share: float | None) -> tuple[str, ...]:
    told = [each.line() for each in measured.cautions]
    if share is not None and share < _MOSTLY:
        told.append(
            f"{100 * (1 - share):.0f} % of the window lie between the rounds, and their joules are "
            "in the figure; shorten what setup does, or lengthen the rounds"
        )
    return tuple(told)


def _wanted_s(figure: EnergyFigure, window_s: float, meters: Sequence[Meter]) -> float | None:
    counts = figure.net_j or figure.gross_j
    by_budget_s = window_for(figure.terms_j, window_s, counts.value, figure.method)
    known = [each for each in (by_budget_s, _ten_readings_s(meters)) if each is not None]
    return max(known, default=None)


def _ten_readings_s(meters: Sequence[Meter]) -> float | None:
    period_s = meters[0].capabilities().period_s if meters else None
    return None if period_s is None else _READINGS * period_s
