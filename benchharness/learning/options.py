"""The options of a training's programs: one for each field of the record that describes it."""

from __future__ import annotations

import argparse
from dataclasses import Field, fields
from typing import Any

from benchharness.errors import UsageError

ANYWHERE = "127.0.0.1:0"
_ALL = "all"


def add(parser: argparse.ArgumentParser, record: type[Any]) -> None:
    """Give ``parser`` an option for every field: ``--learning-rate 0.05``, ``--examples all``.

    Two more say which run of many this is, each of which has a seed of its own: ``--repetition``
    (from 0) is added to ``--seed``, unless ``--reseed`` is false.
    """
    for field in fields(record):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=_READERS[str(field.type)],
            default=field.default,
            metavar=str(field.type).partition(" ")[0].upper(),
        )
    parser.add_argument("--repetition", type=int, default=0, metavar="N", help="from 0")
    parser.add_argument("--reseed", type=_boolean, default=True, metavar="BOOL")


def values(options: argparse.Namespace, record: type[Any]) -> dict[str, Any]:
    """Return what the options of ``add`` say of each field; ``seed`` is the run's own.

    Raises UsageError for a repetition below 0.
    """
    listed: tuple[Field[Any], ...] = fields(record)
    found = {field.name: getattr(options, field.name) for field in listed}
    if options.repetition < 0:
        raise UsageError(f"repetition is {options.repetition}", remedy="take at least 0")
    if options.reseed:
        found["seed"] += options.repetition
    return found


def address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not int(port) < 1 << 16:
        raise UsageError(f"address is {text!r}", remedy=f"write HOST:PORT, as {ANYWHERE}")
    return host, int(port)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text == "true"


def _count_or_all(text: str) -> int | None:
    """Read a number; "all", or 0 as a manifest writes it, is None."""
    return None if text in (_ALL, "0") else int(text)


_READERS: dict[str, Any] = {
    "str": str,
    "int": int,
    "int | None": _count_or_all,
    "float": float,
    "bool": _boolean,
}
