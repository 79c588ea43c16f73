"""The best cuts, exactly: min of alpha * max of the times + (1 - alpha) * sum of the energies.

Who waits draws idle power until the slowest is done, so the sum of the energies is
sum of e_i(s_i) + w T, where T is the slowest device's time, e_i = E_i - idle_i D_i and w the sum of
all idle powers. For a given T each device takes by itself the smallest e_i among its cuts with
D_i <= T. T is one of the n (L + 1) times. Going through them upwards, only those matter at which
some device reaches a smaller e_i; the coefficient of T is not negative, so that a larger T alone
is never better. Sorting is what takes longest: O(n L log(n L)).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchharness.cuts.costs import estimate
from benchharness.cuts.records import BoolArray, Choice, Costs, Estimate, FloatArray, check_alpha
from benchharness.errors import UsageError


def best_cuts(
    costs: Costs, alpha: float, *, normalise: bool, allowed: BoolArray | None = None
) -> Choice:
    """Return the cuts with the smallest objective; of equal ones the quickest, then the thriftiest.

    ``normalise``: seconds and joules are each relative to training locally (``local``); otherwise
    alpha is per second and 1 - alpha per joule. ``allowed`` bool[n, L + 1] rules cuts out. At
    alpha 1 the least energy in the least time is chosen, at alpha 0 the least time for the least
    energy. Raises UsageError for an alpha outside [0, 1], a device without any allowed cut, and
    where there is nothing to normalise by.
    """
    check_alpha(alpha)
    per_s, per_j = weights(costs, alpha, normalise=normalise)
    duration_s, own_j = _separable(costs, allowed)
    time_weight = per_s + per_j * (float(costs.waiting_w.sum()) + costs.server_idle_w)
    chosen = _sweep(duration_s, own_j, time_weight, per_j)
    return choice_of(estimate(costs, chosen.tolist()), per_s, per_j)


def weights(costs: Costs, alpha: float, *, normalise: bool) -> tuple[float, float]:
    """Return what a second and a joule weigh in the objective."""
    check_alpha(alpha)
    if not normalise:
        return alpha, 1.0 - alpha
    reference = local(costs)
    for what, value in (("time", reference.round_s), ("energy", reference.energy_j)):
        if not (np.isfinite(value) and value > 0.0):
            raise UsageError(
                f"the {what} of training locally is {value:g}: nothing to be relative to",
                remedy="take the raw form, or times and watts above 0",
            )
    return alpha / reference.round_s, (1.0 - alpha) / reference.energy_j


def local(costs: Costs) -> Estimate:
    """Return what all devices take with all layers (cut L), which is federated learning."""
    return estimate(costs, [costs.last_cut] * len(costs.names))


def choice_of(found: Estimate, per_s: float, per_j: float) -> Choice:
    """Return an estimate as a choice with its objective."""
    objective = per_s * found.round_s + per_j * found.energy_j
    return Choice(found.cuts, found.round_s, found.energy_j, objective)


def usable_cuts(costs: Costs, allowed: BoolArray | None) -> BoolArray:
    """Return which cuts may be chosen, bool[n, L + 1]: allowed, and of finite costs.

    Raises UsageError for another shape, and for a device that has none.
    """
    usable: BoolArray = np.isfinite(costs.duration_s) & np.isfinite(costs.energy_j)
    if allowed is not None:
        if allowed.shape != usable.shape:
            raise UsageError(
                f"allowed has the shape {allowed.shape}, the costs have {usable.shape}",
                remedy="give a row for each device and a column for each cut 0..L",
            )
        usable = usable & allowed
    without = ~usable.any(axis=1)
    if without.any():
        raise UsageError(
            "no cut is allowed", where=costs.names[int(without.argmax())], remedy="allow one"
        )
    return usable


def _separable(costs: Costs, allowed: BoolArray | None) -> tuple[FloatArray, FloatArray]:
    """Return times and the energies e of the head, both infinite where a cut is not allowed."""
    usable = usable_cuts(costs, allowed)
    duration_s = np.where(usable, costs.duration_s, np.inf)
    waited_j = costs.waiting_w[:, None] * np.where(usable, costs.duration_s, 0.0)
    own_j = np.where(usable, costs.energy_j + costs.server_j - waited_j, np.inf)
    return duration_s, own_j


def _sweep(
    duration_s: FloatArray, own_j: FloatArray, time_weight: float, per_j: float
) -> npt.NDArray[np.intp]:
    """Return for each device the cut that is best together with the others': intp[n]."""
    order = np.argsort(duration_s, axis=1, kind="stable")
    duration_s = np.take_along_axis(duration_s, order, axis=1)
    own_j = np.take_along_axis(own_j, order, axis=1)
    # A device's steps: the cuts that draw less than every quicker one. The first always is one.
    best_j = np.minimum.accumulate(own_j, axis=1)
    steps = np.empty(own_j.shape, dtype=np.bool_)
    steps[:, 0] = True
    steps[:, 1:] = own_j[:, 1:] < best_j[:, :-1]

    at_s = duration_s[:, 1:][steps[:, 1:]]
    saves_j = (best_j[:, :-1] - best_j[:, 1:])[steps[:, 1:]]
    # No round is shorter than the quickest cut of the slowest device; steps before it are free.
    least_s = float(duration_s[:, 0].max())
    at_s = np.maximum(at_s, least_s)
    by_time = np.argsort(at_s, kind="stable")
    candidates_s = np.concatenate(([least_s], at_s[by_time]))
    saved_j = np.concatenate(([0.0], np.cumsum(saves_j[by_time])))
    objective = time_weight * candidates_s - per_j * saved_j
    # Of several steps at one time the last has saved all of them; their time is the same.
    round_s = candidates_s[int(objective.argmin())]

    reached = np.where(steps & (duration_s <= round_s), np.arange(own_j.shape[1]), -1).max(axis=1)
    chosen: npt.NDArray[np.intp] = order[np.arange(order.shape[0]), reached]
    return chosen
