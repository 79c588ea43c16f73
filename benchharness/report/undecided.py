"""What a campaign leaves open, and the command that would probably decide it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.change_text import change_text
from benchharness.report.commands import campaign_command
from benchharness.report.metrics import METRICS, headline_key, metric_of, ranked
from benchharness.report.text import plain
from benchharness.standing import Needed, Standing, Word

_UNCLEAR = (Word.LOWER_UNCLEAR, Word.HIGHER_UNCLEAR)
MOST_REPETITIONS = 100  # more than this is not proposed


@dataclass(frozen=True, slots=True)
class Open:
    """A variant that stands open against its reference, in a sentence without its full stop."""

    label: str
    text: str
    repetitions: int | None  # more, of each of the two


def open_variants(summary: CampaignSummary) -> list[Open]:
    """Return what is undecided or of unclear size in the metric that ranks, lowest first."""
    key = headline_key(summary)
    labels = {v.index: plain(v.label, 60) for v in summary.variants}
    found = []
    for variant in ranked(summary, key):
        metric = metric_of(variant, key)
        standing = metric.standing if metric else None
        if standing is None or standing.word not in (Word.UNDECIDED, *_UNCLEAR):
            continue
        reference = labels.get(-1 if standing.reference is None else standing.reference, "")
        more = standing.needed.repetitions if standing.needed else None
        found.append(Open(plain(variant.label, 60), _text(variant, standing, reference), more))
    return found


def without_value(summary: CampaignSummary) -> list[VariantSummary]:
    """Return the variants that have no value of the metric that ranks."""
    key = headline_key(summary)
    return [v for v in summary.variants if v.trials and metric_of(v, key) is None]


def subject(summary: CampaignSummary) -> str:
    """Return what the metric that ranks is called within a sentence."""
    return METRICS[headline_key(summary)].title.lower()


def command_for(summary: CampaignSummary, more: Iterable[int | None]) -> str:
    """Return the command that adds so many repetitions, the most that any needs; "" for none."""
    known = [n for n in more if n is not None and n <= MOST_REPETITIONS]
    if not known or summary.state != "done":
        return ""
    return repeat_command(summary, max(known))


def repeat_command(summary: CampaignSummary, more: int) -> str:
    """Return the command that adds so many repetitions to those that have ended."""
    ended = [t for t in summary.trials if not t.status.is_pending]
    now = max((t.repetition for t in ended), default=-1) + 1
    return campaign_command("resume", summary, "--repeat", str(now + more))


def needed_text(needed: Needed | None) -> str:
    """Return what would decide, or that nothing practical would."""
    text = needed.text() if needed is not None else ""
    return text or "no practical number of repetitions would decide"


def _text(variant: VariantSummary, standing: Standing, reference: str) -> str:
    change = change_text(standing.ratio, standing.low, standing.high)
    interval = f" ({change.interval})" if change.interval else ""
    word = "is undecided" if standing.word is Word.UNDECIDED else f"is {standing.word.value}"
    if standing.reason:
        return f"{plain(variant.label, 60)} {word}: {plain(standing.reason, 160)}"
    return (
        f"{plain(variant.label, 60)} {word} against {reference}: {change.change}{interval}; "
        f"{needed_text(standing.needed)}"
    )
