"""``workload.toml`` -> Manifest, strictly: wrong types, unknown keys and levels are refused.

The schema, with everything but ``name`` and ``argv`` optional (see manifest_programs for
participants)::

    name = "matrix"
    title = "Matrix product"
    description = "..."
    argv = ["{python}", "{workload}/matrix.py", "--n", "{n}"]
    restart = 2      # how often argv is started again if it ends with an error
    network = "hub"  # its link, and shaping, as for participants
    prepare = ["{python}", "{workload}/build.py"]
    module_file = "{wasm_modules}/matrix/{build}.wasm"
    module_when = {runtime = ["wasmtime"]}
    [factors.n]      # type = "int" | "float" | "str" | "bool" | "path"
    type = "int"
    default = 5000
    quick = 200      # the default under --quick
    min = 1          # also max, levels = [...], description, applies_when = {factor = [levels]}
    [[exclude]]      # a combination that makes no sense
    runtime = "native"
    build = ["simd128"]
    [needs]          # also [[needs.when]] with factors = {...} and the same three lists
    programs = ["rustc"]
    modules = ["numpy"]
    extras = ["nn"]
    [limits]
    timeout_s = 600
    memory_bytes = 2_000_000_000
    [expected]       # outputs that do not depend on factors, a program that prints the others
    outputs = {answer = 42}
    program = ["{python}", "{workload}/expected.py", "{n}"]
    tolerance = 1e-9
    timeout_s = 60
    [env]
    OMP_NUM_THREADS = "1"
    [participants.server]  # started before argv, ended after it
    argv = ["{python}", "{workload}/server.py", "{shared}/port"]
    role = "support"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from benchharness.errors import UnknownNameError
from benchharness.plan.conditions import read_conditions
from benchharness.plan.factors import Conditions, Factor, Kind
from benchharness.plan.manifest_programs import (
    LINK_KEYS,
    environment,
    link_template,
    participants,
    restarts,
    templates,
)
from benchharness.plan.records import Exclusion, Expected, Limits, Manifest, Needs
from benchharness.plan.templates import BUILT_IN, IN_TRIAL_ONLY, check_template
from benchharness.plan.toml_reader import Table, read_toml

FILE_NAME = "workload.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FACTOR_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = (
    *("name", "title", "description", "argv", "prepare", "factors", "exclude", "needs"),
    *("limits", "expected", "env", "module_file", "module_when", "restart", "participants"),
    *LINK_KEYS,
)
_FACTOR_KEYS = (
    *("type", "default", "levels", "quick", "min", "max", "pattern", "description"),
    "applies_when",
)
_NEEDS_KEYS = ("programs", "modules", "extras")


def load_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises UsageError with file, line and key."""
    table = read_toml(path)
    table.only(*_KEYS)
    name = table.string("name")
    if not _NAME.fullmatch(name):
        raise table.error(
            f"{name!r} is not a name", "name", remedy="use a-z, 0-9, - and _, such as 'matrix'"
        )
    factors = _factors(table.table("factors"))
    known = (*BUILT_IN, *factors)
    outside = tuple(name for name in known if name not in IN_TRIAL_ONLY)
    programs = participants(table, known, factors)
    # A workload whose participants are all named has no program at the top.
    needs_argv = "argv" in table or all(program.role != "main" for program in programs)
    return Manifest(
        name=name,
        title=table.string("title", name),
        description=table.string("description", ""),
        folder=path.resolve().parent,
        source=table.file,
        file=path.resolve(),
        argv=templates(table, "argv", known) if needs_argv else (),
        prepare=templates(table, "prepare", outside) if "prepare" in table else None,
        factors=factors,
        exclude=tuple(exclusion(entry, factors) for entry in table.tables("exclude")),
        needs=_needs(table.table("needs"), factors),
        limits=_limits(table.table("limits")),
        expected=_expected(table.table("expected"), outside),
        env=environment(table.table("env"), known),
        module_file=_module_file(table, known),
        module_when=read_conditions(table.table("module_when"), factors),
        restart=_restart(table),
        network=_link(table, "network", known),
        shaping=_link(table, "shaping", known),
        participants=programs,
    )


def exclusion(entry: Table, factors: Mapping[str, Factor]) -> Exclusion:
    """Read one ``[[exclude]]`` table."""
    if not entry.data:
        raise entry.error("is empty", remedy="name at least one factor and its level")
    return Exclusion(read_conditions(entry, factors), entry.place())


def _factors(table: Table) -> dict[str, Factor]:
    bare = {name: _factor(table.table(name), name) for name in table.data}
    factors = dict(bare)
    for name, factor in bare.items():
        conditions = read_conditions(table.table(name).table("applies_when"), bare)
        for other in conditions:
            if other == name or "applies_when" in table.table(other):
                raise table.error(
                    f"depends on {other}, which is itself conditional",
                    *(name, "applies_when", other),
                    remedy="depend on factors that always apply",
                )
        factors[name] = replace(factor, applies_when=conditions)
    return factors


def _factor(table: Table, name: str) -> Factor:
    if not _FACTOR_NAME.fullmatch(name) or name in BUILT_IN:
        raise table.error(
            f"{name!r} cannot name a factor", remedy="use a-z, 0-9 and _, and no built-in name"
        )
    table.only(*_FACTOR_KEYS)
    kind = _kind(table)
    bare = Factor(name, kind, "")
    levels = None
    if "levels" in table:
        values = table.scalars("levels")
        levels = tuple(
            bare.typed(value, table.where("levels", index)) for index, value in enumerate(values)
        )
        if len(set(levels)) < len(levels):
            raise table.error("a level is there twice", "levels", remedy="name each level once")
    elif kind == "bool":
        levels = (False, True)
    if kind not in ("int", "float"):
        for key in ("min", "max"):
            if key in table:
                raise table.error("is for numbers only", key, remedy="use levels")
    if kind == "path":
        for key in ("default", "quick", "levels"):
            if table.data.get(key, "") != "":
                raise table.error("a path is the user's to name", key, remedy='write default = ""')
    factor = Factor(
        name=name,
        kind=kind,
        default=bare.typed(table.scalar("default"), table.where("default")),
        levels=levels,
        quick=bare.typed(table.scalar("quick"), table.where("quick")) if "quick" in table else None,
        minimum=table.number("min"),
        maximum=table.number("max"),
        description=table.string("description", ""),
        pattern=_pattern(table, kind),
    )
    _check_levels(factor, table)
    return factor


def _pattern(table: Table, kind: Kind) -> str | None:
    """Read the regular expression of a text that is free otherwise."""
    pattern = table.optional_string("pattern")
    if pattern is None:
        return None
    if kind != "str":
        raise table.error(
            "is for texts only", "pattern", remedy='write type = "str", or min and max'
        )
    try:
        re.compile(pattern)
    except re.error as error:
        raise table.error(f"is no regular expression: {error}", "pattern") from None
    return pattern


def _kind(table: Table) -> Kind:
    text = table.string("type")
    for kind in get_args(Kind):
        if text == kind:
            return kind  # type: ignore[no-any-return]
    raise UnknownNameError("type", text, get_args(Kind), where=table.where("type"))


def _check_levels(factor: Factor, table: Table) -> None:
    """Check the default, the quick default and the levels against levels and bounds."""
    low, high = factor.minimum, factor.maximum
    if low is not None and high is not None and low > high:
        raise table.error(f"{low:g} is above max = {high:g}", "min")
    factor.check_allowed(factor.default, table.where("default"))
    if factor.quick is not None:
        factor.check_allowed(factor.quick, table.where("quick"))
    for index, level in enumerate(factor.levels or ()):
        factor.check_allowed(level, table.where("levels", index))


def _restart(table: Table) -> int:
    """Read how often the program at the top is started again, if there is one."""
    if "restart" in table and "argv" not in table:
        raise table.error("is for argv, which is missing", "restart", remedy="write it beside argv")
    return restarts(table)


def _link(table: Table, key: str, known: tuple[str, ...]) -> str | None:
    """Read a template of the link of the program at the top, if there is one."""
    if key in table and "argv" not in table:
        raise table.error("is for argv, which is missing", key, remedy="write it beside argv")
    return link_template(table, key, known)


def _needs(table: Table, factors: Mapping[str, Factor]) -> tuple[Needs, ...]:
    table.only(*_NEEDS_KEYS, "when")
    found = [_needs_entry(table, {})]
    for entry in table.tables("when"):
        entry.only(*_NEEDS_KEYS, "factors")
        conditions = read_conditions(entry.table("factors"), factors)
        if not conditions:
            raise entry.error("is missing", "factors", remedy='write factors = {name = ["level"]}')
        found.append(_needs_entry(entry, conditions))
    return tuple(needs for needs in found if needs.programs or needs.modules or needs.extras)


def _needs_entry(table: Table, conditions: Conditions) -> Needs:
    return Needs(
        programs=table.strings("programs"),
        modules=table.strings("modules"),
        extras=table.strings("extras"),
        when=conditions,
    )


def _limits(table: Table) -> Limits:
    table.only("timeout_s", "memory_bytes")
    return Limits(table.number("timeout_s", above=0), table.integer("memory_bytes", minimum=1))


def _expected(table: Table, known: tuple[str, ...]) -> Expected:
    table.only("outputs", "program", "tolerance", "timeout_s")
    standard = Expected()
    tolerance = table.number("tolerance", minimum=0)
    timeout_s = table.number("timeout_s", above=0)
    return Expected(
        outputs=table.table("outputs").data,
        program=templates(table, "program", known) if "program" in table else None,
        tolerance=standard.tolerance if tolerance is None else tolerance,
        timeout_s=standard.timeout_s if timeout_s is None else timeout_s,
    )


def _module_file(table: Table, known: tuple[str, ...]) -> str | None:
    template = table.optional_string("module_file")
    if template is not None:
        names = tuple(name for name in known if name not in ("scratch", "python", *IN_TRIAL_ONLY))
        check_template(template, names, table.where("module_file"))
    return template
