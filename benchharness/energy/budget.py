"""An uncertainty budget: terms, how they combine, and the interval that they give.

After the Guide to the Expression of Uncertainty in Measurement (JCGM 100:2008, "GUM"). The unit
is that of the quantity: joules for an energy, watts for an idle power.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchharness.model import Quantity
from benchharness.stats.student import t_factor

LEVEL = 0.95

GAIN = "gain"
QUANTISATION = "quantisation"
TRUNCATION = "truncation"
SAMPLING = "sampling"
EDGES = "edges"
LATENCY = "latency"
GAPS = "gaps"
FLOOR = "floor"
CLOCK = "clock"
IDLE_PREFIX = "idle "
IDLE_DRIFT = "idle drift"

# What repeating a trial does not average out, because it has the same sign each time.
SYSTEMATIC = frozenset(
    {
        QUANTISATION,
        TRUNCATION,
        EDGES,
        LATENCY,
        FLOOR,
        IDLE_PREFIX + QUANTISATION,
        IDLE_PREFIX + LATENCY,
        IDLE_PREFIX + FLOOR,
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """One standard uncertainty, already multiplied by its sensitivity (c_i u_i of GUM 5.1.3).

    ``nu`` is infinite for a bound that is taken as known (GUM G.4.3), else the degrees of
    freedom of the readings that it was estimated from.
    """

    name: str
    u: float
    nu: float = math.inf

    def scaled(self, factor: float, prefix: str = "") -> Term:
        """Return the term times a sensitivity, under a name of its own."""
        return Term(prefix + self.name, abs(factor) * self.u, self.nu)


@dataclass(frozen=True, slots=True)
class Budget:
    """Independent terms of one quantity."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Budget:
        """Keep the terms that are not zero."""
        return cls(tuple([term for term in terms if term.u > 0.0]))

    @property
    def combined(self) -> float:
        """Return the combined standard uncertainty u_c (GUM equation 10)."""
        return math.hypot(*[term.u for term in self.terms])

    @property
    def nu_eff(self) -> float:
        """Return the effective degrees of freedom (Welch-Satterthwaite, GUM equation G.2b)."""
        combined = self.combined
        if combined == 0.0:
            return math.inf
        # Ratios first: a fourth power of joules overflows and underflows too early.
        share = sum([(term.u / combined) ** 4 / term.nu for term in self.terms])
        return math.inf if share == 0.0 else 1.0 / share

    def expanded(self, level: float = LEVEL) -> tuple[float, float]:
        """Return (U, k): U = k u_c, k from Student's t at nu_eff (GUM equation G.1d)."""
        k = t_factor(level, max(1.0, self.nu_eff))
        return k * self.combined, k

    def quantity(self, value: float, level: float = LEVEL) -> Quantity:
        """Return ``value`` with its expanded uncertainty."""
        expanded_u, k = self.expanded(level)
        return Quantity(value, expanded_u, k)

    @property
    def dominant(self) -> str | None:
        """Return the name of the largest term, None for an empty budget."""
        return max(self.terms, key=lambda term: term.u).name if self.terms else None

    def without(self, *names: str) -> Budget:
        """Return the budget less the terms of these names."""
        return Budget(tuple([term for term in self.terms if term.name not in names]))

    def of_name(self, name: str) -> float:
        """Return the standard uncertainty of a term, 0 if the budget has none of this name."""
        return math.hypot(*(term.u for term in self.terms if term.name == name))

    def as_mapping(self) -> dict[str, float]:
        """Return the standard uncertainties by name, the largest first."""
        ordered = sorted(self.terms, key=lambda term: -term.u)
        return {term.name: term.u for term in ordered}

    def degrees_of_freedom(self) -> dict[str, float]:
        """Return the degrees of freedom by name of the terms that were estimated from readings."""
        return {term.name: term.nu for term in self.terms if math.isfinite(term.nu)}

    @classmethod
    def from_mappings(cls, terms: Mapping[str, float], nu: Mapping[str, float]) -> Budget:
        """Return the budget that ``as_mapping`` and ``degrees_of_freedom`` were taken from."""
        return cls.of(Term(name, u, nu.get(name, math.inf)) for name, u in terms.items())


def bound(name: str, half_width: float) -> Term:
    """Return the term of an error known to lie within ±``half_width``: a/√3 (GUM 4.3.7)."""
    return Term(name, abs(half_width) / math.sqrt(3.0))


def step(name: str, size: float) -> Term:
    """Return the term of a value rounded to steps of ``size``: d/√12 (GUM F.2.2.1)."""
    return Term(name, abs(size) / math.sqrt(12.0))


def two_steps(name: str, size: float) -> Term:
    """Return the term of a difference of two rounded values: q/√6."""
    return Term(name, abs(size) / math.sqrt(6.0))
