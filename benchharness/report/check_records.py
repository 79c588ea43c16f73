"""One check of the meter or the campaign: what was found, the limit, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from benchharness.model import CampaignSummary, EnergyFigure, TrialSummary
from benchharness.report.timeline import SeriesReader

_MOST_FAILED = 0.5  # of the runs: from here on a check has failed


class Result(str, Enum):
    """How a check ended."""

    PASSED = "pass"
    CAUTION = "caution"
    FAILED = "fail"

    @property
    def glyph(self) -> str:
        """Return the sign that goes with the word."""
        return {"pass": "✓", "caution": "!", "fail": "✗"}[self.value]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check."""

    name: str
    found: str
    limit: str
    result: Result


@dataclass(frozen=True, slots=True)
class Seen:
    """What the checks look at: the good runs, the figures of their meters, what was observed.

    Where a run's energy is a sum over devices, the figures are those of the devices.
    """

    summary: CampaignSummary
    trials: Sequence[TrialSummary]
    figures: Sequence[EnergyFigure]
    reader: SeriesReader | None

    def having(self, code: str) -> int:
        """Return how many runs have a caution."""
        return sum(any(c.code == code for c in t.cautions) for t in self.trials)


def counts(rows: Sequence[CheckRow]) -> str:
    """Return ``5 checks passed, 2 cautions``."""
    of = {result: sum(row.result is result for row in rows) for result in Result}
    parts = [f"{of[Result.PASSED]} check{'' if of[Result.PASSED] == 1 else 's'} passed"]
    if of[Result.CAUTION]:
        parts.append(f"{of[Result.CAUTION]} caution{'' if of[Result.CAUTION] == 1 else 's'}")
    if of[Result.FAILED]:
        parts.append(f"{of[Result.FAILED]} failed")
    return ", ".join(parts)


def by_share(bad: int, of: int) -> Result:
    """Pass without a bad run, fail with half of them or more."""
    if not bad:
        return Result.PASSED
    return Result.FAILED if bad >= _MOST_FAILED * of else Result.CAUTION


def runs_text(count: int, of: int, what: str, none: str) -> str:
    """Return ``jumped in 2 of 20 runs``."""
    return f"{what} in {count} of {of} runs" if count else none
