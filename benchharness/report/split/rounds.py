"""One device in one round of split learning: its cut, seconds, joules, bytes; told and measured.

Joules are measured over the devices' part of a round, waiting in it. What a prediction is held
against depends on what it predicts: without the term for waiting (factor ``waiting_energy``), idle
power times the seconds of waiting is taken off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchharness.model import (
    CampaignSummary,
    ParticipantSummary,
    Quantity,
    StepUse,
    TrialSummary,
)
from benchharness.report.derive_rounds import CUT
from benchharness.report.derive_spans import MAIN, qualified

WAITING_FACTOR = "waiting_energy"
TOLD = (
    *("predicted_s", "busy_s", "predicted_j", "forward_s", "backward_s", "upload_s", "server_s"),
    *("download_s", "samples", "bytes_up", "bytes_down", "wire_bytes_up", "wire_bytes_down"),
    *("uplink_estimate_bit_s", "uplink_bit_s", "downlink_estimate_bit_s", "downlink_bit_s"),
)
_YES = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, slots=True)
class DeviceRound:
    """What one device did in one round; ``told`` are its metrics of the round, by name.

    ``round_j`` is all that it used in the round, ``measured_j`` what its prediction predicts; None
    for what is not above its uncertainty.
    """

    device: str  # the participant
    board: str | None  # its place in the testbed
    step: int
    cut: int
    told: Mapping[str, float] = field(default_factory=dict)
    use: StepUse | None = None
    round_j: Quantity | None = None
    measured_j: Quantity | None = None
    missing: str | None = None  # why measured_j is None, in a sentence

    @property
    def name(self) -> str:
        """Return what people call it: the board, or the participant where it has none."""
        return self.board or self.device

    def value(self, metric: str) -> float | None:
        """Return one of its metrics, None for one that was not told."""
        return self.told.get(metric)


def is_split(summary: CampaignSummary) -> bool:
    """Say whether any run told where a network was cut."""
    return any(devices_of(trial) for trial in summary.trials)


def devices_of(trial: TrialSummary) -> list[ParticipantSummary]:
    """Return the participants that told their cuts, in their order."""
    return [p for p in trial.participants if p.name != MAIN and f"{p.name}/{CUT}" in trial.series]


def device_rounds(trial: TrialSummary) -> list[DeviceRound]:
    """Return the rounds of each device, device by device; empty for other runs."""
    return [each for device in devices_of(trial) for each in _of_device(trial, device)]


def main_values(trial: TrialSummary, metric: str) -> dict[int, float]:
    """Return a metric of the server by round."""
    return _by_step(trial, MAIN, metric)


def predicts_waiting(trial: TrialSummary) -> bool:
    """Say whether the predictions of a run count what a device draws while it waits."""
    return str(trial.factors.get(WAITING_FACTOR, "")).lower() in _YES


def _of_device(trial: TrialSummary, device: ParticipantSummary) -> list[DeviceRound]:
    told = {metric: _by_step(trial, device.name, metric) for metric in TOLD}
    uses = {use.step: use for use in device.steps}
    idle_w = None if device.energy is None else device.energy.idle_power_w
    waiting = predicts_waiting(trial)
    found = []
    for step, cut in sorted(_by_step(trial, device.name, CUT).items()):
        use = uses.get(step)
        measured = (
            _told_or_why(_measured(use, idle_w, with_waiting=waiting))
            if step in told["busy_s"]
            else "the round went on without the device"
        )
        found.append(
            DeviceRound(
                device=device.name,
                board=device.device,
                step=step,
                cut=round(cut),
                told={m: values[step] for m, values in told.items() if step in values},
                use=use,
                round_j=None if use is None else _vouched(use.energy_j),
                measured_j=measured if isinstance(measured, Quantity) else None,
                missing=measured if isinstance(measured, str) else None,
            )
        )
    return found


def _by_step(trial: TrialSummary, participant: str, metric: str) -> dict[int, float]:
    points = trial.series.get(qualified(participant, metric), ())
    return {p.step: p.value for p in points if p.step is not None and math.isfinite(p.value)}


def _told_or_why(measured: Quantity | str) -> Quantity | str:
    if isinstance(measured, str) or _vouched(measured) is not None:
        return measured
    return "its readings do not tell it from nothing: its uncertainty is as large"


def _vouched(joules: Quantity | None) -> Quantity | None:
    """Return joules that are above their uncertainty, where that is known."""
    is_told = joules is not None and joules.value > (joules.expanded_u or 0.0)
    return joules if is_told else None


def _measured(
    use: StepUse | None, idle_w: Quantity | None, *, with_waiting: bool
) -> Quantity | str:
    """Return the joules that a prediction is held against, or why there are none."""
    if use is None:
        return "the round has no phase of its own"
    if use.energy_j is None:
        return use.energy_missing or "its energy is not known"
    if with_waiting:
        return use.energy_j
    if use.waiting_s is None:
        return "the device does not say when it waits"
    if idle_w is None:
        return "the idle power of the device is not known, which waiting costs"
    joules = use.energy_j
    waiting_u_j = (idle_w.expanded_u or 0.0) * use.waiting_s
    expanded_u = None if joules.expanded_u is None else math.hypot(joules.expanded_u, waiting_u_j)
    return Quantity(joules.value - idle_w.value * use.waiting_s, expanded_u, joules.k)
