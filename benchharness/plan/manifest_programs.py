"""The programs of a manifest: argument templates, environments, and the participants' table.

    [participants.broker]
    argv = ["{python}", "{workload}/broker.py", "--port-file", "{shared}/port"]
    role = "support"          # started before the main program, ended after it; or "main"
    ready_timeout_s = 10      # how long it may take to say that it is ready
    env = {LOG = "quiet"}     # on top of the workload's [env]
    when = {engine = ["mqtt"]}  # in the variants with these levels only
    restart = 2               # how often it is started again if it ends with an error
    [participants.client]     # client-1 to client-N
    argv = ["{python}", "{workload}/client.py", "--number", "{index}", "--of", "{count}"]
    count = "{clients}"       # or a number; 1 to 1000
    may_leave = true          # an end with an error does not fail the trial
    on_device = true          # each takes the next device of the testbed, where there is one
    power_mode = "{power_mode}"  # one of the device's, by name; "": its own figures
    start_at_full_speed = true  # held to the device's share once it says events.started()
    network = "{link}"        # its link: none, a name, constant:20/5 ...; or "hub" (any program)
    shaping = "{shaping}"     # who keeps the links of a trial: auto, kernel or program

Several mains are measured together: from the first start to the last end, or what they mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from benchharness.errors import UnknownNameError
from benchharness.model import Role
from benchharness.plan.conditions import read_conditions
from benchharness.plan.factors import Factor
from benchharness.plan.records import READY_TIMEOUT_S, Program
from benchharness.plan.templates import check_template
from benchharness.plan.toml_reader import Table

MOST_INSTANCES = 1000
MOST_RESTARTS = 100
INSTANCE_NAMES = ("index", "count")  # the placeholders of a participant of which there are several
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_TAKEN = ("main", "harness")  # the program at the top, and benchharness itself
_ON_DEVICE = ("power_mode", "start_at_full_speed")
_MAIN_ONLY = ("may_leave", "on_device", *_ON_DEVICE)
LINK_KEYS = ("network", "shaping")
_KEYS = (
    *("argv", "role", "env", "ready_timeout_s", "count", "when", "restart"),
    *LINK_KEYS,
    *_MAIN_ONLY,
)


def participants(
    manifest: Table, known: tuple[str, ...], factors: Mapping[str, Factor]
) -> tuple[Program, ...]:
    """Read ``[participants.NAME]``. Raises UsageError with file, line and key."""
    table = manifest.table("participants")
    return tuple(_program(table.table(name), name, known, factors) for name in table.data)


def templates(table: Table, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Read a program with its arguments, every placeholder known."""
    if key not in table:
        raise table.error("is missing", key, remedy=f'write {key} = ["program", "argument"]')
    parts = table.strings(key)
    if not parts or not parts[0]:
        raise table.error("names no program", key, remedy='write ["program", "argument"]')
    for index, part in enumerate(parts):
        check_template(part, known, table.where(key, index))
    return parts


def environment(table: Table, known: tuple[str, ...]) -> dict[str, str]:
    """Read environment variables, every placeholder known."""
    variables = {}
    for name in table.data:
        if not name or "=" in name or "\0" in name:
            raise table.error("is not the name of an environment variable", name)
        variables[name] = table.string(name)
        check_template(variables[name], known, table.where(name))
    return variables


def restarts(table: Table) -> int:
    """Read how often a program is started again if it ends with an error; by default never."""
    times = table.integer("restart", minimum=0) or 0
    if times > MOST_RESTARTS:
        raise table.error(f"expected at most {MOST_RESTARTS}, got {times}", "restart")
    return times


def link_template(table: Table, key: str, known: tuple[str, ...]) -> str | None:
    """Read ``network`` or ``shaping`` of a program, every placeholder known."""
    template = table.optional_string(key)
    if template is not None:
        check_template(template, known, table.where(key))
    return template


def _program(
    table: Table, name: str, known: tuple[str, ...], factors: Mapping[str, Factor]
) -> Program:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise table.error(
            f"{name!r} cannot name a participant",
            remedy=f"use a-z, 0-9, - and _, but not {' or '.join(map(repr, _TAKEN))}",
        )
    table.only(*_KEYS)
    role = _role(table)
    if role == "main" and "ready_timeout_s" in table:
        raise table.error(
            "is for support programs only", "ready_timeout_s", remedy='add role = "support"'
        )
    for key in _MAIN_ONLY:
        if role == "support" and key in table:
            raise table.error("is for main programs only", key, remedy="leave it out")
    count = _count(table, factors)
    if count is not None:
        known = (*known, *INSTANCE_NAMES)
    for key in _ON_DEVICE:
        if key in table and not table.boolean("on_device"):
            raise table.error("is for programs on devices", key, remedy="add on_device = true")
    power_mode = table.string("power_mode", "")
    check_template(power_mode, known, table.where("power_mode"))
    timeout_s = table.number("ready_timeout_s", above=0)
    return Program(
        name=name,
        argv=templates(table, "argv", known),
        role=role,
        env=environment(table.table("env"), known),
        ready_timeout_s=READY_TIMEOUT_S if timeout_s is None else timeout_s,
        count=count,
        when=read_conditions(table.table("when"), factors),
        restart=restarts(table),
        may_leave=table.boolean("may_leave"),
        on_device=table.boolean("on_device"),
        power_mode=power_mode,
        start_at_full_speed=table.boolean("start_at_full_speed"),
        network=link_template(table, "network", known),
        shaping=link_template(table, "shaping", known),
        where=table.place(),
    )


def _role(table: Table) -> Role:
    text = table.string("role", "main")
    for role in get_args(Role):
        if text == role:
            return role  # type: ignore[no-any-return]
    raise UnknownNameError("role", text, get_args(Role), where=table.where("role"))


def _count(table: Table, factors: Mapping[str, Factor]) -> str | None:
    """Read how many there are: a number, or a template of factors, which a variant fills."""
    if "count" not in table:
        return None
    for name in INSTANCE_NAMES:
        if name in factors:
            raise table.error(
                f"a participant with a count knows its {{{name}}}, which is a factor here",
                "count",
                remedy=f"call the factor something else than {name!r}",
            )
    if not isinstance(table.data["count"], str):
        number = table.integer("count", minimum=1)
        assert number is not None
        if number > MOST_INSTANCES:
            raise table.error(f"expected at most {MOST_INSTANCES}, got {number}", "count")
        return str(number)
    template = table.string("count")
    check_template(template, factors, table.where("count"))
    if "{" not in template:
        raise table.error(
            f"expected an integer or a template such as '{{clients}}', got {template!r}",
            "count",
            remedy="leave the quotes out",
        )
    return template
