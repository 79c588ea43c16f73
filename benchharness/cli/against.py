"""``report --against``: a campaign beside published results, on stderr for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.cli.tables import print_table, say, stderr_console
from benchharness.report.against import compare_published
from benchharness.report.against_table import against_tables
from benchharness.report.against_text import sentences
from benchharness.report.published import find_published
from benchharness.report.published_read import read_published
from benchharness.report.table_fit import fit

if TYPE_CHECKING:
    from rich.console import Console

    from benchharness.model import CampaignSummary
    from benchharness.report.against_records import Against

_NARROWEST = 40


def against_of(summary: CampaignSummary, name: str) -> Against:
    """Return the comparison with what ``name`` means: published/NAME or a folder.

    Raises UsageError for a publication that is not there, cannot be read, or has nothing in common.
    """
    return compare_published(summary, read_published(find_published(name)))


def print_against(against: Against, console: Console | None = None) -> None:
    """Print what agrees, the tables, and the audit as footnotes of one line."""
    console = console or stderr_console()
    width = max(_NARROWEST, console.width)
    tables = against_tables(against)
    for sentence in sentences(against):
        say(console, sentence, style="bold")
    for note in against.notes:
        say(console, note)
    for part in tables.parts:
        for table in part.tables:
            say(console, "")
            say(console, table.caption, style="bold")
            print_table(fit(table, width), console)
        for note in part.notes:
            say(console, f"  {note}", style="dim")
    if tables.footnotes:
        say(console, "")
        say(console, "the audit of what is printed, with its arithmetic in the HTML report:")
    for number, finding in tables.footnotes:
        say(console, f"[{number}] {finding.title} ({finding.place}); read as: {finding.reading}")
