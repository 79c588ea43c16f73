"""The errors that benchharness raises on purpose, and the exit code that each one means.

BenchharnessError
├── UsageError        2  wrong usage or input: a name, a file, a value
│   ├── UnknownNameError      a workload, factor, level or meter that is not there
│   └── ResultsFileError      not SQLite, of a newer schema, locked
├── GateError         1  a trial failed or a gate closed
└── UnfitError        3  a meter or the machine is not fit to measure
    └── MeterError            a meter that cannot be opened, read or trusted

Each is one line: what, where, and the remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class BenchharnessError(Exception):
    """One line for the user: what is wrong, where, and the remedy."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(self.line())

    def line(self) -> str:
        """Return the message as one line: ``where: what; remedy``."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.remedy:
            text = f"{text}; {self.remedy}"
        return " ".join(text.split())


class UsageError(BenchharnessError):
    """Wrong usage or input."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not there, with the nearest one that is."""

    def __init__(
        self, kind: str, name: str, known: Iterable[str], *, where: str | None = None
    ) -> None:
        import difflib  # only where something is wrong already

        choices = sorted(known)
        near = difflib.get_close_matches(name, choices, n=1, cutoff=0.4)
        if near:
            remedy = f"did you mean {near[0]!r}?"
        elif choices:
            remedy = f"known: {', '.join(choices)}"
        else:
            remedy = "there are none"
        super().__init__(f"unknown {kind} {name!r}", where=where, remedy=remedy)


class ResultsFileError(UsageError):
    """A results file that is not SQLite, is of a newer schema, or cannot be used."""


class GateError(BenchharnessError):
    """A trial failed, or a gate closed."""

    exit_code = 1


class UnfitError(BenchharnessError):
    """A meter or the machine is not fit to measure."""

    exit_code = 3


class MeterError(UnfitError):
    """A meter that cannot be opened, read or trusted."""
