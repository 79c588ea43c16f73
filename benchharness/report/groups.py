"""Like beside like: which variants compete with each other.

Nothing is ranked across workloads. Where a workload was run in modes of several kinds, only
variants of one kind compete (``jit-winch`` is of the kind ``jit``): an interpreter beside compiled
code says nothing of either. What has no mode there (native code, NumPy) is a group of its own, a
reference that no sentence ranks. Ratios, tests, Holm's correction and verdicts are of a group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from benchharness.model import CampaignSummary, Factors

MODE, RUNTIME = "mode", "runtime"
REFERENCE = "no WebAssembly"
_KINDS = ("interpreter", "jit", "aot")


class Groupable(Protocol):
    """A variant, with its trials or derived."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def workload(self) -> str: ...  # noqa: D102
    @property
    def factors(self) -> Factors: ...  # noqa: D102
    @property
    def applies(self) -> tuple[str, ...] | None: ...  # noqa: D102


V = TypeVar("V", bound=Groupable)


@dataclass(frozen=True, slots=True)
class Group(Generic[V]):
    """The variants that compete. ``kind`` is "" where the modes are of one kind, or there is none.

    ``members`` keep the order of the run table.
    """

    workload: str
    kind: str
    members: tuple[V, ...]

    @property
    def is_reference(self) -> bool:
        """Say whether these stand beside the others for orientation only."""
        return self.kind == REFERENCE


@dataclass(frozen=True, slots=True)
class Section:
    """The variants of one workload as a campaign of their own, under its heading.

    Their labels are without the workload's name, which the heading has.
    """

    heading: str
    summary: CampaignSummary


def level_of(variant: Groupable, factor: str) -> str | None:
    """Return the level of a factor as text, None where it does not apply to the variant."""
    if variant.applies is not None and factor not in variant.applies:
        return None
    level = variant.factors.get(factor)
    return None if level is None else str(level)


def has_levels(variant: Groupable, levels: Factors) -> bool:
    """Say whether a variant has all these levels."""
    return all(level_of(variant, name) == str(level) for name, level in levels.items())


def agree(a: Groupable, b: Groupable, but: Collection[str]) -> bool:
    """Say whether the factors that apply to both have equal levels, some factors aside."""
    for name in (a.factors.keys() & b.factors.keys()) - set(but):
        levels = level_of(a, name), level_of(b, name)
        if None not in levels and levels[0] != levels[1]:
            return False
    return True


def kind_of(mode: str | None) -> str:
    """Return what a mode is compared with: what stands before the compiler's name."""
    return REFERENCE if mode is None else mode.partition("-")[0]


def kind_place(kind: str) -> tuple[int, str]:
    """Return the place of a kind: interpreter, jit, aot, others by name, the reference last."""
    if kind in _KINDS:
        return (_KINDS.index(kind), "")
    return (len(_KINDS) + (kind == REFERENCE), kind)


def workloads(variants: Sequence[Groupable]) -> list[str]:
    """Return the workloads in the order of the run table."""
    return list(dict.fromkeys(variant.workload for variant in variants))


def groups(variants: Sequence[V]) -> list[Group[V]]:
    """Divide variants: by workload, and by kind of mode where a workload has several kinds.

    A factor that only happens to be called ``mode`` divides nothing: it has other levels, or its
    workload has no factor ``runtime``.
    """
    found: list[Group[V]] = []
    for workload in workloads(variants):
        members = [variant for variant in variants if variant.workload == workload]
        kinds = [kind_of(level_of(member, MODE)) for member in members]
        told = {*kinds} - {REFERENCE}
        if len(told) < 2 or not told <= {*_KINDS} or all(RUNTIME not in m.factors for m in members):
            found.append(Group(workload, "", tuple(members)))
            continue
        found += [
            Group(
                workload, kind, tuple(m for m, k in zip(members, kinds, strict=True) if k == kind)
            )
            for kind in sorted({*kinds}, key=kind_place)
        ]
    return found


def group_places(variants: Sequence[Groupable]) -> dict[int, int]:
    """Return the place of each variant's group, by the variant's place."""
    place_of = {id(v): place for place, group in enumerate(groups(variants)) for v in group.members}
    return {place: place_of[id(variant)] for place, variant in enumerate(variants)}


def is_divided(summary: CampaignSummary) -> bool:
    """Say whether a campaign has more than one group."""
    return len(groups(summary.variants)) > 1


def heading(group: Group[V], *, several_workloads: bool) -> str:
    """Return what stands above a group's rows: ``jit``, or ``matrix, jit``."""
    words = [group.workload] if several_workloads and group.workload else []
    return ", ".join([*words, *([group.kind] if group.kind else [])])


def name_in(variant: Groupable, kind: str, *, several: bool) -> str:
    """Return a label without what has been said of its group: workload (of several), plain mode."""
    label = variant.label.removeprefix(f"{variant.workload} ") if several else variant.label
    mode = level_of(variant, MODE)
    if mode is None or mode != kind or level_of(variant, RUNTIME) is None:
        return label
    kept = [word for word in label.split(" ") if word not in (mode, f"{MODE}={mode}")]
    return " ".join(kept) or label


def sections(summary: CampaignSummary) -> list[Section]:
    """Return a campaign by workload; one of a single workload as it is, without a heading."""
    names = workloads(summary.variants)
    if len(names) < 2:
        return [Section("", summary)]
    return [Section(name, _part(summary, name)) for name in names]


def _part(summary: CampaignSummary, workload: str) -> CampaignSummary:
    variants = tuple(
        replace(v, label=v.label.removeprefix(f"{workload} "))
        for v in summary.variants
        if v.workload == workload
    )
    indices = {v.index for v in variants}
    trials = tuple(t for t in summary.trials if t.variant in indices)
    return replace(summary, variants=variants, trials=trials)


def with_applying(variants: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Add to stored variants which factors apply, where that was not stored with them.

    A factor that does not apply keeps its default, and its level is not in the label. Where no
    label has any level, somebody has made the labels up, and all factors apply.
    """
    levels: dict[tuple[object, str], set[str]] = {}  # by workload and factor
    for variant in variants:
        for name, level in variant.get("factors", {}).items():
            levels.setdefault((variant.get("workload"), name), set()).add(str(level))
    varied = {place for place, found in levels.items() if len(found) > 1}
    return [{"applies": _applying(variant, varied), **variant} for variant in variants]


def _applying(
    variant: Mapping[str, Any], places: set[tuple[object, str]]
) -> tuple[str, ...] | None:
    label = f" {variant.get('label', '')} "
    factors = variant.get("factors", {})
    varied = {name for name in factors if (variant.get("workload"), name) in places}
    named = {
        name
        for name in varied
        if f" {factors[name]} " in label or f" {name}={factors[name]} " in label
    }
    return tuple(n for n in factors if n in named or n not in varied) if named else None
