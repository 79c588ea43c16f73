"""The programs of one variant: those that it has, each as often as it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchharness.errors import UsageError
from benchharness.model import Factors, FactorValue
from benchharness.plan.factors import parse_integer, satisfied
from benchharness.plan.manifest_programs import MOST_INSTANCES
from benchharness.plan.records import Manifest, Program
from benchharness.plan.templates import expand


@dataclass(frozen=True, slots=True)
class Instance:
    """One program of a variant. ``names`` are its own placeholders: {index} (from 1), {count}."""

    name: str
    program: Program
    names: Mapping[str, FactorValue] = field(default_factory=dict)


def instances(manifest: Manifest, factors: Factors) -> tuple[Instance, ...]:
    """Return every program of a variant, in the manifest's order, each under a name of its own.

    Raises UsageError for a count that is no integer from 1 to 1000, for two of one name, and if
    nothing is left that could be measured.
    """
    found: dict[str, Instance] = {}
    for program in manifest.programs():
        if not satisfied(program.when, factors):
            continue
        for instance in _instances(program, factors):
            other = found.setdefault(instance.name, instance)
            if other is not instance:
                raise UsageError(
                    f"there is another participant {instance.name!r}, of {other.program.name!r}",
                    where=f"{program.where}: participants.{program.name}",
                    remedy="call one of them something else",
                )
    if all(instance.program.role != "main" for instance in found.values()):
        raise UsageError(
            "a variant has no main program",
            where=manifest.source or None,
            remedy='write argv, or let the "when" of a main participant hold for every variant',
        )
    return tuple(found.values())


def _instances(program: Program, factors: Factors) -> list[Instance]:
    if program.count is None:
        return [Instance(program.name, program)]
    count = _count(program, program.count, factors)
    return [
        Instance(f"{program.name}-{index}", program, {"index": index, "count": count})
        for index in range(1, count + 1)
    ]


def _count(program: Program, template: str, factors: Factors) -> int:
    text = expand(template, factors)
    count = parse_integer(text)
    if count is None or not 1 <= count <= MOST_INSTANCES:
        raise UsageError(
            f"expected an integer from 1 to {MOST_INSTANCES}, got {text!r}",
            where=f"{program.where}: participants.{program.name}.count",
            remedy="set its factor to one" if template != text else None,
        )
    return count
