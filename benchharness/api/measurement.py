"""What a measurement came to: figures, and one line for people."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchharness.errors import UsageError
from benchharness.units import format_bytes, format_duration, format_pm

if TYPE_CHECKING:
    from benchharness.api.recording import Recorded
    from benchharness.model import Caution, EnergyFigure, Quantity, TrialSummary

_ENOUGH_READINGS = 10
_SHORT = ("repeat the work inside a longer window", "fell into the window")
# Remedies are worded for the command line; here an argument stands in the option's place.
_WORDS = (
    ("set --idle to", "set idle_s to"),
    ("set --idle", "set idle_s="),
    ("(--meter)", "(meter=NAME)"),
)


class Measurement:
    """A measured block. Its figures are there once the block has ended.

    ``calls``: how often the work was done in the window; ``per_call`` divides by it. A ``with``
    block that loops may set it.
    """

    def __init__(self, label: str, calls: int = 1, *, rests: bool = True) -> None:
        self.label = label
        self.calls = calls
        self._rests = rests  # else nobody wanted net energy
        self._recorded: Recorded | None = None

    def take(self, recorded: Recorded) -> None:
        """Take what was recorded."""
        self._recorded = recorded

    @property
    def trial(self) -> TrialSummary:
        """Return everything that was derived. Raises UsageError before the block has ended."""
        if self._recorded is None:
            raise UsageError(
                f"measurement {self.label!r} has not ended",
                remedy="read its figures after the with block",
            )
        return self._recorded.trial

    @property
    def campaign_id(self) -> str | None:
        """Return the campaign in the results file, if there is one."""
        return None if self._recorded is None else self._recorded.campaign_id

    @property
    def duration_s(self) -> float:
        """Return the seconds of the window."""
        return self.trial.duration_s or 0.0

    @property
    def cpu_s(self) -> float | None:
        """Return CPU seconds of this process and of its children that ended in the window."""
        return self.trial.cpu_s

    @property
    def memory_peak_bytes(self) -> int | None:
        """Return the most resident memory of this process in the window."""
        return self.trial.memory_peak_bytes

    @property
    def energy(self) -> EnergyFigure | None:
        """Return the energy by the first meter, None where it is not known."""
        return self.trial.energy

    figure = energy

    @property
    def energy_missing(self) -> str | None:
        """Return why there is no energy, in a sentence."""
        reason = self.trial.energy_missing
        failed = [each.message for each in self.trial.cautions if each.code == "meter-failed"]
        if reason is not None and failed:
            return f"{reason}: {failed[0]}"
        if reason is None or not any(words in reason for words in _SHORT):
            return reason
        return f"{reason.partition(': repeat')[0]}: repeat the work, {self._how_often()}"

    @property
    def other_energy(self) -> tuple[EnergyFigure, ...]:
        """Return the energies by the other meters."""
        return self.trial.other_energy

    @property
    def power_w(self) -> float | None:
        """Return the mean power in the window."""
        if self.energy is None or self.duration_s <= 0.0:
            return None
        return self.energy.gross_j.value / self.duration_s

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """Return what to know about the figures, with remedies in the words of this interface."""
        left_out = {"energy-missing"} | (set() if self._rests else {"no-idle"})
        return tuple(_worded(each) for each in self.trial.cautions if each.code not in left_out)

    def per_call_j(self, *, net: bool = True) -> Quantity | None:
        """Return the energy of one of ``calls`` calls, net if it is known and asked for."""
        quantity = _counts(self.energy, net=net)
        if quantity is None:
            return None
        u = quantity.expanded_u
        return replace(
            quantity,
            value=quantity.value / self.calls,
            expanded_u=None if u is None else u / self.calls,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON knows them; missing is None."""
        energy = self.energy
        net = None if energy is None else energy.net_j
        return {
            "label": self.label,
            "calls": self.calls,
            "status": self.trial.status.value,
            "duration_s": self.duration_s,
            "cpu_s": self.cpu_s,
            "memory_peak_bytes": self.memory_peak_bytes,
            "power_w": self.power_w,
            "energy_gross_j": None if energy is None else energy.gross_j.value,
            "energy_gross_u_j": None if energy is None else energy.gross_j.expanded_u,
            "energy_net_j": None if net is None else net.value,
            "energy_net_u_j": None if net is None else net.expanded_u,
            "energy_class": None if energy is None else energy.measurement_class.value,
            "energy_method": None if energy is None else energy.method,
            "meter": None if energy is None else energy.meter,
            "energy_missing": self.energy_missing,
            "cautions": [each.line() for each in self.cautions],
        }

    def __str__(self) -> str:
        if self._recorded is None:
            return f"{self.label}: not measured yet"
        parts = [format_duration(self.duration_s)]
        if self.calls != 1:
            parts[0] += f" for {self.calls} calls"
        parts.append(self._energy_words())
        if self.cpu_s is not None:
            parts.append(f"CPU {format_duration(self.cpu_s)}")
        if self.memory_peak_bytes is not None:
            parts.append(format_bytes(self.memory_peak_bytes))
        reason = self.trial.reason
        return f"{self.label}: {', '.join(parts)}" + (f" [{reason}]" if reason else "")

    __repr__ = __str__

    def _energy_words(self) -> str:
        energy = self.energy
        if energy is None:
            return f"no energy ({self.energy_missing})"
        counts = energy.net_j or energy.gross_j
        kind = "net" if energy.net_j is not None else "gross"
        words = f"{joules(counts)} {kind}"
        per_call = self.per_call_j()
        if self.calls != 1 and per_call is not None:
            words += f" ({joules(per_call)} a call)"
        how = f"{energy.measurement_class.value} by {energy.meter}"
        return f"{words} at {format_pm(self.power_w, None)} W, {how}"

    def _how_often(self) -> str:
        """Say how often the work must be repeated for the meter to see it."""
        period_s = None if self._recorded is None else self._recorded.period_s
        each_s = self.duration_s / self.calls
        if period_s is None or each_s <= 0.0:
            return "with @measure(repeat=N) or a loop in the block"
        enough = math.ceil(_ENOUGH_READINGS * period_s / each_s)
        return f"{enough} times or more, with @measure(repeat={enough}) or a loop in the block"


def joules(quantity: Quantity) -> str:
    """Return ``value ± U`` in a unit that reads well: J, mJ, µJ, kJ."""
    from benchharness.report.text import column_unit, scaled_pm

    unit = column_unit([max(abs(quantity.value), quantity.expanded_u or 0.0)], "J")
    text = scaled_pm(quantity.value, quantity.expanded_u, unit)
    return f"({text}) {unit.symbol}" if "±" in text else f"{text} {unit.symbol}"


def _counts(energy: EnergyFigure | None, *, net: bool) -> Quantity | None:
    if energy is None:
        return None
    return energy.net_j if net and energy.net_j is not None else energy.gross_j


def _worded(caution: Caution) -> Caution:
    remedy = caution.remedy
    for of_the_command, here in _WORDS:
        remedy = None if remedy is None else remedy.replace(of_the_command, here)
    return replace(caution, remedy=remedy)
