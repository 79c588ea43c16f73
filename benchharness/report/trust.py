"""Whether a campaign's figures can be relied on: the grounds, the answer, the cautions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, Caution, MeasurementClass, Status
from benchharness.report.metrics import energy_classes, energy_key
from benchharness.report.text import number, plain

WHOLE_CAMPAIGN = "Whole campaign"
NO_METER = "no meter was used"
_COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground for or against relying on the figures; ``good`` is None for plain advice."""

    good: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class CautionRow:
    """A caution once, with the runs that it was raised in."""

    message: str
    remedy: str
    runs: str


def grounds(summary: CampaignSummary) -> list[Ground]:
    """Return the grounds for and against relying on the figures, one short line each."""
    ended = [t for t in summary.trials if not t.status.is_pending]
    good = [t for t in ended if t.status is Status.OK]
    found = [
        Ground(len(good) == len(ended) and bool(good), f"{len(good)} of {len(ended)} runs good")
    ]
    if summary.quick:
        found.append(Ground(good=False, text="a quick run: small inputs"))
    if energy_key(summary) is not None:
        found += [
            Ground(cls is MeasurementClass.MEASURED, f"joules are {cls.value}")
            for cls in energy_classes(summary)
        ]
    without = sum(t.energy is None for t in good)
    if good and without == len(good) and all(t.energy_missing == NO_METER for t in good):
        found.append(Ground(good=None, text=NO_METER))  # as it was asked for
    elif without:
        runs = "run" if without == 1 else "runs"
        found.append(Ground(good=False, text=f"{without} good {runs} without energy"))
    coverage = [t.energy.coverage for t in good if t.energy and t.energy.coverage is not None]
    if coverage:
        found.append(_coverage(min(coverage)))
    if any(v.ok == 1 for v in summary.variants):
        found.append(Ground(good=False, text="a single run has no interval"))
    count = len(caution_rows(summary))
    if count:
        found.append(Ground(good=False, text=f"{counted(count, 'warning')}, listed below"))
    return found


def _coverage(least: float) -> Ground:
    if least >= 0.9995:
        return Ground(good=True, text="readings cover every window")
    share = number(100 * math.floor(least * 1000) / 1000, 3)
    return Ground(least >= 0.95, f"readings cover {share} % or more of each window")


def reliance(summary: CampaignSummary) -> str:
    """Answer "can you rely on this?" in a few words."""
    if not any(t.status is Status.OK for t in summary.trials):
        return "No: no run was good"
    if summary.quick:
        return "Not yet: a quick run"
    against = [g for g in grounds(summary) if g.good is False]
    classes = energy_classes(summary)
    if classes and MeasurementClass.MEASURED not in classes:
        plainly = len(against) == len(classes)  # nothing is against them but their class
        return f"Time and memory: {'yes' if plainly else 'with cautions'}. Joules: with care"
    if not against:
        return "Yes"
    return f"Yes, with {counted(len(against), 'caution')}"


def caution_rows(summary: CampaignSummary) -> list[CautionRow]:
    """Return every caution once, those of the campaign first.

    Cautions of runs that share a code are one row: the first message, and all their runs.
    """
    rows = [
        CautionRow(plain(c.message, 300), plain(c.remedy or "", 300), WHOLE_CAMPAIGN)
        for c in dict.fromkeys(summary.cautions)
    ]
    by_code: dict[str, list[tuple[Caution, int]]] = {}
    for trial in summary.trials:
        for caution in trial.cautions:
            by_code.setdefault(caution.code, []).append((caution, trial.index + 1))
    for group in by_code.values():
        first = group[0][0]
        others = len({c.message for c, _ in group}) - 1
        more = f" (and {others} like it)" if others else ""
        places = sorted({place for _, place in group})
        message = plain(first.message, 300) + more
        rows.append(CautionRow(message, plain(first.remedy or "", 300), _run_list(places)))
    return rows


def counted(count: int, noun: str) -> str:
    """Return ``two cautions``, ``one caution``, ``14 cautions``."""
    word = _COUNT_WORDS[count] if count < len(_COUNT_WORDS) else str(count)
    return f"{word} {noun}{'' if count == 1 else 's'}"


def _run_list(places: Sequence[int], most: int = 12) -> str:
    text = ", ".join(str(p) for p in places[:most])
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return f"{'Run' if len(places) == 1 else 'Runs'} {text}{more}"
