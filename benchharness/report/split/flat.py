"""Rounds of split learning as flat rows and as a document: SI units, all digits, None for missing.

``measured_j`` is what ``predicted_j`` predicts, ``round_j`` everything that the device used in the
round. ``U`` are expanded uncertainties at 95 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchharness.model import CampaignSummary, Quantity, Status, TrialSummary
from benchharness.report.document_energy import quantity_document
from benchharness.report.flat_rows import readable
from benchharness.report.split.prediction import (
    JOULES,
    SECONDS,
    Errors,
    errors,
    pairs,
    round_pairs,
)
from benchharness.report.split.rounds import (
    TOLD,
    DeviceRound,
    device_rounds,
    main_values,
    predicts_waiting,
)

_RUN = ("campaign", "trial", "index", "variant", "repetition", "ok")
_ROUND = (
    *("round", "device", "board", "cut", "start_s", "end_s", "waiting_s"),
    *("measured_j", "measured_u_j", "round_j", "round_u_j", "energy_missing"),
)


def split_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each device in each round of each run."""
    yield [*_RUN, *_ROUND, *TOLD]
    for trial in sorted(summary.trials, key=lambda t: t.index):
        run = (
            summary.campaign_id, trial.trial_id, trial.index, trial.variant, trial.repetition,
            int(trial.status is Status.OK),
        )  # fmt: skip
        for each in device_rounds(trial):
            yield [*run, *_cells(trial, each), *(each.value(metric) for metric in TOLD)]


def split_document(trial: TrialSummary) -> dict[str, Any] | None:
    """Return the cuts of a run with what was predicted and measured, None for other runs."""
    rounds = device_rounds(trial)
    if not rounds:
        return None
    joules, untold = pairs([trial], JOULES)
    return {
        "predicts_waiting": predicts_waiting(trial),
        "round_s": _by_round(main_values(trial, "round_s")),
        "predicted_round_s": _by_round(main_values(trial, "predicted_round_s")),
        "predicted_round_j": _by_round(main_values(trial, "predicted_round_j")),
        "errors": {
            "round_s": _errors(errors(round_pairs([trial]))),
            "device_s": _errors(errors(*pairs([trial], SECONDS))),
            "device_j": _errors(errors(joules, untold)),
        },
        "devices": [_device(trial, each) for each in rounds],
    }


def _cells(trial: TrialSummary, each: DeviceRound) -> list[object]:
    start_s, end_s, waiting_s = _times(trial, each)
    return [
        each.step,
        readable(each.device),
        readable(each.board),
        each.cut,
        start_s,
        end_s,
        waiting_s,
        *_value_and_u(each.measured_j),
        *_value_and_u(each.round_j),
        readable(each.missing),
    ]


def _device(trial: TrialSummary, each: DeviceRound) -> dict[str, Any]:
    start_s, end_s, waiting_s = _times(trial, each)
    return {
        "round": each.step,
        "device": each.device,
        "board": each.board,
        "cut": each.cut,
        "start_s": start_s,
        "end_s": end_s,
        "waiting_s": waiting_s,
        "measured_j": quantity_document(each.measured_j),
        "round_j": quantity_document(each.round_j),
        "energy_missing": each.missing,
        "told": dict(each.told),
    }


def _times(trial: TrialSummary, each: DeviceRound) -> tuple[float | None, ...]:
    """Return start and end in seconds of the window, and the seconds of waiting."""
    use, zero_ns = each.use, trial.window_start_ns
    if use is None or zero_ns is None:
        return None, None, None
    return (use.start_ns - zero_ns) / 1e9, (use.end_ns - zero_ns) / 1e9, use.waiting_s


def _by_round(values: dict[int, float]) -> list[dict[str, Any]]:
    return [{"round": step, "value": value} for step, value in values.items()]


def _errors(found: Errors | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "count": found.count,
        "left_out": found.left_out,
        "median_rel": found.median,
        "largest_rel": found.largest,
        "middle_rel": found.middle,
        "measured_u_rel": found.u,
    }


def _value_and_u(quantity: Quantity | None) -> tuple[float | None, float | None]:
    return (None, None) if quantity is None else (quantity.value, quantity.expanded_u)
