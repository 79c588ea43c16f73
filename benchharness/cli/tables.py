"""Renders tables for people, on stderr: colour only on a terminal, always with a word beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.model import CampaignSummary
from benchharness.report.answer_table import answer_tables, other_tables
from benchharness.report.edge_rows import has_host
from benchharness.report.edge_table import edge_tables
from benchharness.report.energy_budget import good_figures, typical
from benchharness.report.energy_runs import runs_table
from benchharness.report.energy_tables import budget_table, energy_table
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.participants_table import participants_table
from benchharness.report.several_meters import several_meters
from benchharness.report.statistics_table import statistics_tables
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
_OURS = "benchharness "  # a command to run begins so
_TELLS = f": {_OURS}"
_MOST_CAUTIONS = 8
_FEW_CAUTIONS = 4


def stderr_console() -> Console:
    """Return the console that people read; it knows whether it is a terminal, and how wide."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_answer(summary: CampaignSummary, console: Console | None = None) -> None:
    """Print the verdict, the table that it rests on, what would decide more, and the cautions."""
    console = console or stderr_console()
    _print_verdict(summary, console)
    _print_tables(answer_tables(summary), console)
    say(console, "")
    _print_tables(other_tables(summary), console)
    print_cautions(summary, console, most=_FEW_CAUTIONS)


def print_summary(
    summary: CampaignSummary,
    console: Console | None = None,
    *,
    edge: bool = False,
    more: Sequence[Table] = (),
) -> None:
    """Print the verdict, the tables with their notes, and the cautions of a campaign.

    The edge table comes where a run told the size of its host, or with ``edge``; ``more`` are
    tables that need the observations.
    """
    console = console or stderr_console()
    _print_verdict(summary, console)
    _print_tables(answer_tables(summary), console)
    say(console, "")
    say(console, "all figures", style="bold")
    _print_tables(comparison_tables(summary), console)
    device = edge_tables(summary) if edge or has_host(summary) else []
    tables = (
        *more,
        participants_table(summary),
        *device,
        energy_table(summary),
        several_meters(summary),
    )
    for table in tables:
        if table is not None:
            say(console, "")
            say(console, table.caption, style="bold")
            print_table(fit(table, _width(console)), console)
    print_cautions(summary, console)


def _print_verdict(summary: CampaignSummary, console: Console) -> None:
    board = summary.environment.get("board")
    head = f"{plain(summary.title, 80)}{f', {plain(board, 60)}' if board else ''}: "
    say(console, head + plain(summary.verdict, 1000), style="bold")
    if summary.quick:
        say(console, "quick run: small inputs, to see that everything works; not results")
    say(console, "")


def _print_tables(tables: Sequence[tuple[str, Table]], console: Console) -> None:
    """Print the tables of several workloads, each under its heading."""
    for place, (heading, table) in enumerate(tables):
        if heading:
            say(console, f"{chr(10) if place else ''}{plain(heading, 60)}", style="bold")
        print_table(fit(table, _width(console)), console)


def _width(console: Console) -> int:
    return max(_NARROWEST, console.width)


def print_statistics(summary: CampaignSummary, console: Console | None = None) -> None:
    """Print what stands behind the means of each workload."""
    console = console or stderr_console()
    say(console, "")
    _print_tables(statistics_tables(summary), console)


def print_energy(summary: CampaignSummary, console: Console | None = None) -> None:
    """Print the uncertainty budget of each variant, and what every run rests on."""
    console = console or stderr_console()
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
        print_table(fit(table, _width(console)), console)
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
    print_table(fit(table, _width(console)), console)


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
        say(console, note, style="dim", indent=2)
    if table.left_out:
        say(console, f"left out for want of room: {', '.join(table.left_out)}", "dim", indent=2)


def print_cautions(summary: CampaignSummary, console: Console, most: int = _MOST_CAUTIONS) -> None:
    """Print each caution once, with its remedy and the runs that it belongs to."""
    rows = caution_rows(summary)
    if rows:
        say(console, "")
    for row in rows[:most]:
        where = "" if row.runs == WHOLE_CAMPAIGN else f" ({row.runs.lower()})"
        remedy = f"; {row.remedy}" if row.remedy else ""
        say(console, f"! {row.message}{where}{remedy}", style="yellow")
    if len(rows) > most:
        say(console, f"! and {len(rows) - most} more; the report has them all")


def say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print one paragraph, spelled in ASCII where the terminal knows no better."""
    from textwrap import fill

    from rich.text import Text

    spelled = _spelled(text, console)
    before, told, command = spelled.partition(_TELLS)
    if told and len(spelled) + indent > console.width:  # a command that is wrapped does not run
        say(console, f"{before}:", style, indent)
        spelled = f"    {told.removeprefix(': ')}{command}"
    if spelled.lstrip().startswith(_OURS):
        console.print(Text(" " * indent + spelled, style=style), soft_wrap=True)
    elif indent and len(spelled) + indent > console.width:
        room, blank = max(_NARROWEST, console.width), " " * indent
        first = len(spelled) - len(spelled.lstrip())  # a command under its reason keeps its place
        spelled = fill(
            spelled.lstrip(), room, initial_indent=blank + " " * first, subsequent_indent=blank,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        console.print(Text(spelled, style=style), soft_wrap=True)
    else:
        console.print(Text(" " * indent + spelled, style=style))


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
