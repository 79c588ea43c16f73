"""The words that everything else is said in: states, classes, checks, cautions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

FactorValue = str | int | float | bool
Factors = Mapping[str, FactorValue]
Role = Literal["main", "support"]  # of a participant: measured, or there for those that are


class Status(str, Enum):
    """How a trial ended."""

    PLANNED = "planned"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"  # wrong exit code or wrong output
    TIMEOUT = "timeout"
    INVALID = "invalid"  # interrupted, or a limit of the harness made it worthless

    @property
    def is_pending(self) -> bool:
        """Say whether it has not ended: it is planned, or it runs."""
        return self in (Status.PLANNED, Status.RUNNING)


class MeasurementClass(str, Enum):
    """Where a joule comes from; never compared across classes unless asked."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    EMULATED = "emulated"
    REPLAYED = "replayed"


class CheckState(str, Enum):
    """The answer of one pre-flight check."""

    OK = "ok"
    ADVICE = "advice"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One pre-flight answer: what was looked at, how it is, and what to do about it."""

    subject: str
    state: CheckState
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning as data: rendered at the edge, with its remedy."""

    code: str
    message: str
    remedy: str | None = None

    def line(self) -> str:
        """Return the caution as one line."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message
