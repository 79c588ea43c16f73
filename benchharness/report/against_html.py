"""The comparison with published results as the page shows it: sentences, tables, footnotes."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.report.against_notes import footnote_texts
from benchharness.report.against_records import Against
from benchharness.report.against_table import PartTables, against_tables
from benchharness.report.against_text import sentences


@dataclass(frozen=True, slots=True)
class FootnoteView:
    """A finding by its number: its id, its first sentence, and the others."""

    number: int
    id: str
    head: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgainstView:
    """What ``_against.html.jinja`` needs. ``others`` counts the findings that nothing refers to."""

    short: str
    title: str
    section: str
    licence: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    parts: tuple[PartTables, ...]
    footnotes: tuple[FootnoteView, ...]
    others: int


def against_view(against: Against) -> AgainstView:
    """Return the comparison for the page."""
    tables = against_tables(against)
    footnotes = []
    for number, finding in tables.footnotes:
        head, *texts = footnote_texts(finding)
        footnotes.append(FootnoteView(number, finding.id, head, tuple(texts)))
    published = against.published
    return AgainstView(
        short=published.short,
        title=published.title,
        section=published.section,
        licence=published.licence,
        sentences=tuple(sentences(against)),
        notes=against.notes,
        parts=tables.parts,
        footnotes=tuple(footnotes),
        others=len(published.findings) - len(footnotes),
    )
