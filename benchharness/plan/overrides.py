"""What a command line says over a campaign file: levels for its workloads, and which of them run.

``--set`` and ``--vary`` go to every workload that has the factor. A level that one of them does
not know is left out there, where that workload keeps its own; one that nobody knows is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.parts import Part


def only(parts: Sequence[Part], names: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of the workloads that are named. Raises UsageError for an unknown one."""
    known = [part.manifest.name for part in parts]
    for name in names:
        if name not in known:
            raise UnknownNameError("workload of this campaign", name, known, where="--only")
    return tuple(part for part in parts if part.manifest.name in names)


def override(
    parts: Sequence[Part], set_: Mapping[str, str], vary: Mapping[str, Sequence[str]]
) -> tuple[Part, ...]:
    """Return the parts with the options of a command line in force. Raises UsageError."""
    changed = list(parts)
    for name, text in set_.items():
        if name in vary:
            raise UsageError(f"{name} is both set and varied", remedy="do one of the two")
        levels = _levels(parts, name, [text], f"--set {name}")
        for index, known in levels.items():
            changed[index] = _changed(changed[index], name, fixed=known[0])
    for name, texts in vary.items():
        levels = _levels(parts, name, texts, f"--vary {name}")
        for index, known in levels.items():
            changed[index] = _changed(changed[index], name, varied=known)
    return tuple(changed)


def _levels(
    parts: Sequence[Part], name: str, texts: Sequence[str], where: str
) -> dict[int, list[FactorValue]]:
    """Return the levels that each part knows, by the part's place."""
    having = [index for index, part in enumerate(parts) if name in part.manifest.factors]
    if not having:
        workloads = dict.fromkeys(part.manifest.name for part in parts)
        factors = {factor for part in parts for factor in part.manifest.factors}
        raise UnknownNameError(f"factor of {' and '.join(workloads)}", name, factors, where=where)
    levels: dict[int, list[FactorValue]] = {}
    for text in texts:
        refused: UsageError | None = None
        taken = False
        for index in having:
            try:
                level = parts[index].manifest.factors[name].level(text, where)
            except UsageError as error:
                refused = refused or error
                continue
            levels.setdefault(index, []).append(level)
            taken = True
        if refused is not None and not taken:
            raise refused
    return levels


def _changed(
    part: Part,
    name: str,
    *,
    fixed: FactorValue | None = None,
    varied: Sequence[FactorValue] | None = None,
) -> Part:
    """Return a part in which a factor is as the command line has it, and nothing else changed."""
    fixed_levels = {key: level for key, level in part.set.items() if key != name}
    varied_levels = {key: levels for key, levels in part.vary.items() if key != name}
    if fixed is not None:
        fixed_levels[name] = fixed
    if varied is not None:
        varied_levels[name] = varied
    places = {key: text for key, text in part.places.items() if key.split(".")[-1] != name}
    asked = (part.asked or frozenset()) | {name}
    return replace(part, set=fixed_levels, vary=varied_levels, places=places, asked=asked)
