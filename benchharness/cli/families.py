"""How many comparisons a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.plan.baseline import baseline_variants

if TYPE_CHECKING:
    from benchharness.cli.request import Request


def comparisons(request: Request) -> int:
    """Return how many intervals must hold together: those of the largest family.

    Variants of one workload are compared, with the baseline if one is named, else all pairs.
    """
    levels = request.goals.baseline
    families = []
    for name in request.manifests:
        members = [each for each in request.table.variants if each.workload == name]
        base = baseline_variants(levels, request.manifests, members) if levels else []
        k = len(members)
        families.append(k - len(base) if base else k * (k - 1) // 2)
    return max(families, default=0)
