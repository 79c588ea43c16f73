"""A campaign file: workloads, what is varied and how it is measured, to be run again.

workload = "matrix"             # a name, or a path relative to this file
title = "Matrix under WebAssembly"
repeat = 10                     # also warmup, seed
idle_s = 10                     # also probe_hz, timeout_s
meters = ["plug-1"]
testbed = "d1.4"                # devices for participants; a path: relative to this file
metric = "energy"               # or energy_net, energy_gross, time, memory, cpu_time: what counts
margin = "2 %"                  # differences inside are "same"
[set]
n = 2000                        # a factor that is a path: relative to this file
[vary]
runtime = ["wasmtime", "native"]
[[exclude]]                     # combinations to leave out, on top of the manifest's
runtime = "native"
[baseline]                      # what to compare with; without it the lowest mean
runtime = "native"
[stop]                          # instead of repeat: until the intervals are narrow enough
width = "5 %"                   # the full 95 % interval of every variant's mean
repeat_min = 5                  # also repeat_max
time_s = 7200                   # no repetition begins that would not fit; also energy_j
[quick]                         # what --quick changes: set, vary and any key from repeat on
repeat = 2

Several workloads are parts, each with its levels; the rest holds for all of them, and each
repetition holds every variant of every part, in one order::

    repeat = 10
    [quick]
    repeat = 2
    [[part]]
    workload = "matrix"
    [part.set]                  # also [part.vary] and [[part.exclude]]
    n = 2000
    [part.quick.set]            # also [part.quick.vary]
    n = 500
    [[part]]
    workload = "gpio-http"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.goals import KEYS as GOALS
from benchharness.plan.goals import Layer, combine_layers
from benchharness.plan.goals_file import read_layer
from benchharness.plan.manifest import FILE_NAME
from benchharness.plan.parts import KEYS, Part, read_part
from benchharness.plan.run_table import RunTable, run_table
from benchharness.plan.testbed_file import find_testbed
from benchharness.plan.toml_reader import Table, display_path, read_toml
from benchharness.testbed.records import Testbed

_OPTIONS = ("repeat", "warmup", "idle_s", "probe_hz", "meters", "testbed", "seed", "timeout_s")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign file; an option is None (and meters empty) where the file does not say.

    ``quick`` holds the options that the ``[quick]`` table changes, by name.
    """

    file: Path
    title: str
    parts: tuple[Part, ...]
    repeat: int | None = None
    warmup: int | None = None
    idle_s: float | None = None
    probe_hz: float | None = None
    meters: tuple[str, ...] = ()
    testbed: Testbed | None = None
    seed: int | None = None
    timeout_s: float | None = None
    quick: Mapping[str, Any] = field(default_factory=dict)
    goals: tuple[Layer, ...] = ()
    quick_goals: Layer = field(default_factory=Layer)

    @property
    def workloads(self) -> tuple[str, ...]:
        """Return the names of the workloads, in order."""
        return tuple(dict.fromkeys(part.manifest.name for part in self.parts))

    def under_quick(self) -> Campaign:
        """Return the campaign with what ``[quick]`` says in force."""
        return replace(
            self,
            parts=tuple(part.under_quick() for part in self.parts),
            goals=(*self.goals, self.quick_goals),
            **self.quick,
        )

    def plan(self, repeat: int, seed: int, *, quick: bool = False) -> RunTable:
        """Return the run table of all parts. Raises UsageError."""
        return run_table([part.combine(quick=quick) for part in self.parts], repeat, seed)


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
        raise UnknownNameError(
            "campaign", argument, [f"{name}.toml" for name in files], where="no such file here"
        )
    raise UsageError("there is no such campaign file", where=argument, remedy="check the path")


def campaign_files() -> dict[str, Path]:
    """Return the campaign files that can be named, by name without .toml, sorted."""
    files: dict[str, Path] = {}
    for folder in declarations.folders("workloads"):
        for file in (folder / "campaigns").glob("*.toml"):
            files.setdefault(file.stem, file)
    return dict(sorted(files.items()))


def load_campaign(path: Path) -> Campaign:
    """Read a campaign file and the workloads that it names.

    Raises UsageError with file, line and key; levels are checked by ``plan``.
    """
    table = read_toml(path)
    quick = table.table("quick")
    if "part" in table:
        parts = _parts(table, quick, path)
        title = table.string("title", " and ".join(dict.fromkeys(p.manifest.title for p in parts)))
    else:
        table.only("title", "quick", *KEYS, *_OPTIONS, *GOALS)
        quick.only("set", "vary", *_OPTIONS, *GOALS)
        parts = (read_part(table, quick, path),)
        title = table.string("title", parts[0].manifest.title)
    options, quick_options = _options(table, path.parent), _options(quick, path.parent)
    campaign = Campaign(
        file=path,
        title=title,
        parts=parts,
        quick=quick_options,
        goals=(read_layer(table, options.get("repeat")),),
        quick_goals=read_layer(quick, quick_options.get("repeat")),
        **options,
    )
    combine_layers(campaign.goals)  # what contradicts itself is refused where it is read
    return campaign


def _parts(table: Table, quick: Table, path: Path) -> tuple[Part, ...]:
    """Read every ``[[part]]``; levels at the top would belong to none of them."""
    for each in (table, quick):
        for key in KEYS:
            if key in each:
                raise each.error(
                    "stands beside [[part]]", key, remedy="write it in the part that it belongs to"
                )
    table.only("title", "quick", "part", *_OPTIONS, *GOALS)
    quick.only(*_OPTIONS, *GOALS)
    parts = []
    for entry in table.tables("part"):
        entry.only("quick", *KEYS)
        own_quick = entry.table("quick")
        own_quick.only("set", "vary")
        parts.append(read_part(entry, own_quick, path))
    if not parts:
        raise table.error("is empty", "part", remedy='write [[part]] and workload = "..."')
    return tuple(parts)


def _options(table: Table, folder: Path) -> dict[str, Any]:
    """Return the options that a table names."""
    values = {
        "repeat": table.integer("repeat", minimum=1),
        "warmup": table.integer("warmup", minimum=0),
        "idle_s": table.number("idle_s", minimum=0),
        "probe_hz": table.number("probe_hz", above=0),
        "meters": _meters(table.strings("meters"), folder),
        "testbed": _testbed(table, folder),
        "seed": table.integer("seed"),
        "timeout_s": table.number("timeout_s", above=0),
    }
    return {name: value for name, value in values.items() if name in table}


def _testbed(table: Table, folder: Path) -> Testbed | None:
    """Return the testbed that a table names; a path is relative to the campaign's folder."""
    text = table.optional_string("testbed")
    if text is None:
        return None
    if text.endswith(".toml"):
        text = display_path(folder / text)
    return find_testbed(text, table.where("testbed"))


def _meters(names: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return meter names and addresses as they are, paths relative to the campaign's folder."""
    return tuple(
        display_path(folder / name)
        if name.endswith(".toml") and (folder / name).is_file()
        else name
        for name in names
    )
