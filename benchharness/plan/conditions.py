"""Conditions of a manifest: ``when = {engine = ["deployment"]}``, every name and level known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.errors import UnknownNameError
from benchharness.plan.factors import Conditions, Factor
from benchharness.plan.toml_reader import Table


def read_conditions(table: Table, factors: Mapping[str, Factor]) -> Conditions:
    """Read ``{factor = level or [levels]}``. Raises UsageError with file, line and key."""
    conditions: dict[str, tuple[Any, ...]] = {}
    for name in table.data:
        if name not in factors:
            raise UnknownNameError("factor", name, factors, where=table.where(name))
        levels = []
        for value in table.scalars(name):
            level = factors[name].typed(value, table.where(name))
            factors[name].check_allowed(level, table.where(name))
            levels.append(level)
        conditions[name] = tuple(levels)
    return conditions
