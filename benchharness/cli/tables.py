"""Renders tables for people, on stderr: colour only on a terminal, always with a word beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.model import CampaignSummary
from benchharness.report.edge_rows import has_host
from benchharness.report.edge_table import edge_tables
from benchharness.report.energy_budget import good_figures, typical
from benchharness.report.energy_runs import runs_table
from benchharness.report.energy_tables import budget_table, energy_table
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.several_meters import several_meters
from benchharness.report.table import GAP, Cell, Table, comparison_tables
from benchharness.report.table_fit import fit
from benchharness.report.text import ascii_safe, display_width, plain
from benchharness.report.trust import WHOLE_CAMPAIGN, caution_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table as RichTable

    from benchharness.report.comparison_records import Comparison

_STYLES = {
    "best": "bold",
    "higher": "yellow",
    "lower": "blue",
    "caution": "yellow",
    "undecided": "dim",
    "single": "dim",
    "missing": "dim",
    "muted": "dim",
}
_NARROWEST = 40
_MOST_CAUTIONS = 8


def stderr_console() -> Console:
    """Return the console that people read; it knows whether it is a terminal, and how wide."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_summary(
    summary: CampaignSummary, console: Console | None = None, *, edge: bool = False
) -> None:
    """Print the verdict, the table with its notes, and the cautions of a campaign.

    The edge table comes where a run told the size of its host, or with ``edge``.
    """
    console = console or stderr_console()
    say(console, plain(summary.verdict, 1000), style="bold")
    if summary.quick:
        say(console, "quick run: small inputs, to see that everything works; not results")
    say(console, "")
    width = max(_NARROWEST, console.width)
    for place, (heading, ranking) in enumerate(comparison_tables(summary)):
        if heading:
            say(console, f"{chr(10) if place else ''}{plain(heading, 60)}", style="bold")
        print_table(fit(ranking, width), console)
    device = edge_tables(summary) if edge or has_host(summary) else []
    for table in (*device, energy_table(summary), several_meters(summary)):
        if table is not None:
            say(console, "")
            say(console, table.caption, style="bold")
            print_table(fit(table, width), console)
    print_cautions(summary, console)


def print_energy(summary: CampaignSummary, console: Console | None = None) -> None:
    """Print the uncertainty budget of each variant, and what every run rests on."""
    console = console or stderr_console()
    width = max(_NARROWEST, console.width)
    tables = [
        *(
            budget_table(view, plain(variant.label, 60))
            for variant in ranked(summary, headline_key(summary))
            if (view := typical(good_figures(summary, variant))) is not None
        ),
        runs_table(summary),
    ]
    found = [table for table in tables if table is not None]
    for table in found:
        say(console, "")
        say(console, table.caption, style="bold")
        print_table(fit(table, width), console)
    if not found:
        say(console, "")
        say(console, "no run has energy, so that there is nothing to account for")


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print what a comparison says, and its table."""
    from benchharness.report.comparison_sentences import sentences
    from benchharness.report.comparison_table import comparison_rows

    console = console or stderr_console()
    for sentence in sentences(comparison):
        say(console, sentence, style="bold")
    say(console, "")
    table = comparison_rows(comparison)
    print_table(fit(table, max(_NARROWEST, console.width)), console)


def print_table(table: Table, console: Console) -> None:
    """Print a table, with the headings between its rows on lines of their own, and its notes."""
    if table.rows and not table.sections:
        console.print(_rich_table(table, table.rows, console), soft_wrap=True)
    elif table.rows:
        starts = [place for place, _ in table.sections]
        head = table.rows[: starts[0]]
        console.print(_rich_table(table, head, console), soft_wrap=True)
        for (start, text), end in zip(table.sections, [*starts[1:], None], strict=True):
            say(console, text, style="italic")
            part = _rich_table(table, table.rows[start:end], console, header=False)
            console.print(part, soft_wrap=True)
    for note in table.notes:
        say(console, f"  {note}", style="dim")
    if table.left_out:
        say(console, f"  left out for want of room: {', '.join(table.left_out)}", style="dim")


def print_cautions(summary: CampaignSummary, console: Console) -> None:
    """Print each caution once, with its remedy and the runs that it belongs to."""
    rows = caution_rows(summary)
    if rows:
        say(console, "")
    for row in rows[:_MOST_CAUTIONS]:
        where = "" if row.runs == WHOLE_CAMPAIGN else f" ({row.runs.lower()})"
        remedy = f"; {row.remedy}" if row.remedy else ""
        say(console, f"! {row.message}{where}{remedy}", style="yellow")
    if len(rows) > _MOST_CAUTIONS:
        say(console, f"! and {len(rows) - _MOST_CAUTIONS} more; the report has them all")


def say(console: Console, text: str, style: str = "") -> None:
    """Print one paragraph, spelled in ASCII where the terminal knows no better."""
    from rich.text import Text

    console.print(Text(_spelled(text, console)), style=style)


def _rich_table(
    table: Table, rows: Sequence[tuple[Cell, ...]], console: Console, *, header: bool = True
) -> RichTable:
    """Return some rows of a table; the parts of a table that has headings share their widths."""
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(
        box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_edge=False, show_header=header
    )
    for place, column in enumerate(table.columns):
        texts = [column.title, column.unit, *(row[place].text for row in table.rows)]
        width = max(display_width(_spelled(text, console)) for text in texts)
        head = _spelled(f"{column.title}\n{column.unit}".rstrip("\n"), console)
        rich.add_column(
            Text(head, style="bold", justify="left" if column.left else "right"),
            justify="left" if column.left else "right",
            no_wrap=True,
            overflow="ignore",
            vertical="bottom",
            width=width if table.sections else None,
        )
    for row in rows:
        rich.add_row(
            *(Text(_spelled(cell.text, console), style=_STYLES.get(cell.tone, "")) for cell in row)
        )
    return rich


def _spelled(text: str, console: Console) -> str:
    return text if console.encoding.lower().replace("-", "") == "utf8" else ascii_safe(text)
