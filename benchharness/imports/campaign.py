"""Files of other programs become one campaign of a results file.

Several files are repetitions of the same run: their trials of one benchmark are one variant. The
trials have no clock of their own: they stand one after the other on a clock that begins at 0,
which the campaign's anchor relates to the time at which the first file was written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.errors import UsageError
from benchharness.imports.hyperfine import is_hyperfine, read_hyperfine
from benchharness.imports.pytest_benchmark import is_pytest_benchmark, read_pytest_benchmark
from benchharness.imports.reading import read_json
from benchharness.imports.records import Imported, ImportedTrial, ImportedVariant
from benchharness.model import Status
from benchharness.report.derive_given import DURATION, ENERGY, MISSING
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult, new_campaign_id


def read_file(path: Path) -> Imported:
    """Read a file of whichever program. Raises UsageError in one line."""
    table = read_json(path)
    if is_pytest_benchmark(table):
        return read_pytest_benchmark(table, str(path))
    if is_hyperfine(table):
        return read_hyperfine(table, str(path))
    raise UsageError(
        "is JSON, but of no program that is known here",
        where=str(path),
        remedy="give a file of pytest-benchmark (--benchmark-json) or hyperfine (--export-json)",
    )


def store_imported(
    store: Store, files: Sequence[Imported], *, title: str, command: str
) -> CampaignRecord:
    """Store what was read as one campaign that is done, and return it.

    Raises UsageError for files of two programs or of two machines.
    """
    first = files[0]
    _check_alike(files)
    variants = _merged(files)
    unix_s = first.unix_s if first.unix_s is not None else time.time()
    campaign = CampaignRecord(
        id=new_campaign_id(),
        created_utc=datetime.fromtimestamp(unix_s, timezone.utc).isoformat(timespec="seconds"),
        anchor_monotonic_ns=0,
        anchor_unix_ns=round(unix_s * NANOSECONDS_PER_SECOND),
        boot_id="",
        title=title,
        command=command,
        spec=_spec(first, variants, title),
        environment=dict(first.environment),
    )
    store.add_campaign(campaign)
    store.add_ended_trials(campaign.id, _trials(variants, first.program))
    store.finish_campaign(campaign.id, "done")
    return campaign


def _check_alike(files: Sequence[Imported]) -> None:
    if len({each.program for each in files}) > 1:
        raise UsageError(
            "the files are of different programs", where="import", remedy="import them one by one"
        )
    if len({each.environment.get("machine") for each in files}) > 1:
        raise UsageError(
            "the files are of different machines",
            where="import",
            remedy="import them one by one; 'compare' says what differs",
        )


def _merged(files: Sequence[Imported]) -> list[ImportedVariant]:
    """Join the trials of equal variants, in the order of the files."""
    found: dict[tuple[object, ...], ImportedVariant] = {}
    for variant in (variant for file in files for variant in file.variants):
        key = (variant.workload, *sorted((k, repr(v)) for k, v in variant.factors.items()))
        known = found.get(key)
        trials = [*(known.trials if known else ()), *variant.trials]
        found[key] = ImportedVariant(variant.workload, variant.factors, variant.label, trials)
    return list(found.values())


def _spec(first: Imported, variants: Sequence[ImportedVariant], title: str) -> Mapping[str, Any]:
    workloads = list(dict.fromkeys(variant.workload for variant in variants))
    return {
        "workload": ", ".join(workloads),
        "workloads": workloads,
        "title": title,
        "source": {"kind": "import", "program": first.program},
        "variants": [
            {
                "index": index,
                "label": variant.label,
                "factors": dict(variant.factors),
                "applies": list(variant.factors),
                "workload": variant.workload,
            }
            for index, variant in enumerate(variants)
        ],
        "options": {"meters": []},
        "repeat": max(len(variant.trials) for variant in variants),
    }


def _trials(
    variants: Sequence[ImportedVariant], program: str
) -> Iterator[tuple[TrialPlan, TrialResult]]:
    index, at_ns = 0, 0
    for place, variant in enumerate(variants):
        for repetition, trial in enumerate(variant.trials):
            plan = TrialPlan(index, place, repetition, variant.workload, variant.factors)
            end_ns = at_ns + max(1, round(trial.duration_s * NANOSECONDS_PER_SECOND))
            yield plan, _result(trial, at_ns, end_ns, program)
            index, at_ns = index + 1, end_ns


def _result(trial: ImportedTrial, start_ns: int, end_ns: int, program: str) -> TrialResult:
    details: dict[str, Any] = {DURATION: trial.duration_s, "rounds": trial.rounds}
    if trial.energy is not None:
        details[ENERGY] = dict(trial.energy)
    elif trial.energy_missing is not None:
        details[MISSING] = trial.energy_missing
    return TrialResult(
        status=Status.OK if trial.failed is None else Status.FAILED,
        reason=trial.failed,
        exit_code=trial.exit_code,
        window_start_ns=start_ns,
        window_end_ns=end_ns,
        cpu_s=trial.cpu_s,
        memory_peak_bytes=trial.memory_peak_bytes,
        methods={"window": f"by {program}"},
        details=details,
    )
