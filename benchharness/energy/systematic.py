"""The part of a budget that repeated trials share, and what of it a ratio keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchharness.energy.budget import FLOOR, GAIN, IDLE_PREFIX, SYSTEMATIC
from benchharness.model import EnergyFigure

_WITH_GAIN = SYSTEMATIC | {GAIN}
_LASTING = frozenset(n for n in SYSTEMATIC if n == FLOOR or n.startswith(IDLE_PREFIX))
_LASTING_WITH_GAIN = _LASTING | {GAIN}


def gross_terms_j(figure: EnergyFigure) -> Mapping[str, float]:
    """Return the budget of the gross energy: that of the estimator that was chosen."""
    return next((e.terms_j for e in figure.estimates if e.method == figure.method), {})


def net_terms_j(figure: EnergyFigure) -> Mapping[str, float]:
    """Return the budget of the net energy, empty where there is none."""
    return figure.terms_j if figure.net_j is not None else {}


def shared_u_j(terms_j: Mapping[str, float], *, with_gain: bool) -> float:
    """Return the standard uncertainty in joules that repeating a trial does not average out.

    Without the gain it is what remains in a ratio of two variants on one meter; estimates keep
    theirs, since a model of watts is not wrong by one factor for every program.
    """
    names = _WITH_GAIN if with_gain else SYSTEMATIC
    return math.hypot(*[u for name, u in terms_j.items() if name in names])


def lasting_u_j(terms_j: Mapping[str, float], *, with_gain: bool) -> float:
    """Return the part of what is shared that grows with the window, so that longer ones keep it.

    The gain, what lies below the meter's floor, and the idle power times the window. Edges,
    rounding and delays are the same joules in a longer window.
    """
    names = _LASTING_WITH_GAIN if with_gain else _LASTING
    return math.hypot(*[u for name, u in terms_j.items() if name in names])


def random_u_j(terms_j: Mapping[str, float]) -> float:
    """Return the standard uncertainty in joules that differs from trial to trial by chance."""
    return math.hypot(*[u for name, u in terms_j.items() if name not in _WITH_GAIN])
