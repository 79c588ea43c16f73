"""Tables of docs/gate.md and docs/statistics.md: the gate between sessions, uneven histories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchharness.conformance.coverage_gate import (
    LIMIT,
    VARIATION,
    chances_of_estimated,
    closed_at_least_regression,
    closed_between_sessions,
)
from benchharness.conformance.coverage_history import (
    KINDS,
    NOISE,
    marked,
    marked_at_any_look,
    marked_of_several,
    new_step,
    step_after_last,
)
from benchharness.conformance.coverage_verdicts import gate_closed
from benchharness.conformance.table import markdown

_REPETITIONS = (3, 5, 10, 20, 30)
_LIMITS = (0.01, 0.03, 0.05)
_LENGTHS = (30, 100)


def gate_tables(campaigns: int, seed: int) -> Iterator[str]:
    """Yield the tables of the gate."""
    yield _no_limit(campaigns, seed)
    yield _promised(campaigns, seed)
    yield _estimated(max(20, campaigns // 50), seed)
    yield _sessions(campaigns, seed)


def history_tables(histories: int, seed: int) -> Iterator[str]:
    """Yield the tables of histories; some are of fewer."""
    yield _uneven(histories, seed)
    yield _looks(max(20, histories // 10), seed)
    yield _last(histories, seed)
    yield _new_steps(histories, seed)


def _no_limit(campaigns: int, seed: int) -> str:
    rows = [
        [f"{100 * cv:g} %"]
        + [_percent(gate_closed(0.0, cv, n, campaigns, 0.0, seed)) for n in _REPETITIONS]
        for cv in (0.005, 0.02, 0.05, 0.2)
    ]
    title = "Gate with a limit of 0 %, closed with no change at all, %"
    return _titled(title, campaigns, ("cv", *_each_n()), rows)


def _promised(campaigns: int, seed: int) -> str:
    rows = [
        [f"{100 * cv:g} %"]
        + [_percent(closed_at_least_regression(cv, n, campaigns, seed)) for n in _REPETITIONS]
        for cv in (0.005, 0.02, 0.05, 0.1)
    ]
    title = (
        f"Gate with a limit of {100 * LIMIT:g} %, closed at the regression that --power says, "
        "the spread known, %"
    )
    return _titled(title, campaigns, ("cv", *_each_n()), rows)


def _estimated(baselines: int, seed: int) -> str:
    rows = []
    for runs in (3, 5, 10, 20, 30):
        chances = chances_of_estimated(runs, baselines, seed=seed)
        rows.append([str(runs), *(f"{100 * chance:.0f}" for chance in chances)])
    columns = ("runs of the baseline", "mean", "a tenth below", "a tenth above")
    title = f"The true chance behind 80 %, n = 10, cv {100 * VARIATION:g} %, %"
    return _titled(title, baselines, columns, rows)


def _sessions(campaigns: int, seed: int) -> str:
    rows = [
        [f"{100 * session:g} %"]
        + [_percent(closed_between_sessions(session, x, campaigns, seed=seed)) for x in _LIMITS]
        for session in (0.0, 0.005, 0.01, 0.02, 0.03)
    ]
    columns = ("sd between sessions", *(f"limit {100 * limit:g} %" for limit in _LIMITS))
    title = "Gate closed with no change but the session, cv 1 % within it, n = 20, %"
    return _titled(title, campaigns, columns, rows)


def _uneven(histories: int, seed: int) -> str:
    rows = [
        [name, *(_percent(marked(draw, n, histories, seed)) for n in _LENGTHS)]
        for name, draw in KINDS
    ]
    for variants in (8, 30):
        shares = [marked_of_several(variants, n, histories, seed) for n in _LENGTHS]
        rows.append([f"{variants} variants, any of them", *(_percent(x) for x in shares)])
    columns = ("noise", *(f"{n} campaigns" for n in _LENGTHS))
    return _titled("History without a step: marked with one, %", histories, columns, rows)


def _looks(histories: int, seed: int) -> str:
    rows = [[str(n), _percent(marked_at_any_look(n, histories, seed))] for n in (30, 60, 100)]
    title = "History without a step, looked at after each campaign: marked at one look or more, %"
    return _titled(title, histories, ("campaigns", "marked"), rows)


def _last(histories: int, seed: int) -> str:
    rows = []
    for n in (6, 10, 30, 100):
        shares = step_after_last(n, histories, seed)
        rows.append([str(n), *(_percent(share) for share in shares)])
    columns = ("level of", "said to be out of it", "of those a step after two more like it")
    return _titled("The last campaign where nothing changed, %", histories, columns, rows)


def _new_steps(histories: int, seed: int) -> str:
    rows = []
    for times in (2, 3, 5):
        for after in (3, 5, 15):
            shares = new_step(times * NOISE, after, histories, seed=seed)
            rows.append([str(times), str(after), *(_percent(share) for share in shares)])
    columns = ("step / sd", "campaigns since", "found", "interval holds it", "looks too large")
    return _titled("Steps at the end of 30 campaigns, %", histories, columns, rows)


def _each_n() -> Sequence[str]:
    return [f"n = {n}" for n in _REPETITIONS]


def _titled(
    title: str, campaigns: int, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    return f"{title} ({campaigns:,} a cell)\n\n{markdown(columns, rows)}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f}"
