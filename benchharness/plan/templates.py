"""Argument templates of manifests: ``{python} {workload}/main.py --n {n}``, never a shell.

Placeholders are the six built-in names and the factors; literal braces are doubled. There are
no format specifications, conversions or attributes: a template cannot compute.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue

BUILT_IN = ("python", "workload", "wasm_modules", "scratch", "shared", "repetition")
IN_TRIAL_ONLY = ("shared", "repetition")  # what a preparation or an expected program cannot be told


def placeholders(template: str, where: str) -> tuple[str, ...]:
    """Return the names in a template, in order. Raises UsageError for anything else in braces."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise UsageError(
            f"unbalanced braces in {template!r}",
            where=where,
            remedy="double a literal brace: {{ or }}",
        ) from None
    names: list[str] = []
    for _, name, specification, conversion in parts:
        if name is None:
            continue
        if specification or conversion or not name.isidentifier():
            raise UsageError(
                f"a placeholder is a plain name, got one that is not in {template!r}",
                where=where,
                remedy="double literal braces: {{ and }}",
            )
        names.append(name)
    return tuple(names)


def check_template(template: str, known: Iterable[str], where: str) -> None:
    """Refuse a placeholder that is not known, with the nearest that is."""
    choices = tuple(known)
    for name in placeholders(template, where):
        if name in IN_TRIAL_ONLY and name not in choices:
            raise UsageError(
                f"{{{name}}} has a value in a trial only",
                where=where,
                remedy="use it in an argv or env of the workload's programs",
            )
        if name not in choices:
            raise UnknownNameError("placeholder", name, choices, where=where)


def expand(template: str, names: Mapping[str, FactorValue]) -> str:
    """Fill one template. Raises UsageError for a placeholder without a value."""
    check_template(template, names, template)
    return template.format(**{name: as_text(value) for name, value in names.items()})


def expand_argv(template: Iterable[str], names: Mapping[str, FactorValue]) -> tuple[str, ...]:
    """Fill every argument of a template; each stays one argument whatever it contains."""
    return tuple(expand(part, names) for part in template)


def template_names(
    folder: Path,
    factors: Mapping[str, FactorValue],
    scratch: Path | str | None = None,
    shared: Path | str | None = None,
    repetition: str | None = None,
) -> dict[str, FactorValue]:
    """Return the values of all placeholders for a workload in ``folder``.

    Without a scratch folder ``{scratch}`` stays unknown, and so do ``{shared}``, the folder that
    the participants of a trial have in common, and ``{repetition}``, the trial's number within
    its variant.
    """
    names: dict[str, FactorValue] = {
        **factors,
        "python": sys.executable,
        "workload": str(folder),
        "wasm_modules": str(declarations.shipped_folder("wasm_modules")),
    }
    if scratch is not None:
        names["scratch"] = str(scratch)
    if shared is not None:
        names["shared"] = str(shared)
    if repetition is not None:
        names["repetition"] = repetition
    return names


def escape(text: str) -> str:
    """Return a template that expands to ``text`` itself."""
    return text.replace("{", "{{").replace("}", "}}")


def as_text(value: FactorValue) -> str:
    """Return a level as an argument: booleans as true and false, floats in full precision."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
