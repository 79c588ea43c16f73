"""The answers of ``split optimum`` as a table of 80 columns: a part for each link rate."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchharness.cli.split_inputs import Case
from benchharness.cli.tables import print_table, say, stderr_console
from benchharness.cuts.optimum import AS_PUBLISHED, AS_RUN, CORRECTED, LOCAL, Question, Row
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import number, shortened

if TYPE_CHECKING:
    from rich.console import Console

_MOST_CUTS = 12  # characters; --json has all
_ALPHA = Column("alpha", "alpha", left=True)
_PUBLISHED = (
    Column("published", "published", "cuts", left=True),
    Column("believed_s", "believed", "s"),
    Column("believed_j", "", "J"),
    Column("taken_s", "true", "s"),
    Column("taken_j", "", "J"),
)
_CORRECTED = (
    Column("corrected", "corrected", "cuts", left=True),
    Column("best_s", "", "s"),
    Column("best_j", "", "J"),
)
_Line = tuple[str, ...]


def print_answers(
    answers: Sequence[tuple[Case, list[Row]]], question: Question, console: Console | None = None
) -> None:
    """Print one table with a part for each link, what the columns are, and nothing on stdout."""
    console = console or stderr_console()
    names = _runs(answers[0][0].devices[i].name for i in range(len(answers[0][0].devices)))
    say(console, f"cuts of {shortened(', '.join(names), 200)}; a round's s and J", style="bold")
    say(console, "")
    lines: list[_Line] = []
    sections = []
    for case, rows in answers:
        sections.append((len(lines), _heading(case)))
        lines += _lines(rows, question)
    columns = (_ALPHA, *(_PUBLISHED if question.slips else ()))
    columns += _CORRECTED if question.corrected else ()
    table = Table(
        caption="",
        columns=columns,
        rows=tuple(tuple(Cell(text) for text in line) for line in lines),
        notes=_notes(question),
        sections=tuple(sections),
    )
    print_table(table, console)


def cuts_text(cuts: Sequence[int]) -> str:
    """Return cuts with equal neighbours put together: ``2 7x4``."""
    parts = ((cut, len(list(group))) for cut, group in itertools.groupby(cuts))
    text = " ".join(f"{cut}x{times}" if times > 1 else str(cut) for cut, times in parts)
    return shortened(text, _MOST_CUTS)


def _runs(names: Iterable[str]) -> list[str]:
    """Return names with numbered neighbours put together: ``nano-1 to 4``."""
    found = []
    for stem, group in itertools.groupby(names, lambda name: name.rpartition("-")[0]):
        each = list(group)
        if stem and len(each) > 2:
            found.append(f"{each[0]} to {each[-1].rpartition('-')[2]}")
        else:
            found += each
    return found


def _heading(case: Case) -> str:
    if case.link is None:
        return "at the rates of the profile"
    up, down = (f"{rate / 1e6:g}" for rate in (case.link.up_bit_s, case.link.down_bit_s))
    return f"{up} Mbit/s" if up == down else f"{up} Mbit/s up, {down} down"


def _lines(rows: list[Row], question: Question) -> list[_Line]:
    """Return a line for each alpha, equal neighbours as one, then what was run and local."""
    by = {(row.form, row.alpha): row for row in rows}
    each = [
        (alpha, _line(by.get((AS_PUBLISHED, alpha)), by.get((CORRECTED, alpha)), question))
        for alpha in question.alphas
    ]
    lines: list[_Line] = []
    for line, group in itertools.groupby(each, lambda pair: pair[1]):
        asked = [f"{alpha:g}" for alpha, _ in group]
        span = asked[0] if len(asked) == 1 else f"{asked[0]} to {asked[-1]}"
        lines.append((span, *line))
    if (AS_RUN, None) in by:
        lines.append(("as run", *_line(by[AS_RUN, None], None, question)))
    here = None if question.corrected else by[LOCAL, None]
    lines.append(("local", *_line(here, by[LOCAL, None], question)))
    return lines


def _line(was: Row | None, best: Row | None, question: Question) -> _Line:
    texts: list[str] = []
    if question.slips:
        texts += ["", "", "", "", ""] if was is None else _published_texts(was)
    if question.corrected:
        texts += ["", "", ""] if best is None else _estimate_texts(best)
    return tuple(texts)


def _published_texts(row: Row) -> list[str]:
    believed = row.believed
    cuts, seconds, joules = _estimate_texts(row)
    told = ["", ""] if believed is None else [_amount(believed.round_s), _amount(believed.energy_j)]
    return [cuts, *told, seconds, joules]


def _estimate_texts(row: Row) -> list[str]:
    return [cuts_text(row.taken.cuts), _amount(row.taken.round_s), _amount(row.taken.energy_j)]


def _amount(value: float) -> str:
    return number(value, 4)


def _notes(question: Question) -> tuple[str, ...]:
    notes = []
    if question.slips:
        notes.append(
            "published: by the slips of the public code; believed: what it takes the cuts to cost, "
            "true: what they cost."
        )
        if question.as_run:
            notes.append("as run: the fixed cuts that the public code used instead of its optimum.")
    counted = [
        word
        for word, on in (
            ("waiting", question.terms.waiting),
            ("the server's energy", question.terms.server),
            ("the exchange of the model", question.terms.model_exchange),
        )
        if on
    ]
    notes.append(f"counted beside the paper's equations: {', '.join(counted) or 'nothing'}.")
    unit = "relative to local training" if question.normalise else "as they are, alpha per s"
    notes.append(f"alpha 0: joules alone, 1: seconds alone; {unit}.")
    return tuple(notes)
