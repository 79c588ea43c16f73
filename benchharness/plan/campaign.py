"""A campaign file: a workload, what is varied and how it is measured, to be run again.

workload = "matrix"             # a name, or a path relative to this file
title = "Matrix under WebAssembly"
repeat = 10                     # also warmup, seed
idle_s = 10                     # also probe_hz, timeout_s
meters = ["plug-1"]
[set]
n = 2000                        # a factor that is a path: relative to this file
[vary]
runtime = ["wasmtime", "native"]
[[exclude]]                     # combinations to leave out, on top of the manifest's
runtime = "native"
[quick]                         # what --quick changes: set, vary and any key from repeat on
repeat = 2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.manifest import FILE_NAME, find_workload
from benchharness.plan.manifest_file import exclusion
from benchharness.plan.records import Exclusion, Manifest
from benchharness.plan.toml_reader import Table, display_path, read_toml

_OPTIONS = ("repeat", "warmup", "idle_s", "probe_hz", "meters", "seed", "timeout_s")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign file; an option is None (and meters empty) where the file does not say.

    ``places`` says where each level stands, for the messages of plan_run. ``quick`` holds what
    the ``[quick]`` table changes: options by name, and the tables set and vary.
    """

    file: Path
    manifest: Manifest
    title: str
    set: Mapping[str, FactorValue]
    vary: Mapping[str, tuple[FactorValue, ...]]
    exclude: tuple[Exclusion, ...]
    places: Mapping[str, str]
    repeat: int | None = None
    warmup: int | None = None
    idle_s: float | None = None
    probe_hz: float | None = None
    meters: tuple[str, ...] = ()
    seed: int | None = None
    timeout_s: float | None = None
    quick: Mapping[str, Any] = field(default_factory=dict)

    @property
    def workload(self) -> str:
        """Return the name of the workload."""
        return self.manifest.name

    def under_quick(self) -> Campaign:
        """Return the campaign with its ``[quick]`` table in force."""
        changes = dict(self.quick)
        quick_set = changes.pop("set", {})
        quick_vary = changes.pop("vary", {})
        places = dict(self.places)
        for name, place in self.places.items():
            if name.startswith("quick."):
                places[name.removeprefix("quick.")] = place
        fixed = {name: level for name, level in self.set.items() if name not in quick_vary}
        varied = {name: levels for name, levels in self.vary.items() if name not in quick_set}
        return replace(
            self,
            set={**fixed, **quick_set},
            vary={**varied, **quick_vary},
            places=places,
            **changes,
        )


def find_campaign(argument: str) -> Path | None:
    """Return the campaign file that an argument of ``run`` means; None if it means a workload.

    A campaign is a .toml file that is not a workload.toml: by path, or by the name of one in
    the user's or the shipped workloads/campaigns. Raises UsageError if it does not exist.
    """
    path = Path(argument)
    if path.suffix != ".toml" or path.name == FILE_NAME:
        return None
    if path.is_file():
        return path
    files = campaign_files()
    if path.name == argument and path.stem in files:
        return files[path.stem]
    if path.name == argument:
        raise UnknownNameError("campaign", argument, [f"{name}.toml" for name in files])
    raise UsageError("there is no such campaign file", where=argument, remedy="check the path")


def campaign_files() -> dict[str, Path]:
    """Return the campaign files that can be named, by name without .toml, sorted."""
    files: dict[str, Path] = {}
    for folder in declarations.folders("workloads"):
        for file in (folder / "campaigns").glob("*.toml"):
            files.setdefault(file.stem, file)
    return dict(sorted(files.items()))


def load_campaign(path: Path) -> Campaign:
    """Read a campaign file and the workload that it names.

    Raises UsageError with file, line and key; levels are checked by plan_run with ``places``.
    """
    table = read_toml(path)
    table.only("workload", "title", "set", "vary", "exclude", "quick", *_OPTIONS)
    manifest = _workload(table, path)
    quick = table.table("quick")
    quick.only("set", "vary", *_OPTIONS)
    places: dict[str, str] = {}
    near = partial(_near, manifest, path.absolute().parent)
    campaign = Campaign(
        file=path,
        manifest=manifest,
        title=table.string("title", manifest.title),
        set=_set(table, places, near),
        vary=_vary(table, places, near),
        exclude=tuple(exclusion(entry, manifest.factors) for entry in table.tables("exclude")),
        places=places,
        quick={
            "set": _set(quick, places, near),
            "vary": _vary(quick, places, near),
            **_options(quick, path.parent),
        },
        **_options(table, path.parent),
    )
    _check_names(table, manifest)
    return campaign


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


def _check_names(table: Table, manifest: Manifest) -> None:
    for part in (table, table.table("quick")):
        for key in ("set", "vary"):
            for name in part.table(key).data:
                if name not in manifest.factors:
                    where = part.table(key).where(name)
                    kind = f"factor of {manifest.name}"
                    raise UnknownNameError(kind, name, manifest.factors, where=where)


def _near(manifest: Manifest, folder: Path, name: str, value: FactorValue) -> FactorValue:
    """Return a level as the file means it: a path in it is relative to the file's folder."""
    factor = manifest.factors.get(name)  # names are checked when all is read
    return factor.beside(folder, value) if factor is not None else value


def _set(
    table: Table, places: dict[str, str], near: Callable[[str, FactorValue], FactorValue]
) -> dict[str, FactorValue]:
    part = table.table("set")
    places.update({_name(part, name): part.where(name) for name in part.data})
    return {name: near(name, part.scalar(name)) for name in part.data}


def _vary(
    table: Table, places: dict[str, str], near: Callable[[str, FactorValue], FactorValue]
) -> dict[str, tuple[FactorValue, ...]]:
    part = table.table("vary")
    for name in part.data:
        if name in table.table("set"):
            raise part.error("is both set and varied", name, remedy="do one of the two")
    places.update({_name(part, name): part.where(name) for name in part.data})
    return {name: tuple(near(name, each) for each in part.scalars(name)) for name in part.data}


def _name(part: Table, key: str) -> str:
    return ".".join(str(step) for step in (*part.path, key))


def _options(table: Table, folder: Path) -> dict[str, Any]:
    """Return the options that a table names."""
    values = {
        "repeat": table.integer("repeat", minimum=1),
        "warmup": table.integer("warmup", minimum=0),
        "idle_s": table.number("idle_s", minimum=0),
        "probe_hz": table.number("probe_hz", above=0),
        "meters": _meters(table.strings("meters"), folder),
        "seed": table.integer("seed"),
        "timeout_s": table.number("timeout_s", above=0),
    }
    return {name: value for name, value in values.items() if name in table}


def _meters(names: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return meter names and addresses as they are, paths relative to the campaign's folder."""
    return tuple(
        display_path(folder / name)
        if name.endswith(".toml") and (folder / name).is_file()
        else name
        for name in names
    )
