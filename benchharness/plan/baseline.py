"""The levels that name the variants to compare with, settled against what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.factors import satisfied
from benchharness.plan.goals import Goals
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import Variant
from benchharness.plan.templates import as_text


def settled_baseline(
    goals: Goals, manifests: Mapping[str, Manifest], variants: Sequence[Variant]
) -> dict[str, FactorValue]:
    """Return the baseline's levels as their factors have them.

    Raises UnknownNameError for a factor that no workload has, UsageError for a level that none
    can have, and for levels that no variant has together.
    """
    where = goals.baseline_where
    levels = {name: _level(name, value, manifests, where) for name, value in goals.baseline.items()}
    if levels and not baseline_variants(levels, manifests, variants):
        wanted = " and ".join(f"{name}={as_text(level)}" for name, level in levels.items())
        raise UsageError(
            f"no variant has {wanted}",
            where=where,
            remedy=f"choose among: {_choices(levels, manifests, variants)}",
        )
    return levels


def baseline_variants(
    levels: Mapping[str, FactorValue],
    manifests: Mapping[str, Manifest],
    variants: Sequence[Variant],
) -> list[Variant]:
    """Return the variants that have all levels, of factors that apply to them."""
    return [
        variant
        for variant in variants
        for factors in [manifests[variant.workload].factors]
        if all(
            variant.factors.get(name) == level
            and satisfied(factors[name].applies_when, variant.factors)
            for name, level in levels.items()
        )
    ]


def _level(
    name: str, value: FactorValue, manifests: Mapping[str, Manifest], where: str
) -> FactorValue:
    """Return a level by the first workload that knows it."""
    having = [manifest for manifest in manifests.values() if name in manifest.factors]
    if not having:
        known = {factor for manifest in manifests.values() for factor in manifest.factors}
        kind = f"factor of {' and '.join(manifests)}"
        raise UnknownNameError(kind, name, known, where=where)
    refused: UsageError | None = None
    for manifest in having:
        try:
            return manifest.factors[name].level(value, where)
        except UsageError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _choices(
    levels: Mapping[str, FactorValue],
    manifests: Mapping[str, Manifest],
    variants: Sequence[Variant],
) -> str:
    rows = dict.fromkeys(
        " and ".join(f"{name}={as_text(variant.factors[name])}" for name in levels)
        for variant in variants
        if all(name in manifests[variant.workload].factors for name in levels)
    )
    return ", ".join(rows) or "no workload has all of these factors"
