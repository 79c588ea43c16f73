"""Which regression a gate would see, from the spread of its baseline, before anything is run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.derive_variants import VariantTrials
from benchharness.report.document import json_types
from benchharness.report.gate import Limit, key_of
from benchharness.report.metrics import METRICS
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, number, plain
from benchharness.stats.gate_power import least_regression
from benchharness.stats.power import CHANCE
from benchharness.stats.saying import percent

REPETITIONS = (3, 5, 10, 20, 30)
_ENOUGH_RUNS = 20


@dataclass(frozen=True, slots=True)
class PowerRow:
    """A variant and metric: ``least`` regression by the number of repetitions on either side.

    ``cv`` is the standard deviation over the mean; None, and nothing is seen, for one run.
    """

    label: str
    metric: str
    limit: float
    runs: int
    cv: float | None
    least: tuple[float | None, ...]


def gate_power(baseline: CampaignSummary, limits: Sequence[Limit]) -> list[PowerRow]:
    """Return a row for each variant with a good run and each limit."""
    variants = [
        VariantTrials(
            {"index": v.index, "label": v.label, "factors": v.factors}, baseline.trials_of(v.index)
        )
        for v in baseline.variants
        if v.ok
    ]
    asked = [
        (limit, key, variant)
        for limit in limits
        for key in (key_of(limit.metric, variants),)
        for variant in variants
    ]
    comparisons = len(asked)
    return [_row(variant, key, limit.share, comparisons) for limit, key, variant in asked]


def _row(variant: VariantTrials, key: str, limit: float, comparisons: int) -> PowerRow:
    sample = variant.sample(key, one_meter=True)
    mean = statistics.fmean(sample.values) if sample.values else 0.0
    known = len(sample.values) > 1 and mean > 0.0
    return PowerRow(
        plain(variant.label, 60),
        key,
        limit,
        len(sample.values),
        statistics.stdev(sample.values) / mean if known else None,
        tuple(least_regression(sample, limit, n, comparisons) for n in REPETITIONS),
    )


def power_sentence(rows: Sequence[PowerRow]) -> str:
    """Say in a sentence what ten repetitions would see."""
    place = REPETITIONS.index(10)
    seen = [row.least[place] for row in rows]
    known = [least for least in seen if least is not None]
    if not known:
        worst_cv = max((row.cv for row in rows if row.cv is not None), default=None)
        if worst_cv is not None:
            return (
                f"With 10 repetitions on either side this gate closes on no regression: the "
                f"baseline scatters by up to {number(100.0 * worst_cv, 2)} %."
            )
        return "The baseline has no spread to reckon with: run it with 5 repetitions or more."
    worst = percent(max(known), digits=2)
    among = "" if len(known) == 1 else " in every variant and metric that has a spread"
    runs = min(row.runs for row in rows if row.cv is not None)
    return (
        f"With 10 repetitions on either side this gate closes on a regression of {worst} % with "
        f"about {100 * CHANCE:.0f} %{among}, if the spread is what these {runs} runs show."
    )


def _power_notes(rows: Sequence[PowerRow]) -> tuple[str, ...]:
    """Say what the chances hold for, and how well the spread itself is known."""
    known = [row.runs for row in rows if row.cv is not None]
    found = [
        f"least regression that closes the gate with about {100 * CHANCE:.0f} %, if the candidate "
        "varies as the baseline does"
    ]
    if len(known) > 1:
        joint = 100.0 * CHANCE ** len(known)
        found.append(
            f"each row by itself; that the gate closes on all {len(known)} where all of them "
            f"regress so: about {joint:.2g} %, if they vary independently"
        )
    if known and min(known) < _ENOUGH_RUNS:
        runs = min(known)
        found.append(
            f"a spread of {runs} runs is itself known to about "
            f"±{100.0 / math.sqrt(2.0 * (runs - 1.0)):.0f} %; a baseline of {_ENOUGH_RUNS} or "
            "more says it better"
        )
    found.append("what differs between two sessions, such as the room's temperature, is on top")
    return tuple(found)


def power_table(rows: Sequence[PowerRow]) -> Table:
    """Return a row a variant and metric, a column a number of repetitions."""
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("metric", "metric", left=True, importance=99),
        Column("runs", "runs", importance=40),
        Column("cv", "spread", "cv", importance=80),
        Column("limit", "limit", importance=70),
        *(Column(f"n{n}", f"n = {n}", "each", importance=90 - n) for n in REPETITIONS),
    )
    cells = [
        (
            Cell(row.label),
            Cell(METRICS[row.metric].title.lower()),
            Cell(str(row.runs), "muted"),
            Cell(DASH if row.cv is None else f"{number(100.0 * row.cv, 2)} %"),
            Cell(f"+{percent(row.limit)} %"),
            *(Cell(DASH if x is None else f"+{percent(x, digits=2)} %") for x in row.least),
        )
        for row in rows
    ]
    return Table("the gate's power", columns, tuple(cells), _power_notes(rows))


def power_document(rows: Sequence[PowerRow]) -> dict[str, Any]:
    """Return the rows as JSON types only."""
    found = json_types(
        {
            "chance": CHANCE,
            "rows": [
                {
                    "variant": row.label,
                    "metric": row.metric,
                    "limit": row.limit,
                    "runs": row.runs,
                    "cv": row.cv,
                    "least_regression": dict(zip(REPETITIONS, row.least, strict=True)),
                }
                for row in rows
            ],
        }
    )
    assert isinstance(found, dict)
    return found
