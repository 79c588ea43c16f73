"""One workload of a campaign: what is set and varied of it, and what a quick run changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.combinations import Combinations, combine
from benchharness.plan.manifest import find_workload
from benchharness.plan.manifest_file import exclusion
from benchharness.plan.records import Exclusion, Manifest
from benchharness.plan.toml_reader import Table

KEYS = ("workload", "set", "vary", "exclude")


@dataclass(frozen=True, slots=True)
class Part:
    """A workload with its levels. ``places`` says where each stands, for messages.

    ``asked`` are the factors that the command line sets or varies: None, if none of them; then
    every level that the file names must be in some variant.
    """

    manifest: Manifest
    set: Mapping[str, FactorValue] = field(default_factory=dict)
    vary: Mapping[str, Sequence[FactorValue]] = field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    quick_set: Mapping[str, FactorValue] = field(default_factory=dict)
    quick_vary: Mapping[str, Sequence[FactorValue]] = field(default_factory=dict)
    asked: frozenset[str] | None = None

    def under_quick(self) -> Part:
        """Return the part with what ``[quick]`` says in force."""
        places = dict(self.places)
        for name, place in self.places.items():
            if name.startswith("quick."):
                places[name.removeprefix("quick.")] = place
        fixed = {name: level for name, level in self.set.items() if name not in self.quick_vary}
        varied = {name: levels for name, levels in self.vary.items() if name not in self.quick_set}
        return replace(
            self,
            set={**fixed, **self.quick_set},
            vary={**varied, **self.quick_vary},
            places=places,
        )

    def combine(self, *, quick: bool = False) -> Combinations:
        """Return the part's rows of the run table. Raises UsageError."""
        return combine(
            self.manifest,
            self.set,
            self.vary,
            quick=quick,
            exclude=self.exclude,
            places=self.places,
            asked=self.asked,
        )


def read_part(table: Table, quick: Table, path: Path) -> Part:
    """Read the workload and the levels of a campaign file, or of one ``[[part]]`` of it.

    Raises UsageError with file, line and key; levels are checked by ``combine``.
    """
    manifest = _workload(table, path)
    folder = path.absolute().parent
    places: dict[str, str] = {}
    part = Part(
        manifest=manifest,
        set=_set(table, "", manifest, folder, places),
        vary=_vary(table, "", manifest, folder, places),
        exclude=tuple(exclusion(entry, manifest.factors) for entry in table.tables("exclude")),
        places=places,
        quick_set=_set(quick, "quick.", manifest, folder, places),
        quick_vary=_vary(quick, "quick.", manifest, folder, places),
    )
    for each in (table, quick):
        for key in ("set", "vary"):
            for name in each.table(key).data:
                if name not in manifest.factors:
                    where = each.table(key).where(name)
                    kind = f"factor of {manifest.name}"
                    raise UnknownNameError(kind, name, manifest.factors, where=where)
    return part


def _workload(table: Table, path: Path) -> Manifest:
    name = table.string("workload")
    beside = path.parent / name
    if "/" in name and beside.exists():
        return find_workload(beside)
    try:
        return find_workload(name)
    except UsageError as error:
        if error.where is not None:  # the fault is in the manifest, which the message names
            raise
        raise UsageError(error.what, where=table.where("workload"), remedy=error.remedy) from None


def _near(manifest: Manifest, folder: Path, name: str, value: FactorValue) -> FactorValue:
    """Return a level as the file means it: a path in it is relative to the file's folder."""
    factor = manifest.factors.get(name)  # names are checked when all is read
    return factor.beside(folder, value) if factor is not None else value


def _set(
    table: Table, prefix: str, manifest: Manifest, folder: Path, places: dict[str, str]
) -> dict[str, FactorValue]:
    part = table.table("set")
    places.update({f"{prefix}set.{name}": part.where(name) for name in part.data})
    return {name: _near(manifest, folder, name, part.scalar(name)) for name in part.data}


def _vary(
    table: Table, prefix: str, manifest: Manifest, folder: Path, places: dict[str, str]
) -> dict[str, tuple[FactorValue, ...]]:
    part = table.table("vary")
    for name in part.data:
        if name in table.table("set"):
            raise part.error("is both set and varied", name, remedy="do one of the two")
    places.update({f"{prefix}vary.{name}": part.where(name) for name in part.data})
    return {
        name: tuple(_near(manifest, folder, name, each) for each in part.scalars(name))
        for name in part.data
    }
