"""A campaign as JUnit XML: a suite for each workload, a case for each variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, Status, TrialSummary, VariantSummary
from benchharness.report.groups import workloads
from benchharness.report.junit import Case, Suite, junit_xml
from benchharness.report.metrics import half_interval, metric_of

_FIGURES = (
    *("energy_net_j", "energy_gross_j", "duration_s"),
    *("memory_peak_bytes", "cpu_s", "cpu_percent"),
)


def write_junit(
    summary: CampaignSummary, path: Path, left_out: Sequence[Mapping[str, Any]] = ()
) -> Path:
    """Write the document; ``left_out`` are variants that were not run, as the campaign stores them.

    Raises UsageError when the file cannot be written.
    """
    text = junit_xml(junit_suites(summary, left_out), f"benchharness {summary.campaign_id}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write JUnit XML: {error.strerror}", where=str(path), remedy="choose another"
        ) from error
    return path


def junit_suites(
    summary: CampaignSummary, left_out: Sequence[Mapping[str, Any]] = ()
) -> list[Suite]:
    """Return a suite for each workload; one whose variants were all left out has a suite too."""
    names = workloads(summary.variants)
    names += [n for n in dict.fromkeys(str(v.get("workload", "")) for v in left_out)
              if n not in names]  # fmt: skip
    facts = {
        "campaign": summary.campaign_id,
        **({} if summary.seed is None else {"seed": str(summary.seed)}),
        "quick": "yes" if summary.quick else "no",
        "verdict": summary.verdict,
        "command": summary.command,
    }
    return [
        Suite(
            name or summary.title,
            (*_run(summary, name), *_not_run(left_out, name)),
            facts,
            summary.created_utc,
        )
        for name in names
    ]


def _run(summary: CampaignSummary, workload: str) -> list[Case]:
    return [
        _case(variant, summary.trials_of(variant.index))
        for variant in summary.variants
        if variant.workload == workload
    ]


def _not_run(left_out: Sequence[Mapping[str, Any]], workload: str) -> list[Case]:
    return [
        Case(str(v.get("label", "")), workload, skipped=f"left out: {v.get('reason', '')}")
        for v in left_out
        if str(v.get("workload", "")) == workload
    ]


def _case(variant: VariantSummary, trials: Sequence[TrialSummary]) -> Case:
    ended = [trial for trial in trials if not trial.status.is_pending]
    bad = [trial for trial in ended if trial.status is not Status.OK]
    duration = metric_of(variant, "duration_s")
    return Case(
        name=variant.label or variant.workload,
        group=variant.workload,
        time_s=duration.mean if duration else None,
        figures=_figures(variant),
        failures=tuple(_failure(trial) for trial in bad),
        skipped=None if ended else "not run yet",
    )


def _failure(trial: TrialSummary) -> str:
    reason = f": {trial.reason}" if trial.reason else ""
    return f"run {trial.index + 1}: {trial.status.value}{reason}"


def _figures(variant: VariantSummary) -> dict[str, str]:
    """Return means and half-widths in SI units, all their digits; what is missing is left out."""
    found = {"n": str(variant.ok), "trials": str(variant.trials)}
    for key in _FIGURES:
        metric = metric_of(variant, key)
        if metric is None or metric.mean is None:
            continue
        found[key] = f"{metric.mean:.9g}"
        half = half_interval(variant, key)
        if half is not None:
            stem, _, unit = key.rpartition("_")
            found[f"{stem}_u95_{unit}"] = f"{half:.6g}"
    if variant.energy_class is not None:
        found["energy_class"] = variant.energy_class.value
    return found
