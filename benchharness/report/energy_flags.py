"""The flags of a run's energy: what became of the readings, in plain words with the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.energy.counter import COUNTER
from benchharness.energy.gate import ACCEPTED, NOT_NEWER, REJECTED, REPAIRED
from benchharness.energy.interior import INTERIOR_HOLD
from benchharness.model import CampaignSummary, EnergyFigure, Status, TrialSummary
from benchharness.report.text import DASH, plain

MARK = "‡"
# Codes of cautions that belong to the energy, with the words that fit a table; gravest first.
_WORDS = {
    "counter-disagrees": "counter ≠ powers",
    "meters-disagree": "meters disagree",
    "parts-exceed-whole": "parts exceed the whole",
    "energy-above-peak": "above its peak power",
    "meter-two-devices": "two devices",
    "meter-replaced": "another plug",
    "net-below-zero": "net below zero",
    "net-below-uncertainty": "net below its U",
    "below-floor": "below the floor",
    "low-coverage": "gaps",
    "meter-offline": "offline",
    "meter-reconnected": "reconnected",
    "meter-stale": "silence",
    "meter-relay": "relay switched",
    "counter-repaired": "counter repaired",
    "meter-counter": "counter went back",
    "meter-clock": "clock jump",
    "gate-rejected": "readings rejected",
    "readings-rejected": "messages rejected",
    "idle-drift": "idle drift",
    "no-idle": "no idle power",
    "idle-short": "short idle",
    "idle-once": "idle once",
    "short-window": "short window",
    "energy-missing": "a meter without energy",
    "meter-source": "other source",
    "meter-period": "other period",
}
_MARKING = frozenset(
    {
        *("counter-disagrees", "meters-disagree", "parts-exceed-whole", "energy-above-peak"),
        *("meter-two-devices", "meter-replaced"),
    }
)
_PREFIXES = ("meter-", "readings-", "counter-", "gate-")
_NO_FLAG = frozenset({"meter-replaying"})  # the class says so already


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to know of a run's energy. ``marks``: its joules contradict each other."""

    code: str
    words: str
    message: str
    remedy: str | None
    marks: bool


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The counter against the integral of the powers, in joules, of one window and one meter."""

    counter_j: float
    integral_j: float

    @property
    def difference_j(self) -> float:
        """Return counter minus integral."""
        return self.counter_j - self.integral_j


@dataclass(frozen=True, slots=True)
class Gate:
    """What became of the readings of a run: how many, and of the others by reason."""

    accepted: int | None
    repaired: Mapping[str, int]
    rejected: Mapping[str, int]

    @property
    def notable(self) -> int:
        """Return how many were repaired or rejected, less what is harmless: two of one time."""
        harmless = self.rejected.get(NOT_NEWER.removeprefix(REJECTED), 0)
        return sum(self.repaired.values()) + sum(self.rejected.values()) - harmless

    @property
    def text(self) -> str:
        """Return ``412 accepted; repaired 1 counter reset; rejected 2 spike, 1 NaN``."""
        parts = [] if self.accepted is None else [f"{self.accepted} accepted"]
        for word, counts in (("repaired", self.repaired), ("rejected", self.rejected)):
            if counts:
                why = ", ".join(f"{count} {reason}" for reason, count in counts.items())
                parts.append(f"{word} {why}")
        return "; ".join(parts)


def flags(trial: TrialSummary) -> list[Flag]:
    """Return the flags of a run, those that mark it first."""
    order = {code: place for place, code in enumerate(_WORDS)}
    found: dict[tuple[str, str], Flag] = {}
    for caution in trial.cautions:
        if caution.code in _NO_FLAG:
            continue
        if caution.code in _WORDS or caution.code.startswith(_PREFIXES):
            words = _WORDS.get(caution.code) or plain(caution.code.replace("-", " "), 40)
            flag = Flag(
                caution.code, words, caution.message, caution.remedy, caution.code in _MARKING
            )
            found.setdefault((caution.code, caution.message), flag)
    return sorted(found.values(), key=lambda flag: order.get(flag.code, len(order)))


def marked(trial: TrialSummary) -> bool:
    """Say whether the joules of a run contradict each other, so that it carries the mark."""
    return any(caution.code in _MARKING for caution in trial.cautions)


def marked_runs(summary: CampaignSummary, variant: int | None = None) -> list[TrialSummary]:
    """Return the good runs, of one variant or of all, that carry the mark."""
    return [
        trial
        for trial in (summary.trials if variant is None else summary.trials_of(variant))
        if trial.status is Status.OK and trial.energy is not None and marked(trial)
    ]


def cross_check(figure: EnergyFigure) -> CrossCheck | None:
    """Return both ways to one energy, None where the meter has only one of them."""
    by_method = {estimate.method: estimate.energy_j for estimate in figure.estimates}
    counter_j, integral_j = by_method.get(COUNTER), by_method.get(INTERIOR_HOLD)
    if counter_j is None or integral_j is None:
        return None
    return CrossCheck(counter_j, integral_j)


def gate_of(figure: EnergyFigure) -> Gate:
    """Return what became of a figure's readings."""
    return Gate(
        accepted=figure.gate.get(ACCEPTED),
        repaired=_reasons(figure.gate, REPAIRED),
        rejected=_reasons(figure.gate, REJECTED),
    )


def all_gates(figures: Iterable[EnergyFigure]) -> Gate:
    """Return what became of the readings of several runs together."""
    totals: dict[str, int] = {}
    for figure in figures:
        for name, count in figure.gate.items():
            totals[name] = totals.get(name, 0) + count
    return Gate(totals.get(ACCEPTED), _reasons(totals, REPAIRED), _reasons(totals, REJECTED))


def coverage_text(figures: Sequence[EnergyFigure]) -> str:
    """Return the least and the largest coverage in per cent; the least is never rounded up."""
    shares = sorted(f.coverage for f in figures if f.coverage is not None)
    if not shares:
        return DASH
    ends = list(dict.fromkeys(share_text(share) for share in (shares[0], shares[-1])))
    return " to ".join(ends)


def share_text(share: float) -> str:
    """Format a coverage in per cent, cut off and not rounded: 99.96 % is not 100 %."""
    tenths = int(1000 * share + 1e-6)
    return "100" if tenths >= 1000 else f"{tenths / 10:.1f}"


def _reasons(gate: Mapping[str, int], prefix: str) -> dict[str, int]:
    found = {
        plain(name.removeprefix(prefix), 60): count
        for name, count in gate.items()
        if name.startswith(prefix) and count
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))
