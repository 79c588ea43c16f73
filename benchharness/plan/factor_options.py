"""``--set``, ``--vary`` and ``--baseline`` of a command line."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.errors import UsageError


def parse_set(options: Sequence[str]) -> dict[str, str]:
    """Parse ``--set f=v`` options. Raises UsageError for no ``=`` and for a factor set twice."""
    return parse_levels(options, "--set", "n=1000", remedy="set it once, or --vary it")


def parse_levels(
    options: Sequence[str], where: str, example: str, remedy: str = "name it once"
) -> dict[str, str]:
    """Parse ``f=v`` options. Raises UsageError for no ``=`` and for a factor twice."""
    values: dict[str, str] = {}
    for option in options:
        name, text = _split(option, where, example)
        if name in values:
            raise UsageError(f"{name} is set twice", where=where, remedy=remedy)
        values[name] = text
    return values


def parse_vary(options: Sequence[str]) -> dict[str, list[str]]:
    """Parse ``--vary f=a,b`` options. A level with a comma needs a campaign file."""
    levels: dict[str, list[str]] = {}
    for option in options:
        name, text = _split(option, "--vary", "runtime=wasmtime,native")
        if name in levels:
            raise UsageError(
                f"{name} is varied twice", where="--vary", remedy=f"write {name}=a,b in one option"
            )
        levels[name] = [part.strip() for part in text.split(",")]
        if "" in levels[name]:
            raise UsageError(
                f"{option!r} has an empty level", where="--vary", remedy=f"write {name}=a,b"
            )
    return levels


def _split(option: str, where: str, example: str) -> tuple[str, str]:
    name, equals, text = option.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            f"expected factor=value, got {option!r}", where=where, remedy=f"for example {example}"
        )
    return name.strip(), text.strip()
