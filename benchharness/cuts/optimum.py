"""The best cuts over alpha for one state of the link: as published, corrected, and beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchharness.cuts import published
from benchharness.cuts.costs import costs, estimate
from benchharness.cuts.optimise import best_cuts, local
from benchharness.cuts.records import (
    BoolArray,
    Costs,
    DeviceProfile,
    Estimate,
    Layers,
    Terms,
    check_alpha,
)
from benchharness.cuts.slips import Slips, as_published, believed_costs
from benchharness.errors import UsageError

AS_PUBLISHED, CORRECTED, AS_RUN, LOCAL = "as-published", "corrected", "as-run", "local"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: over which alphas, what counts, and in which forms.

    ``slips`` None leaves out the published form, ``corrected`` False the other one. ``first_cut``
    0 lets raw data be sent. ``as_run``: also the fixed cuts that the public code ran with.
    """

    alphas: tuple[float, ...]
    terms: Terms
    slips: Slips | None = None
    corrected: bool = True
    normalise: bool = True
    first_cut: int = 1
    as_run: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cuts in one form for one alpha (None: of no alpha), and what they take by the true costs.

    ``believed`` is what the published form takes them to cost, None in the others.
    """

    form: str
    alpha: float | None
    taken: Estimate
    believed: Estimate | None = None


def optimum(layers: Layers, devices: Sequence[DeviceProfile], question: Question) -> list[Row]:
    """Return the rows of each form, alpha by alpha; what was run and local training are last.

    Raises UsageError for an alpha outside [0, 1] and as ``costs`` and ``best_cuts`` do.
    """
    for alpha in question.alphas:
        check_alpha(alpha)
    if not 0 <= question.first_cut <= layers.last_cut:
        raise UsageError(
            f"cut {question.first_cut} is out of range", remedy=f"take 0 to {layers.last_cut}"
        )
    true = costs(layers, devices, question.terms)
    allowed = np.arange(true.last_cut + 1) >= question.first_cut
    allowed = np.broadcast_to(allowed, true.duration_s.shape)
    rows = []
    if question.slips is not None:
        believed = believed_costs(layers, devices, question.slips)
        rows += _published(true, believed, allowed, question, question.slips)
    if question.corrected:
        for alpha in question.alphas:
            best = best_cuts(true, alpha, normalise=question.normalise, allowed=allowed)
            rows.append(Row(CORRECTED, alpha, estimate(true, best.cuts)))
    return [*rows, Row(LOCAL, None, local(true))]


def _published(
    true: Costs, believed: Costs, allowed: BoolArray, question: Question, slips: Slips
) -> list[Row]:
    # What is sent at cut 0 the public code did not have.
    allowed = allowed & (np.arange(true.last_cut + 1) >= 1)
    rows = []
    for alpha in question.alphas:
        found = as_published(
            believed, true, alpha, slips, normalise=question.normalise, allowed=allowed
        )
        rows.append(Row(AS_PUBLISHED, alpha, found.taken, found.believed))
    if question.as_run:
        cuts = published.FIXED_CUTS
        rows.append(Row(AS_RUN, None, estimate(true, cuts), estimate(believed, cuts)))
    return rows
