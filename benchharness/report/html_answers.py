"""What the page answers besides its forests: what is open, the checks, the budgets, how to repeat.

Made once a page: none of it depends on how much is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.beside import Beside, beside
from benchharness.report.budget_shares import budget_shares
from benchharness.report.check_records import counts
from benchharness.report.checks import check_rows
from benchharness.report.floor_rows import floor_table
from benchharness.report.groups import groups, is_divided, sections
from benchharness.report.html_repeat import repeat
from benchharness.report.metrics import MEANINGS, Sign, headline_key, standings
from benchharness.report.pairs import pair_matrix
from benchharness.report.timeline import SeriesReader
from benchharness.report.undecided import command_for, open_variants
from benchharness.stats.saying import percent
from benchharness.store.database import Store

_MOST_OPEN = 3


def beside_of(reader: SeriesReader | None, campaign_id: str) -> Beside:
    """Return what the results file has besides; nothing where observations come from elsewhere."""
    return beside(reader, campaign_id) if isinstance(reader, Store) else Beside()


def answers(
    summary: CampaignSummary, reader: SeriesReader | None, found: Beside
) -> Mapping[str, Any]:
    """Return the names that the templates use."""
    checks = check_rows(summary, reader)
    return {
        "lead": lead(summary),
        "checks": checks,
        "checks_counted": counts(checks) if checks else "",
        "shares": budget_shares(summary),
        "floor": floor_table(summary, found.noop),
        "again": repeat(summary, found),
        "glossary": glossary(summary),
        "margin_words": margin_words(summary),
    }


def lead(summary: CampaignSummary) -> Mapping[str, Any]:
    """Return what is left open, in sentences, and the command that would decide it.

    What the verdict has said already is not said again. Nothing where not all variants compete:
    there, each workload says its own.
    """
    found = [] if is_divided(summary) else open_variants(summary)
    told = "cannot be told" in summary.verdict
    said = [each for each in found if not (told and each.label in summary.verdict)]
    more = len(said) - _MOST_OPEN
    return {
        "sentences": [each.text for each in said[:_MOST_OPEN]],
        "more": max(0, more),
        "command": command_for(summary, [each.repetitions for each in found]),
    }


def margin_words(summary: CampaignSummary) -> str:
    """Say what margin the verdicts keep."""
    if summary.margin <= 0.0:
        return "No margin was set, so that no difference is called the same, however small."
    return f"The margin of ±{percent(summary.margin)} % was set before the first run."


def glossary(summary: CampaignSummary) -> Mapping[str, list[tuple[Sign, str]]]:
    """Return the meanings of the words that the page uses, and of the others."""
    used: set[Sign] = set()
    for section in sections(summary):
        key = headline_key(section.summary)
        for shown in (key, "duration_s", "memory_peak_bytes"):
            used |= set(standings(section.summary, shown).values())
        for group in groups(section.summary.variants):
            matrix = pair_matrix(section.summary, group, key)
            used |= set(matrix.signs) if matrix is not None else set()
    return {
        "used": [(sign, text) for sign, text in MEANINGS if sign in used],
        "others": [(sign, text) for sign, text in MEANINGS if sign not in used],
    }
