"""Trials in the results file: planned, started, finished, replaced when a campaign is resumed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchharness.model import Caution, Status
from benchharness.store.connection import transaction
from benchharness.store.faults import translated, understood
from benchharness.store.records import TrialPlan, TrialRecord, TrialResult
from benchharness.store.text import parsed, storable

_SELECT = """
    SELECT trial.id, trial.campaign_id, run_index, trial.variant_index, repetition, workload,
           factors, status, started_ns, replaced_by, reason, exit_code, window_start_ns,
           window_end_ns, cpu_s, memory_peak_bytes, outputs, methods, cautions, details
    FROM trial JOIN variant ON variant.campaign_id = trial.campaign_id
                           AND variant.variant_index = trial.variant_index
"""
_LOST = "the harness ended during this trial"


class Trials:
    """The table of trials, and of the variants that they repeat."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def plan(self, campaign_id: str, plans: Iterable[TrialPlan]) -> None:
        """Add the rows of a run table, with their variants, in one transaction.

        Raises ValueError where one variant number stands for two sets of factors.
        """
        with transaction(self._connection, self._path):
            for plan in plans:
                self._insert(campaign_id, plan)

    def add_ended(self, campaign_id: str, ended: Iterable[tuple[TrialPlan, TrialResult]]) -> None:
        """Add trials that have ended elsewhere, in one transaction."""
        with transaction(self._connection, self._path):
            for plan, result in ended:
                self.finish(self._insert(campaign_id, plan), result)

    def _insert(self, campaign_id: str, plan: TrialPlan) -> int:
        self._add_variant(campaign_id, plan)
        row = self._connection.execute(
            "INSERT INTO trial (campaign_id, run_index, variant_index, repetition, status)"
            " VALUES (?, ?, ?, ?, ?)",
            (campaign_id, plan.index, plan.variant, plan.repetition, Status.PLANNED.value),
        ).lastrowid
        assert row is not None
        return row

    def _add_variant(self, campaign_id: str, plan: TrialPlan) -> None:
        key = (campaign_id, plan.variant)
        told = (storable(plan.workload), json.dumps(dict(plan.factors)))
        known = self._connection.execute(
            "SELECT workload, factors FROM variant WHERE campaign_id = ? AND variant_index = ?", key
        ).fetchone()
        if known is None:
            self._connection.execute("INSERT INTO variant VALUES (?, ?, ?, ?)", (*key, *told))
        elif known != told:
            raise ValueError(f"variant {plan.variant} is both {known} and {told}")

    def of_campaign(self, campaign_id: str, *, replaced: bool) -> list[TrialRecord]:
        """Return a campaign's trials in run order, those replaced by a resumption if asked."""
        with translated(self._path):
            rows = self._connection.execute(
                _SELECT + " WHERE trial.campaign_id = ? ORDER BY run_index, trial.id",
                (campaign_id,),
            ).fetchall()
        with understood(self._path):
            records = [_record(row) for row in rows]
        return [record for record in records if replaced or record.replaced_by is None]

    def get(self, trial_id: int) -> TrialRecord:
        """Return one trial. Raises KeyError if there is none."""
        with translated(self._path):
            row = self._connection.execute(_SELECT + " WHERE trial.id = ?", (trial_id,)).fetchone()
        if row is None:
            raise KeyError(f"no trial {trial_id} in {self._path}")
        with understood(self._path):
            return _record(row)

    def start(self, trial_id: int, started_ns: int) -> None:
        """Mark a trial as running since ``started_ns``."""
        with transaction(self._connection, self._path):
            self._connection.execute(
                "UPDATE trial SET status = ?, started_ns = ? WHERE id = ?",
                (Status.RUNNING.value, started_ns, trial_id),
            )

    def finish(self, trial_id: int, result: TrialResult) -> None:
        """Store the result; the caller holds a transaction."""
        self._connection.execute(
            """
            UPDATE trial SET status = ?, reason = ?, exit_code = ?, window_start_ns = ?,
                window_end_ns = ?, cpu_s = ?, memory_peak_bytes = ?, outputs = ?, methods = ?,
                cautions = ?, details = ?
            WHERE id = ?
            """,
            (
                result.status.value,
                storable(result.reason),
                result.exit_code,
                result.window_start_ns,
                result.window_end_ns,
                result.cpu_s,
                result.memory_peak_bytes,
                json.dumps(dict(result.outputs)),
                json.dumps(dict(result.methods)),
                json.dumps([[c.code, c.message, c.remedy] for c in result.cautions]),
                json.dumps(dict(result.details)),
                trial_id,
            ),
        )

    def replace(self, trial_id: int) -> int:
        """Put a fresh planned trial in this one's place, and return its id.

        What was observed stays with the old one, which is invalid if it had no result.
        The caller holds a transaction.
        """
        old = self.get(trial_id)
        if old.replaced_by is not None:
            raise ValueError(f"trial {trial_id} has already been replaced by {old.replaced_by}")
        if old.result is None:
            self.finish(trial_id, TrialResult(Status.INVALID, reason=_LOST))
        fresh = self._connection.execute(
            "INSERT INTO trial (campaign_id, run_index, variant_index, repetition, status)"
            " VALUES (?, ?, ?, ?, ?)",
            (old.campaign_id, old.index, old.variant, old.repetition, Status.PLANNED.value),
        ).lastrowid
        assert fresh is not None
        self._connection.execute("UPDATE trial SET replaced_by = ? WHERE id = ?", (fresh, trial_id))
        return fresh


def _record(row: tuple[Any, ...]) -> TrialRecord:
    trial_id, campaign_id, index, variant, repetition, workload, factors = row[:7]
    status, started_ns, replaced_by = Status(row[7]), row[8], row[9]
    ended = not status.is_pending
    return TrialRecord(
        trial_id,
        campaign_id,
        index,
        variant,
        repetition,
        workload,
        parsed(factors),
        status,
        started_ns,
        _result(status, row[10:]) if ended else None,
        replaced_by,
    )


def _result(status: Status, row: tuple[Any, ...]) -> TrialResult:
    plain, (outputs, methods, cautions) = row[:-4], map(parsed, row[-4:-1])
    details = json.loads(row[-1])  # of this trial alone
    told = (outputs, methods, tuple(Caution(*caution) for caution in cautions), details)
    return TrialResult(status, *(plain + told))
