"""The checks of a campaign as a table: those of the meter, then of the board and the harness.

What is not known has no row: nothing is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchharness.energy.devices import counting
from benchharness.model import CampaignSummary, Status
from benchharness.report.check_records import CheckRow, Result, Seen, by_share, runs_text
from benchharness.report.checks_meter import METER_CHECKS
from benchharness.report.in_words import campaign_drift
from benchharness.report.metrics import METRICS, headline_key
from benchharness.report.text import number
from benchharness.report.timeline import SeriesReader
from benchharness.stats.saying import percent

_OVERHEAD = 0.05  # of a core
_MISSED = 0.005  # of the samples: derive_cautions


def check_rows(summary: CampaignSummary, reader: SeriesReader | None = None) -> list[CheckRow]:
    """Return every check of which something is known, those of the meter first."""
    good = [t for t in summary.trials if t.status is Status.OK]
    figures = [figure for trial in good for figure in counting(trial)]
    seen = Seen(summary, good, figures, reader)
    return [row for check in _CHECKS for row in check(seen)]


def _throttled(seen: Seen) -> Iterator[CheckRow]:
    """Say nothing of a board that does not tell, unless a run has the caution."""
    count = seen.having("throttled")
    if count or _tells_throttling(seen):
        yield CheckRow(
            "Throttling",
            runs_text(count, len(seen.trials), "throttled", "none"),
            "none",
            by_share(count, len(seen.trials)),
        )


def _tells_throttling(seen: Seen) -> bool:
    if seen.reader is None or not seen.trials:
        return False
    return any(
        channel.name == "throttled"
        for stream in seen.reader.streams(seen.trials[0].trial_id)
        for channel in stream.channels
    )


def _drift(seen: Seen) -> Iterator[CheckRow]:
    key = headline_key(seen.summary)
    found = campaign_drift(seen.summary, key)
    if found is not None:
        ends = (percent(end, signed=True, digits=2) for end in (found.low, found.high))
        yield CheckRow(
            f"Drift of {METRICS[key].title.lower()}",
            f"{' to '.join(ends)} %",
            "0 in the interval",
            Result.CAUTION if found.is_clear else Result.PASSED,
        )


def _overhead(seen: Seen) -> Iterator[CheckRow]:
    overhead = seen.summary.overhead
    share = overhead.get("cpu_share_of_a_core")
    if isinstance(share, int | float):
        yield CheckRow(
            "CPU of the harness",
            f"{number(100 * share, 2)} % of a core",
            f"≤ {100 * _OVERHEAD:g} %",
            Result.PASSED if share <= _OVERHEAD else Result.CAUTION,
        )
    ticks, missed = overhead.get("ticks"), overhead.get("missed_ticks")
    if isinstance(ticks, int) and isinstance(missed, int) and ticks + missed > 0:
        lost = missed / (ticks + missed)
        yield CheckRow(
            "Samples missed by the harness",
            f"{missed} of {ticks + missed}",
            f"≤ {100 * _MISSED:g} %",
            Result.PASSED if lost <= _MISSED else Result.CAUTION,
        )


_CHECKS: tuple[Callable[[Seen], Iterator[CheckRow]], ...] = (
    *METER_CHECKS,
    _throttled,
    _drift,
    _overhead,
)
