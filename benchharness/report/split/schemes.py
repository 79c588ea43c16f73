"""Variants of split learning in words: which scheme, with what alpha, under which conditions.

Schemes that ran over the same links, with the same devices and data, are compared in one figure;
everything else that varies is a condition, and each has a figure of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.model import VariantSummary
from benchharness.report.groups import level_of
from benchharness.report.text import plain

SCHEME, ALPHA, ARES = "scheme", "alpha", "ares"
_PLACES = {"cut": "cut ", "cuts": "cuts "}  # of schemes that do not choose
# What a scheme chooses or does: all of it is compared, none of it is a condition.
_CHOICES = frozenset(
    {
        *(SCHEME, ALPHA, "cut", "cuts", "rule", "normalise", "waiting_energy", "server_energy"),
        *("smoothing", "hysteresis", "activations", "gradients", "profile"),
        *("least_cut", "server_watts"),
    }
)
_LABEL_LIMIT = 34


@dataclass(frozen=True, slots=True)
class Scheme:
    """A variant as a point of a figure.

    ``line`` joins the points that differ in alpha alone, "" for schemes that choose nothing;
    ``condition`` is what it ran under, "" where that is the same for all.
    """

    variant: VariantSummary
    label: str
    alpha: float | None
    line: str
    condition: str


def schemes(variants: Sequence[VariantSummary]) -> list[Scheme]:
    """Return the variants as schemes, those that choose first, by alpha.

    Conditions and lines keep the order of the run table.
    """
    varied = _varied(variants)
    choices = [n for n in varied if n in _CHOICES and n not in (SCHEME, ALPHA, *_PLACES)]
    conditions = [name for name in varied if name not in _CHOICES]
    found = [_scheme(variant, choices, conditions) for variant in variants]
    under = list(dict.fromkeys(scheme.condition for scheme in found))
    lines = list(dict.fromkeys(scheme.line for scheme in found))
    return sorted(
        found,
        key=lambda s: (
            under.index(s.condition),
            not s.line,
            lines.index(s.line),
            _order(s.alpha) if s.line else 0.0,
        ),
    )


def _order(alpha: float | None) -> float:
    return math.inf if alpha is None else alpha


def _varied(variants: Sequence[VariantSummary]) -> list[str]:
    """Return the factors that have several levels, in the order of the factors."""
    names = dict.fromkeys(name for variant in variants for name in variant.factors)
    levels = {n: {level_of(v, n) for v in variants} - {None} for n in names}
    return [name for name in names if len(levels[name]) > 1]


def _scheme(variant: VariantSummary, choices: Iterable[str], conditions: Iterable[str]) -> Scheme:
    scheme = level_of(variant, SCHEME)
    alpha = _alpha(variant)
    also = _words(variant, choices)
    condition = ", ".join(_words(variant, conditions))
    if scheme is None:
        return Scheme(variant, plain(variant.label, _LABEL_LIMIT), alpha, "", condition)
    if scheme == ARES and alpha is not None:
        return Scheme(
            variant, f"α = {alpha:g}", alpha, plain(", ".join([ARES, *also]), 60), condition
        )
    places = [f"{word}{level_of(variant, n)}" for n, word in _PLACES.items() if _has(variant, n)]
    label = plain(", ".join([scheme, *places, *also]), _LABEL_LIMIT)
    return Scheme(variant, label, None, "", condition)


def _has(variant: VariantSummary, name: str) -> bool:
    """Say whether a place of the cut means anything to the scheme of a variant."""
    wanted = {"cut": ("sequential", "splitfed"), "cuts": ("fixed",)}[name]
    return level_of(variant, SCHEME) in wanted and bool(level_of(variant, name))


def _words(variant: VariantSummary, names: Iterable[str]) -> list[str]:
    levels = ((name, level_of(variant, name)) for name in names)
    return [plain(f"{name} {level}", 40) for name, level in levels if level not in (None, "")]


def _alpha(variant: VariantSummary) -> float | None:
    try:
        alpha = float(level_of(variant, ALPHA) or "")
    except ValueError:
        return None
    return alpha if math.isfinite(alpha) else None
