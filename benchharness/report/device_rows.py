"""The participants of each variant as rows of tables: their means, their runs, their devices."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary, ParticipantSummary, TrialSummary
from benchharness.report.learning_energy import sample_costs
from benchharness.report.metrics import headline_key, ranked
from benchharness.report.participant_means import ParticipantMeans, participant_means
from benchharness.report.participants_shown import good_trials
from benchharness.report.phase_kinds import PhaseKinds, clients
from benchharness.report.text import plain
from benchharness.testbed.records import Device, Testbed

MOST_VARIANTS = 6


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One participant of one variant, with what only some tables show."""

    means: ParticipantMeans
    trials: tuple[TrialSummary, ...]  # the good ones of its variant
    device: Device | None  # as the testbed states it
    beside: bool = False  # the server and the like: no client, and none of the joules are its own

    def total(self, metric: str) -> float | None:
        """Return what all steps of a metric give together, mean over the runs that tell it."""
        every = (participant.metric_sums.get(metric) for participant in self.records())
        sums = [each for each in every if each is not None]
        return statistics.fmean(sums) if sums else None

    def training_j(self) -> float | None:
        """Return joules of training per sample, mean over the runs that tell it."""
        costs = (sample_costs(trial).get(self.means.name) for trial in self.trials)
        known = [cost.train_j for cost in costs if cost is not None and cost.train_j is not None]
        return statistics.fmean(known) if known else None

    def cpu_s(self) -> float | None:
        """Return the CPU seconds of the window, mean over the runs that know them."""
        known = [p.cpu_window_s for p in self.records() if p.cpu_window_s is not None]
        return statistics.fmean(known) if known else None

    def records(self) -> Iterator[ParticipantSummary]:
        """Yield the participant's record of each run."""
        return (p for t in self.trials for p in t.participants if p.name == self.means.name)


def device_rows(
    summary: CampaignSummary, testbed: Testbed | None
) -> list[tuple[str, list[DeviceRow]]]:
    """Return the participants of the best variants, each under its variant's label.

    Programs that are no clients come last, as ``beside``. ``testbed`` states what devices draw.
    """
    devices = () if testbed is None else testbed.devices
    source = "" if testbed is None else testbed.source
    stated = {d.name: d if d.source else replace(d, source=source) for d in devices}
    found = []
    for variant in ranked(summary, headline_key(summary)):
        trials = tuple(good_trials(summary.trials_of(variant.index)))
        shown = {p.name for trial in trials for p in clients(trial)}
        every = participant_means(trials)
        rows = [
            DeviceRow(means, trials, _stated(stated, means.first))
            for means in every
            if means.name in shown
        ]
        if rows:
            rows += [DeviceRow(m, trials, None, beside=True) for m in every if m.name not in shown]
            found.append((plain(variant.label, 60), rows))
    return found[:MOST_VARIANTS]


def _stated(stated: Mapping[str, Device], participant: ParticipantSummary) -> Device | None:
    """Return what the testbed says of a participant's device, in the power mode of its runs."""
    device = stated.get(participant.device or "")
    return None if device is None else device.in_mode(participant.power_mode)


def not_counted(good: Sequence[TrialSummary], kinds: PhaseKinds) -> str:
    """Say whose joules are in no sum over devices; "" where there is no such sum or nobody left."""
    names: dict[str, None] = {}
    for trial in good:
        placed = [p for p in trial.participants if p.device is not None]
        if any(p.energy is not None for p in placed):
            names |= {p.name: None for p in trial.participants if p.device is None}
    if not names:
        return ""
    if kinds.in_rounds and len(names) == 1:
        return (
            "The server ran on this machine, not on a device: its energy is in no sum, and what is "
            "said of the energy of engines is about the clients only"
        )
    who = plain(", ".join(names), 120)
    return f"What ran on this machine, not on a device, has its energy in no sum: {who}"
