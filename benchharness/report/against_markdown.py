"""The comparison with published results as Markdown, to stand under the campaign's own table."""

from __future__ import annotations

from benchharness.report.against_notes import footnote_texts
from benchharness.report.against_records import Against
from benchharness.report.against_table import against_tables
from benchharness.report.against_text import sentences
from benchharness.report.markdown import escape, table_lines


def markdown_against(against: Against) -> str:
    """Return the section: sentences, tables, and folded the audit."""
    tables = against_tables(against)
    lines = [f"### Against {escape(against.published.short)}", ""]
    lines += [f"- {escape(sentence)}." for sentence in sentences(against)]
    lines += [f"- {escape(note)}." for note in against.notes]
    for part in tables.parts:
        lines += ["", f"#### {escape(part.heading)}", ""]
        for table in part.tables:
            lines += [f"{escape(table.caption)}:", "", *table_lines(table), ""]
            lines += [*(f"{escape(note)}.  " for note in table.notes), ""]
        lines += [*(f"{escape(note)}.  " for note in part.notes)]
    if tables.footnotes:
        lines += ["", "<details><summary>The audit of the published tables</summary>", ""]
        for number, finding in tables.footnotes:
            lines.append(f"{number}. {escape(' '.join(footnote_texts(finding)))}")
        lines += ["", "</details>"]
    return "\n".join([*lines, ""])
