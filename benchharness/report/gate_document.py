"""A gate for programs: a JSON document, and cases for JUnit XML."""

from __future__ import annotations

from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.comparison_guard import commit_of
from benchharness.report.document import json_types
from benchharness.report.gate import Gate, GateRow
from benchharness.report.gate_text import answer, notes, row_words
from benchharness.report.junit import Case, Suite
from benchharness.stats.gate import GateState


def gate_document(gate: Gate) -> dict[str, Any]:
    """Return the gate as JSON types only."""
    document = {
        "gate": "closed" if gate.exit_code == 1 else "open" if gate.exit_code == 0 else None,
        "exit_code": gate.exit_code,
        "answer": answer(gate),
        "baseline": _campaign(gate.baseline),
        "candidate": _campaign(gate.candidate),
        "strict": gate.strict,
        "refusals": list(gate.refusals),
        "failures": list(gate.failures),
        "notes": notes(gate),
        "rows": [_row_document(row) for row in gate.rows],
    }
    plain_types = json_types(document)
    assert isinstance(plain_types, dict)
    return plain_types


def _campaign(summary: CampaignSummary) -> dict[str, Any]:
    return {
        "campaign": summary.campaign_id,
        "title": summary.title,
        "created_utc": summary.created_utc,
        "commit": commit_of(summary.environment),
    }


def _row_document(row: GateRow) -> dict[str, Any]:
    found = row.decision
    return {
        "variant": row.label,
        "metric": row.metric,
        "limit": row.limit,
        "runs": list(row.runs),
        "state": found.state if found else "not comparable",
        "ratio": found.ratio.ratio if found else None,
        "ratio_low": found.ratio.low if found else None,
        "ratio_high": found.ratio.high if found else None,
        "level": found.level if found else None,
        "reason": row.reason,
        "needed_repetitions": row.needed.repetitions if row.needed else None,
        "needed_window_s": row.needed.window_s if row.needed else None,
        "outliers": list(row.outliers),
    }


def gate_suites(gate: Gate) -> list[Suite]:
    """Return a JUnit suite: a case a variant and metric, and one for failed runs.

    A closed gate is a failure with the sentence as its message; what cannot be compared fails too,
    since nothing was proven; unproven is skipped, or a failure if strict.
    """
    cases = [_case(row, strict=gate.strict) for row in gate.rows]
    if gate.failures:
        cases.append(Case("runs of the candidate", "gate", failures=gate.failures))
    if gate.refusals:
        cases.append(Case("comparable", "gate", failures=gate.refusals))
    facts = {
        "baseline": gate.baseline.campaign_id,
        "candidate": gate.candidate.campaign_id,
        "answer": answer(gate),
    }
    return [Suite("benchharness gate", tuple(cases), facts, gate.candidate.created_utc)]


def _case(row: GateRow, *, strict: bool) -> Case:
    words = row_words(row)
    found = row.decision
    state = None if found is None else found.state
    figures = {"limit": f"{row.limit:.6g}", "runs": f"{row.runs[0]} + {row.runs[1]}"}
    if found is not None:
        figures["ratio"] = f"{found.ratio.ratio:.9g}"
        if found.ratio.low is not None and found.ratio.high is not None:
            figures["ratio_low"] = f"{found.ratio.low:.9g}"
            figures["ratio_high"] = f"{found.ratio.high:.9g}"
    unproven = state is GateState.UNPROVEN
    failed = state in (None, GateState.CLOSED) or (unproven and strict)
    return Case(
        f"{row.label}: {row.metric}",
        "gate",
        figures=figures,
        failures=(words,) if failed else (),
        skipped=words if unproven and not strict else None,
    )
