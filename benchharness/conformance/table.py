"""The conformance table, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchharness.conformance.case import Result
from benchharness.conformance.intervals import Hits, Summary, summarise

METER_COLUMNS = (
    "meter", "fault", "cases", "figures", "bias %", "95th abs. error %", "median U %",
    "U held, gross %", "U held, net %", "defects",
)  # fmt: skip
NO_FAULT, ANY_FAULT = "none", "any"


def meter_table(results: Iterable[Result]) -> str:
    """Return a row for each meter without faults, and one with; in the order of the results."""
    by_meter: dict[str, list[Result]] = {}
    for result in results:
        by_meter.setdefault(result.meter, []).append(result)
    rows = []
    for meter, found in by_meter.items():
        sound = [result for result in found if result.case.fault == NO_FAULT]
        faulty = [result for result in found if result.case.fault != NO_FAULT]
        rows += [
            [meter, name, *_cells(summarise(some))]
            for name, some in ((NO_FAULT, sound), (ANY_FAULT, faulty))
            if some
        ]
    return markdown(METER_COLUMNS, rows)


def fault_table(results: Iterable[Result]) -> str:
    """Return a row for each fault over all meters."""
    return _grouped("fault", results, lambda result: result.case.fault)


def waveform_table(results: Iterable[Result]) -> str:
    """Return a row for each waveform over all meters and faults."""
    return _grouped("waveform", results, lambda result: result.case.waveform)


def methods_table() -> str:
    """Return the published methods beside the figure, on a step of 300 s."""
    from benchharness.conformance.methods import INTERVALS_S, plug_errors, step_errors

    columns = ("method", *(f"telemetry each {interval_s:g} s" for interval_s in INTERVALS_S))
    rows = [
        [found.method, *(_signed(error) for error in found.mean_errors)]
        for found in (*step_errors(), plug_errors())
    ]
    return markdown(columns, rows)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; the first column is text, the others are numbers or short."""
    lines = [columns, ["---", *("---:" for _ in columns[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _grouped(column: str, results: Iterable[Result], key: Callable[[Result], str]) -> str:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    columns = (column, *METER_COLUMNS[2:])
    return markdown(columns, [[name, *_cells(summarise(some))] for name, some in groups.items()])


def _cells(summary: Summary) -> list[str]:
    return [
        str(summary.cases),
        str(summary.figures),
        _signed(summary.mean_error),
        _percent(summary.error_95),
        _percent(summary.median_u),
        _share(summary.gross),
        _share(summary.net),
        str(summary.findings),
    ]


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    text = f"{100.0 * value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100.0 * value:.2f}"


def _share(hits: Hits) -> str:
    return "–" if hits.share is None else f"{100.0 * hits.share:.1f}"
