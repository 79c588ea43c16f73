"""Parts that sum to the whole: what they miss of it is divided among those that are least sure.

With independent parts x_k of standard uncertainty u_k and a whole E, the parts that sum to E and
are nearest to what was found (least squares under one condition) are
x_k + w_k (E - Σ x), w_k = u_k² / Σ u². Their variances are u_k² (1 - w_k) + w_k² u²(E).
Where the parts miss the whole by more than both explain, the uncertainties grow by that factor
(Birge 1932).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchharness.energy.phase_parts import Part
from benchharness.energy.readings import FloatArray

_NOTHING = 1e-15


def reconciled(
    parts: Sequence[Part], durations_s: FloatArray, total_j: float, total_u_j: float
) -> list[Part]:
    """Return the parts with joules that sum to ``total_j``.

    None of them becomes negative where neither the total nor any part is. ``total_u_j`` is the
    standard uncertainty of the total without the meter's gain, which is that of every part.
    """
    found = np.array([part.energy_j for part in parts])
    u = np.array([part.u_j for part in parts])
    free = np.ones(len(parts), dtype=np.bool_)
    weights, energy_j = _adjusted(found, u, durations_s, free, total_j)
    may_clip = total_j >= 0.0 and bool((found >= 0.0).all())
    while may_clip and (energy_j < 0.0).any() and (energy_j > 0.0).any():
        free &= energy_j > 0.0  # the others have nothing more to give
        weights, energy_j = _adjusted(found, u, durations_s, free, total_j)
    missing_j = total_j - float(found.sum())
    # The rest of the rounding goes where it is the smallest share.
    energy_j[int(np.argmax(np.abs(energy_j)))] += total_j - math.fsum(energy_j.tolist())
    explained_j = math.hypot(float(np.linalg.norm(u)), total_u_j)
    # Uncertainties of nothing at all explain nothing, however they grow.
    explains = explained_j > _NOTHING * abs(missing_j)
    grows = max(1.0, abs(missing_j) / explained_j) if explains else 1.0
    variances = u**2 * (1.0 - weights) + (weights * total_u_j) ** 2
    return [
        replace(part, energy_j=value_j, u_j=grows * u_j, nu=_nu(part, grows * u_j))
        for part, value_j, u_j in zip(
            parts, energy_j.tolist(), np.sqrt(variances).tolist(), strict=True
        )
    ]


def _adjusted(
    found: FloatArray,
    u: FloatArray,
    durations_s: FloatArray,
    free: np.ndarray,
    total_j: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the weights and the energies; what is not free has none."""
    variances = np.where(free, u**2, 0.0)
    if not variances.any():
        variances = np.where(free, durations_s, 0.0)
    weights = variances / variances.sum()
    kept = np.where(free, found, 0.0)
    return weights, kept + weights * (total_j - kept.sum())


def _nu(part: Part, u_j: float) -> float:
    """Return the degrees of freedom, where the part of ``u_j`` that was estimated has ``nu``."""
    share = (min(part.u_j, u_j) / u_j) ** 4 / part.nu if u_j > 0.0 else 0.0
    return 1.0 / share if share > 0.0 else math.inf
