"""The answer of ``benchharness advise``: a sentence, a table, what limits, what would be better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.cli.columns import columns
from benchharness.energy.better import Better
from benchharness.energy.design import MOST, Question, Row
from benchharness.energy.pilot import Pilot
from benchharness.model import MeasurementClass
from benchharness.plan.stop import percent
from benchharness.units import format_duration

_LEAST_TOLD = 0.001  # of the energy: what limits less than this limits nothing


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that was worked out, for people and for programs."""

    meter: str
    question: Question
    rows: Sequence[Row]
    best: Row | None
    net: bool
    power_w: float
    idle_w: float | None
    idle_s: float
    gain_bound: float | None
    measurement_class: MeasurementClass
    better: Sequence[Better] = ()
    pilot: Pilot | None = None


def lines(answer: Answer) -> list[str]:
    """Return the answer for people."""
    out = [sentence(answer), ""]
    if answer.rows:
        out += [*_table(answer), ""]
    out += [f"  {line}" for line in _notes(answer)]
    return out


def sentence(answer: Answer) -> str:
    """Return the answer in a sentence."""
    what = f"{percent(answer.question.difference)} apart with {answer.meter} at {_at(answer)}"
    chosen = answer.best
    if chosen is None:
        return f"Nothing tells {what}: {_why_not(answer)}."
    assert chosen.total_s is not None
    return (
        f"To tell {what}: windows of {format_duration(chosen.window_s)} and "
        f"{chosen.repetitions} repetitions of each variant, {format_duration(chosen.total_s)} "
        f"for two variants."
    )


def document(answer: Answer) -> dict[str, Any]:
    """Return the answer for programs; missing is null."""
    question = answer.question
    return {
        "answer": sentence(answer),
        "meter": answer.meter,
        "class": answer.measurement_class.value,
        "energy": "net" if answer.net else "gross",
        "power_w": answer.power_w,
        "idle_power_w": answer.idle_w,
        "idle_s": answer.idle_s,
        "difference": question.difference,
        "between_trials": question.between_trials,
        "level": question.level,
        "chance": question.chance,
        "from": None if answer.pilot is None else answer.pilot.label,
        "best": None if answer.best is None else _row_document(answer.best),
        "windows": [_row_document(row) for row in answer.rows],
        "better": [
            {"change": better.change, **_row_document(better.row)} for better in answer.better
        ],
    }


def _row_document(row: Row) -> dict[str, Any]:
    forecast = row.forecast
    return {
        "window_s": row.window_s,
        "repetitions": row.repetitions,
        "total_s": row.total_s,
        "shared_u_rel": forecast.shared_rel,
        "random_u_rel": forecast.random_rel,
        "absolute_expanded_u_rel": 2.0 * forecast.absolute_rel,
        "dominant_term": forecast.dominant(with_gain=forecast.keeps_gain),
        "terms_rel": {name: u / forecast.energy_j for name, u in forecast.terms_j.items()},
    }


def _at(answer: Answer) -> str:
    if answer.idle_w is None:
        return f"{answer.power_w:.3g} W"
    return f"{answer.power_w:.3g} W, {answer.power_w - answer.idle_w:.3g} W above idle"


def _table(answer: Answer) -> list[str]:
    head = ["window", "repetitions", "in all", "stays", "averages out", "limited by"]
    body = [
        [
            format_duration(row.window_s),
            _repetitions(row),
            format_duration(row.total_s) if row.practical else "–",
            percent(row.forecast.shared_rel),
            percent(_spread(answer, row)),
            _limit(answer, row),
        ]
        for row in answer.rows
    ]
    marks = ["->" if row is answer.best else "  " for row in answer.rows]
    padded = columns([head, *body])
    return [f"   {padded[0]}", *(f"{m} {text}" for m, text in zip(marks, padded[1:], strict=True))]


def _repetitions(row: Row) -> str:
    if row.repetitions is None:
        return "never"
    return str(row.repetitions) if row.practical else f"over {MOST}"


def _spread(answer: Answer, row: Row) -> float:
    return float((answer.question.between_trials**2 + row.forecast.random_rel**2) ** 0.5)


def _limit(answer: Answer, row: Row) -> str:
    """Return the largest term, or the programs' own spread where that is larger."""
    forecast = row.forecast
    term = forecast.dominant(with_gain=forecast.keeps_gain)
    u = 0.0 if term is None else forecast.terms_j[term] / forecast.energy_j
    if term is None or u < max(_LEAST_TOLD, answer.question.between_trials):
        return "the spread between trials"
    return term


def _why_not(answer: Answer) -> str:
    if not answer.rows:
        return "no such window has an energy with this meter; take longer windows"
    last = min(answer.rows, key=lambda row: row.forecast.shared_rel)
    if last.forecast.keeps_gain:
        return (
            f"an estimate may be wrong by ±{percent(answer.gain_bound or 0.5)} for each program "
            "on its own, and no repetition shows it; connect a plug"
        )
    if all(row.repetitions is None for row in answer.rows):
        limit = f"its {last.forecast.lasting} leaves ± {percent(last.forecast.shared_rel)}"
        if len(answer.rows) == 1:
            return (
                f"{limit} however often it is repeated; {_first(answer) or 'try without --window'}"
            )
        often = "however long the window, and however often it is repeated"
        return f"{limit} {often}; {_first(answer) or 'the meter is too coarse'}"
    return f"it would take more than {MOST} repetitions; {_first(answer) or 'take longer windows'}"


def _first(answer: Answer) -> str | None:
    """Return what would do it with the least time, if anything would."""
    if not answer.better:
        return None
    return f"what would: {answer.better[0].change}"


def _notes(answer: Answer) -> list[str]:
    question = answer.question
    notes = [
        f"{percent(question.chance)} chance at {percent(question.level)} confidence; equal trials "
        f"vary by {percent(question.between_trials)}; {answer.idle_s:.3g} s of rest on each side",
        "stays: standard uncertainty that repetitions do not average out, longer windows may",
    ]
    if answer.gain_bound and answer.measurement_class is not MeasurementClass.ESTIMATED:
        rel = answer.best.forecast.absolute_rel if answer.best is not None else None
        whole = "" if rel is None else f": one value would be good to ± {percent(2.0 * rel)}"
        notes.append(
            f"the gain (± {percent(answer.gain_bound)}) cancels in a ratio on one meter and is "
            f"left out; it counts in an absolute value{whole}"
        )
    if not answer.net:
        notes.append("for the energy above idle, which is harder to tell, add --idle-power W")
    if answer.measurement_class is not MeasurementClass.MEASURED:
        notes.append(f"the joules of this meter are {answer.measurement_class.value}")
    if answer.pilot is not None:
        known = answer.pilot
        notes.append(
            f"from {known.trials} trials; power and budget are those of {known.label}, "
            f"windows of {format_duration(known.window_s)}"
        )
    notes += [f"better: {better.change}: {_with(better)}" for better in answer.better]
    return notes


def _with(better: Better) -> str:
    row = better.row
    total = format_duration(row.total_s)
    return f"{row.repetitions} x {format_duration(row.window_s)}, {total} in all"
