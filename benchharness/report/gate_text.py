"""What a gate says: an answer in a sentence, and a row a variant and metric."""

from __future__ import annotations

from benchharness.model import MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.gate import Gate, GateRow
from benchharness.report.metrics import METRICS
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, plain
from benchharness.stats.gate import LEVEL, GateState
from benchharness.stats.saying import percent

_MOST_NAMED = 3
INTERVAL = f"{100.0 * LEVEL:g} % interval"
_TONES = {GateState.CLOSED: "higher", GateState.UNPROVEN: "undecided", GateState.OPEN: "same"}
_SIGNS = {GateState.CLOSED: "▲ closed", GateState.UNPROVEN: "? unproven", GateState.OPEN: "✓ open"}


def answer(gate: Gate) -> str:
    """Return the answer in one sentence."""
    closed, unproven = gate.of_state(GateState.CLOSED), gate.of_state(GateState.UNPROVEN)
    failed = f"runs failed in the candidate ({'; '.join(gate.failures[:_MOST_NAMED])})"
    if closed:
        also = f"; besides, {failed}" if gate.failures else ""
        return f"The gate is closed: {_named([row_words(row) for row in closed])}{also}."
    if gate.failures:
        return f"The gate is closed: {failed}; no regression was proven."
    if gate.refusals:
        insist = "; --force compares all the same" if gate.forcible else ""
        return f"Not comparable: {'; '.join(gate.refusals)}{insist}."
    if gate.undecidable and not gate.strict:
        return f"Not comparable: {_named([row_words(row) for row in gate.undecidable])}."
    if unproven:
        state = "closed, since --strict asks for a proof" if gate.strict else "open, but unproven"
        return f"The gate is {state}: {_named([row_words(row) for row in unproven])}."
    if gate.undecidable:
        return f"Not comparable: {_named([row_words(row) for row in gate.undecidable])}."
    return f"The gate is open: {_named([row_words(row) for row in gate.rows])}."


def _named(words: list[str]) -> str:
    more = len(words) - _MOST_NAMED
    return "; ".join([*words[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])


def row_words(row: GateRow) -> str:
    """Return one row in words: what, by how much, with which interval, against which limit."""
    head = f"{f'{row.label}: ' if row.pair.label else ''}{metric_words(row)}"
    if row.decision is None:
        return f"{head}: {row.reason}"
    found = row.decision
    told = change_text(found.ratio.ratio, found.ratio.low, found.ratio.high)
    runs = f"{row.runs[0]} + {row.runs[1]} runs"
    inside = f"{INTERVAL} {told.interval}; {runs}" if told.interval else f"{row.reason}; {runs}"
    text = f"{head} {told.change} ({inside})"
    limit = f"{percent(row.limit)} %"
    if found.state is GateState.CLOSED:
        return f"{text}, all of it above the limit of +{limit}"
    if found.state is GateState.OPEN:
        return f"{text}, within +{limit}"
    if found.reason is not None:
        return f"{text}, so that nothing proves it within +{limit}"
    return f"{text}, reaches beyond +{limit}{would_prove_words(row)}{outlier_words(row)}"


def outlier_words(row: GateRow) -> str:
    """Point to runs that stand far from the others, as the end of a sentence."""
    named = zip(row.outliers, row.runs, ("baseline", "candidate"), strict=True)
    found = [f"{far} of the {runs} runs of the {side}" for far, runs, side in named if far]
    if not found:
        return ""
    verb = "stands" if sum(row.outliers) == 1 else "stand"
    return f"; {' and '.join(found)} {verb} far from the others and may hide it: look there first"


def would_prove_words(row: GateRow) -> str:
    """Return what would decide an unproven row, as the end of a sentence."""
    text = row.needed.text() if row.needed is not None else ""
    return f"; {text}" if text else "; no practical number of repetitions would decide"


def metric_words(row: GateRow) -> str:
    """Return the metric, joules that were not measured with their class."""
    title = METRICS[row.metric].title
    title = title if title.startswith("CPU") else title.lower()
    cls = row.pair.b.variant.energy_class
    if METRICS[row.metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        return f"{cls.value} {title}"
    return title


def gate_table(gate: Gate) -> Table:
    """Return a row a variant and metric for people."""
    rows = []
    for row in gate.rows:
        found = row.decision
        told = None
        if found is not None:
            told = change_text(found.ratio.ratio, found.ratio.low, found.ratio.high)
        rows.append(
            (
                Cell(row.label),
                Cell(metric_words(row)),
                Cell(f"{row.runs[0]} + {row.runs[1]}", "muted"),
                Cell(told.change if told else DASH),
                Cell(told.interval if told else "", "muted"),
                Cell(f"+{percent(row.limit)} %"),
                Cell(*sign(row)),
            )
        )
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("metric", "metric", left=True, importance=99),
        Column("runs", "runs", importance=50),
        Column("change", "change", importance=95),
        Column("interval", INTERVAL, importance=90),
        Column("limit", "limit", importance=80),
        Column("gate", "gate", left=True, importance=98),
    )
    return Table(_title(gate), columns, tuple(rows), tuple(notes(gate)))


def sign(row: GateRow) -> tuple[str, str]:
    """Return glyph and word of a row, and its tone."""
    if row.decision is None:
        return "⊘ not comparable", "missing"
    return _SIGNS[row.decision.state], _TONES[row.decision.state]


def notes(gate: Gate) -> list[str]:
    """Return what else a reader should know, a line each."""
    found = [row_words(row) for row in gate.undecidable]
    found += [
        f"{row.label}, {metric_words(row)}: {would_prove_words(row)[2:]}{outlier_words(row)}"
        for row in gate.of_state(GateState.UNPROVEN)
        if row.reason is None
    ]
    return found + notes_of_campaigns(gate)


def notes_of_campaigns(gate: Gate) -> list[str]:
    """Return what is to be said of the two campaigns, whatever the rows say."""
    found = []
    found += [f"failed in the candidate: {each}" for each in gate.failures]
    decided = sum(row.decision is not None for row in gate.rows)
    if decided > 1:
        found.append(f"the {decided} intervals are together right at {100.0 * LEVEL:g} %")
    for summary, what in ((gate.baseline, "baseline"), (gate.candidate, "candidate")):
        if summary.state != "done":
            found.append(f"the {what} has not been finished ({plain(summary.state, 20)})")
    if gate.comparison is not None:
        found += [f"compared all the same: {each}" for each in gate.comparison.differs]
        found += list(gate.comparison.notes)
        if gate.comparison.unpaired:
            found.append(f"without a counterpart: {', '.join(gate.comparison.unpaired)}")
    return found


def _title(gate: Gate) -> str:
    return f"campaign {gate.candidate.campaign_id} against {gate.baseline.campaign_id}"
