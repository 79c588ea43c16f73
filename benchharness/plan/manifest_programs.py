"""The programs of a manifest: argument templates, environments, and the participants' table.

    [participants.server]
    argv = ["{python}", "{workload}/server.py", "--port-file", "{shared}/port"]
    role = "support"          # started before the main program, ended after it; or "main"
    ready_timeout_s = 10      # how long it may take to say that it is ready
    env = {LOG = "quiet"}     # on top of the workload's [env]

Several mains are measured together: from the first start to the last end, or what they mark.
"""

from __future__ import annotations

import re
from typing import get_args

from benchharness.errors import UnknownNameError
from benchharness.model import Role
from benchharness.plan.records import READY_TIMEOUT_S, Program
from benchharness.plan.templates import check_template
from benchharness.plan.toml_reader import Table

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_TAKEN = ("main", "harness")  # the program at the top, and benchharness itself
_KEYS = ("argv", "role", "env", "ready_timeout_s")


def participants(manifest: Table, known: tuple[str, ...]) -> tuple[Program, ...]:
    """Read ``[participants.NAME]``. Raises UsageError with file, line and key."""
    table = manifest.table("participants")
    return tuple(_program(table.table(name), name, known) for name in table.data)


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


def _program(table: Table, name: str, known: tuple[str, ...]) -> Program:
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
    timeout_s = table.number("ready_timeout_s", above=0)
    return Program(
        name=name,
        argv=templates(table, "argv", known),
        role=role,
        env=environment(table.table("env"), known),
        ready_timeout_s=READY_TIMEOUT_S if timeout_s is None else timeout_s,
    )


def _role(table: Table) -> Role:
    text = table.string("role", "main")
    for role in get_args(Role):
        if text == role:
            return role  # type: ignore[no-any-return]
    raise UnknownNameError("role", text, get_args(Role), where=table.where("role"))
