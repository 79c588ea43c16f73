"""The comparison as Markdown, for a pull request. Foreign text stands in code spans or escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.answer_table import answer_tables, other_tables
from benchharness.report.edge_rows import has_host
from benchharness.report.edge_table import edge_tables
from benchharness.report.energy_tables import energy_table
from benchharness.report.metrics import CLASS_NOTES, energy_classes, instrument_notes
from benchharness.report.participants_table import participants_table
from benchharness.report.several_meters import several_meters
from benchharness.report.table import Cell, Table, comparison_tables
from benchharness.report.text import plain
from benchharness.report.trust import caution_rows, reliance

_MOST_OPEN = 12  # rows of participants that are not folded


def write_markdown(summary: CampaignSummary, path: Path, more: str = "") -> Path:
    """Write the comparison, and ``more`` under it, to ``path``.

    Raises UsageError when the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_markdown(summary) + more, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write Markdown: {error.strerror}", where=str(path), remedy="choose another"
        ) from error
    return path


def render_markdown(summary: CampaignSummary) -> str:
    """Return the verdict, the tables and, folded, the warnings and how to repeat it."""
    lines = [
        f"<!-- benchharness:{_word(summary.title)}:{_word(summary.campaign_id)} -->",
        f"**{escape(plain(summary.verdict, 600))}**",
        "",
        *(f"> {line}\n" for line in _flags(summary)),
        *_comparison(summary),
        *_edge(summary),
        *_devices(summary),
        f"Can you rely on this? {escape(reliance(summary))}.",
        "",
        *_energy(summary),
        "<details><summary>Warnings, how to repeat</summary>",
        "",
    ]
    for row in caution_rows(summary):
        remedy = f" Remedy: {escape(row.remedy)}." if row.remedy else ""
        lines.append(f"- {escape(row.message)} ({escape(row.runs.lower())}).{remedy}")
    lines += [
        "",
        f"{code(plain(summary.command, 1000))}, {_seed(summary)}"
        f"campaign {code(plain(summary.campaign_id, 40))}, "
        f"{escape(plain(summary.created_utc, 40))}",
        "",
        "</details>",
        "",
    ]
    return "\n".join(lines)


def _comparison(summary: CampaignSummary) -> list[str]:
    """Return the answer of each workload and what else was measured, under its heading."""
    lines: list[str] = []
    told = instrument_notes(summary)  # in the notes of the answer
    for (heading, answer), (_, others), (_, whole) in zip(
        answer_tables(summary), other_tables(summary), comparison_tables(summary), strict=True
    ):
        lines += [f"### {escape(plain(heading, 60))}", ""] if heading else []
        lines += [*table_lines(answer), "", *_notes(answer.notes), ""]
        rest = [n for n in whole.notes if n not in (*answer.notes, *told)]
        lines += [*table_lines(others), "", *_notes(rest), ""]
    return lines


def _notes(notes: Sequence[str]) -> list[str]:
    return [f"{escape(note)}.  " for note in notes]


def _edge(summary: CampaignSummary) -> list[str]:
    """Return the edge table where it belongs to the report, in two parts that can be read."""
    lines: list[str] = []
    for table in edge_tables(summary) if has_host(summary) else []:
        lines += [f"#### {escape(table.caption.capitalize())}", "", *table_lines(table), ""]
        lines += [*_notes(table.notes), ""]
    return lines


def _devices(summary: CampaignSummary) -> list[str]:
    """Return the table of the participants where runs had several: a long one is folded."""
    table = participants_table(summary)
    if table is None:
        return []
    head = escape(table.caption.capitalize())
    lines = ["", *table_lines(table), "", *_notes(table.notes), ""]
    if len(table.rows) <= _MOST_OPEN:
        return [f"#### {head}", *lines]
    return [f"<details><summary>{head}</summary>", *lines, "</details>", ""]


def _seed(summary: CampaignSummary) -> str:
    return "" if summary.seed is None else f"seed {summary.seed}, "


def _flags(summary: CampaignSummary) -> list[str]:
    flags = ["**Quick run**: small inputs, not results."] if summary.quick else []
    return flags + [
        f"**{cls.value.capitalize()} energy**: {escape(CLASS_NOTES[cls])}."
        for cls in energy_classes(summary)
        if cls is not MeasurementClass.MEASURED
    ]


def _energy(summary: CampaignSummary) -> list[str]:
    """Return, folded, what the joules rest on: nothing where there are none."""
    lines: list[str] = []
    for table in (energy_table(summary), several_meters(summary)):
        if table is not None:
            lines += [f"{escape(table.caption.capitalize())}:", "", *table_lines(table), ""]
            lines += [*_notes(table.notes), ""]
    if not lines:
        return []
    head = "<details><summary>How far the joules can be trusted</summary>"
    return [head, "", *lines, "</details>", ""]


def table_lines(table: Table) -> list[str]:
    """Return a table as the lines of a Markdown table."""
    heads = [escape(" ".join(f"{c.title} {_unit(c.unit)}".split())) for c in table.columns]
    aligned = [":--" if c.left else "--:" for c in table.columns]
    rows = [heads, aligned]
    for place, row in enumerate(table.rows):
        if above := table.heading_above(place):
            rows.append([f"*{escape(above)}*", *("" for _ in table.columns[1:])])
        rows.append([code(row[0].text), *(_cell(cell) for cell in row[1:])])
    return ["| " + " | ".join(row) + " |" for row in rows]


def _unit(unit: str) -> str:
    return f"/ {unit}" if unit and unit not in ("verdict", "× best") else unit


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    return f"**{text}**" if cell.tone == "best" and text else text


_SPECIAL = re.compile(r"([\\`*_\[\]|~#$])")


def escape(text: str) -> str:
    """Escape what Markdown, HTML and GitHub (mentions) would read as markup."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe).replace("@", "@<!-- -->")


def code(text: str) -> str:
    """Return a code span that holds any one-line text, also inside a table."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", r"\|") if text else "–"


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain(text, 60)).strip("-")
