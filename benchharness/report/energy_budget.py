"""The uncertainty budget of an energy figure as readers see it: terms, u_c, degrees of freedom, U.

After the GUM (JCGM 100:2008): u_c² = Σ u_i², U = k u_c with k from Student's t at nu_eff.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.energy.budget import (
    CLOCK,
    EDGES,
    FLOOR,
    GAIN,
    GAPS,
    IDLE_DRIFT,
    IDLE_PREFIX,
    LATENCY,
    QUANTISATION,
    SAMPLING,
    TRUNCATION,
)
from benchharness.model import CampaignSummary, EnergyFigure, Status, VariantSummary
from benchharness.report.text import plain

_NOTHING = 1e-4  # of u_c: a term below it changes no digit of U

# What each term is, in a line, for readers who have not seen the word.
MEANINGS = {
    GAIN: "the instrument's gain; the same for all runs, cancels in a ratio",
    QUANTISATION: "the steps of the readings",
    TRUNCATION: "what firmware cuts off a power",
    SAMPLING: "what happened between the readings",
    EDGES: "the start and the end of the window, which fall between readings",
    LATENCY: "readings show what was a little before",
    GAPS: "time that no reading vouches for",
    FLOOR: "readings below what the chip can see",
    CLOCK: "the time stamps",
    IDLE_DRIFT: "the idle power moved between before and after",
}
# Terms in groups that one bar can show, with the name of a colour.
GROUPS = (
    (GAIN, "lower"),
    ("steps", "io"),
    ("sampling, edges", "startup"),
    ("latency", "higher"),
    ("idle power", "muted"),
    ("gaps, floor, clock", "floor"),
)
_GROUP_OF = {
    GAIN: GAIN,
    QUANTISATION: "steps",
    TRUNCATION: "steps",
    SAMPLING: "sampling, edges",
    EDGES: "sampling, edges",
    LATENCY: "latency",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One term: its standard uncertainty in joules, and relative to the combined one (0 to 1).

    ``nu`` are its degrees of freedom, None for infinite: a bound that is taken as known.
    """

    name: str
    u_j: float
    of_combined: float
    nu: float | None = None

    @property
    def meaning(self) -> str:
        """Return what the term is, in words; empty for one that is not known here."""
        if self.name.startswith(IDLE_PREFIX) and self.name != IDLE_DRIFT:
            of = MEANINGS.get(self.name.removeprefix(IDLE_PREFIX))
            return f"of the idle power: {of}" if of else ""
        return MEANINGS.get(self.name, "")

    @property
    def of_variance(self) -> float:
        """Return the term's share of u_c², 0 to 1: the shares add up to 1."""
        return self.of_combined**2


@dataclass(frozen=True, slots=True)
class BudgetView:
    """The budget of one run's energy, net where there is one; the largest term first."""

    of: str  # "net energy" or "gross energy"
    energy_j: float
    lines: tuple[Line, ...]
    combined_j: float
    nu_eff: float | None  # None for infinite
    k: float | None
    expanded_j: float | None

    @property
    def dominant(self) -> Line | None:
        """Return the largest term."""
        return self.lines[0] if self.lines else None

    @property
    def relative(self) -> float | None:
        """Return U over the energy, None where that is not above zero."""
        if self.expanded_j is None or self.energy_j <= 0.0:
            return None
        return self.expanded_j / self.energy_j

    def groups(self) -> dict[str, float]:
        """Return the shares of u_c² by group of terms, 0 to 1 each."""
        shares = dict.fromkeys((name for name, _ in GROUPS), 0.0)
        for line in self.lines:
            shares[group_of(line.name)] += line.of_variance
        return shares


def group_of(term: str) -> str:
    """Return the group of a term."""
    if term.startswith(IDLE_PREFIX):
        return "idle power"
    return _GROUP_OF.get(term, "latency" if "puls" in term or "lag" in term else GROUPS[-1][0])


def figure_budget(figure: EnergyFigure) -> BudgetView | None:
    """Return the budget behind a figure, None where it carries no term."""
    terms = {name: u for name, u in figure.terms_j.items() if u > 0.0}
    if not terms:
        return None
    combined_j = math.hypot(*terms.values())
    energy = figure.net_j or figure.gross_j
    return BudgetView(
        of="gross energy" if figure.net_j is None else "net energy",
        energy_j=energy.value,
        lines=tuple(
            Line(plain(name, 60).replace("_", " "), u, u / combined_j, figure.nu.get(name))
            for name, u in sorted(terms.items(), key=lambda item: -item[1])
            if u >= _NOTHING * combined_j
        ),
        combined_j=combined_j,
        nu_eff=figure.nu_eff,
        k=energy.k,
        expanded_j=energy.expanded_u,
    )


def typical(figures: Sequence[EnergyFigure]) -> BudgetView | None:
    """Return the budget of the run with the (lower) median uncertainty.

    A run that was made, not a mean of terms, so that its numbers belong together.
    """
    found = [view for figure in figures if (view := figure_budget(figure)) is not None]
    found.sort(key=lambda view: view.combined_j)
    return found[(len(found) - 1) // 2] if found else None


def good_figures(summary: CampaignSummary, variant: VariantSummary) -> list[EnergyFigure]:
    """Return the figures of a variant's good runs."""
    return [
        trial.energy
        for trial in summary.trials_of(variant.index)
        if trial.status is Status.OK and trial.energy is not None
    ]
