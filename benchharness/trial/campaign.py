"""Runs the planned trials of a campaign in their order, and stores what that itself has cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.clock import Clock, seconds
from benchharness.links.names import remove_abandoned as remove_abandoned_networks
from benchharness.meters.base import Meter
from benchharness.model import MeasurementClass, Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialRecord, TrialResult
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.cooldown import CooldownGate
from benchharness.trial.devices import Devices
from benchharness.trial.engine import Engine
from benchharness.trial.launch import become_subreaper
from benchharness.trial.leftovers import remove_abandoned_scratch
from benchharness.trial.links import LinkPlugs
from benchharness.trial.overhead import CpuSeconds, Overhead
from benchharness.trial.progress import Growth, Observer, Progress, RemainingTime, TrialEnded
from benchharness.trial.recorder import HARNESS, reading_age_s
from benchharness.trial.sampling import SamplerReport
from benchharness.trial.spec import TrialOptions, VariantSpec
from benchharness.trial.watch import Equipment

_LONGEST_DITHER_S = 2.0


@dataclass(slots=True)
class CampaignRun:
    """One campaign on this machine, from its first planned trial to its last."""

    store: Store
    campaign: CampaignRecord
    specs: Mapping[int, VariantSpec]
    options: TrialOptions
    meters: Sequence[Meter]
    observer: Observer
    clock: Clock
    read_temperature_c: Callable[[], float | None]
    growth: Growth | None = None  # None: what is planned is all
    devices: Devices | None = None  # those of a testbed, for the participants that want one
    plugs_cpu_s: CpuSeconds | None = None  # of a testbed's emulated plugs
    plugs: LinkPlugs | None = None  # these, to be told of the devices' links

    def run(self) -> list[TrialResult]:
        """Run every planned trial; return their results.

        Raises KeyboardInterrupt or UnfitError after the campaign has been left resumable.
        """
        results: list[TrialResult] = []
        reports: list[SamplerReport] = []
        earlier = (self.campaign.overhead or {}).get("sessions", [])
        overhead = Overhead(self.clock, earlier, self.plugs_cpu_s)
        state = "interrupted"
        try:
            self._run_planned(results, reports)
            state = "done"
        finally:
            cost = overhead.finish(reports, len(results))
            cost.update(self._stop())
            self.store.finish_campaign(self.campaign.id, state, cost)
        return results

    def _stop(self) -> Mapping[str, Any]:
        """Return why a rule stopped the campaign, and after how many blocks; the first time."""
        earlier = self.campaign.overhead or {}
        if earlier.get("stopped") is not None:
            return {key: earlier[key] for key in ("stopped", "stopped_blocks") if key in earlier}
        if self.growth is None or self.growth.stopped is None:
            return {}
        trials = self.store.trials(self.campaign.id)
        blocks = max((trial.repetition + 1 for trial in trials), default=0)
        return {"stopped": self.growth.stopped, "stopped_blocks": blocks}

    def _run_planned(self, results: list[TrialResult], reports: list[SamplerReport]) -> None:
        """Run the trials, adding to ``results`` and ``reports`` as they come."""
        become_subreaper()
        remove_abandoned_scratch()
        remove_abandoned_networks()
        planned = self._planned()
        if not planned:
            self._grow(planned)  # the harness ended between two blocks
        progress = _Watcher(self, planned)
        equipment = Equipment(
            clock=self.clock,
            meters=self.meters,
            options=self.options,
            cgroups=CgroupFactory(),
            watch=progress.watch,
            devices=self.devices,
            plugs=self.plugs,
        )
        engine = Engine(self.store, equipment, reports=reports)
        progress.engine = engine
        gate = CooldownGate(self.clock, self.options, self.read_temperature_c)
        for position, trial in enumerate(planned):  # which grows on the way
            spec = self.specs[trial.variant]
            progress.begin(position)
            if spec.refusal is not None:
                result = engine.refuse(trial, spec.refusal)
            else:
                gate.note_baseline()
                result = engine.run(trial, spec, self._dither_s(trial))
            results.append(result)
            progress.finish(result)
            if position + 1 == len(planned):
                self._grow(planned)
            if position + 1 < len(planned) and spec.refusal is None:
                self._cool_down(gate, trial, progress)

    def _planned(self) -> list[TrialRecord]:
        trials = self.store.trials(self.campaign.id)
        return [trial for trial in trials if trial.status is Status.PLANNED]

    def _grow(self, planned: list[TrialRecord]) -> None:
        """Add another block to what is planned, if the campaign has not seen enough."""
        if self.growth is None:
            return
        if self.growth.another_block():
            planned += self._planned()
            self.observer.note(self.growth.standing)
        else:
            self.observer.note(f"stopped {self.growth.stopped}")

    def _dither_s(self, trial: TrialRecord) -> float:
        """Return a seeded delay, so that no variant keeps step with the telemetry's period.

        An estimate has no telemetry: it is computed when it is asked for.
        """
        found = [meter.capabilities() for meter in self.meters]
        periods = [
            capabilities.period_s or 0.0
            for capabilities in found
            if capabilities.measurement_class is not MeasurementClass.ESTIMATED
        ]
        longest_s = min(max(periods, default=0.0), _LONGEST_DITHER_S)
        seed = f"{self.campaign.spec.get('seed')}:{trial.index}"
        return random.Random(seed).uniform(0.0, longest_s)  # noqa: S311 - a schedule, not a secret

    def _cool_down(self, gate: CooldownGate, trial: TrialRecord, progress: _Watcher) -> None:
        start_ns = self.clock.now_ns()
        caution = gate.wait(progress.watch_cooldown)
        for t_ns, edge in ((start_ns, "start"), (self.clock.now_ns(), "end")):
            self.store.add_event(
                trial.trial_id, EventRecord(t_ns, HARNESS, "stage", edge=edge, name="cooldown")
            )
        if caution is not None:
            self.observer.caution(caution)
            self.store.add_event(
                trial.trial_id,
                EventRecord(
                    self.clock.now_ns(), HARNESS, "caution", name=caution.code, text=caution.line()
                ),
            )
        self.store.commit()


class _Watcher:
    """Turns the engine's ticks into progress for the observer."""

    def __init__(self, run: CampaignRun, planned: Sequence[TrialRecord]) -> None:
        self._run = run
        self._planned = planned
        self._remaining = RemainingTime()
        self._position = 0
        self._trial_start_ns = run.clock.now_ns()
        self.engine: Engine | None = None

    def begin(self, position: int) -> None:
        self._position = position
        self._trial_start_ns = self._run.clock.now_ns()
        self.watch("settle", 0.0, None)

    def finish(self, result: TrialResult) -> None:
        trial = self._planned[self._position]
        took_s = seconds(self._run.clock.now_ns() - self._trial_start_ns)
        if self._run.specs[trial.variant].refusal is None:
            self._remaining.add(trial.variant, took_s)
        duration_s = None
        if result.window_start_ns is not None and result.window_end_ns is not None:
            duration_s = seconds(result.window_end_ns - result.window_start_ns)
        self._run.observer.ended(
            TrialEnded(
                trial=self._position + 1,
                trials=self._trials(),
                label=self._run.specs[trial.variant].label,
                status=result.status,
                reason=result.reason,
                duration_s=duration_s,
                cautions=tuple(result.cautions),
            )
        )

    def _trials(self) -> int:
        return len(self._planned) if self._run.growth is None else 0

    def _left_s(self, now_ns: int) -> float | None:
        """Return the time left; nobody knows it of a campaign that grows."""
        if self._run.growth is not None:
            return None
        return self._remaining.remaining_s(
            [
                later.variant
                for later in self._planned[self._position :]
                if self._run.specs[later.variant].refusal is None
            ],
            seconds(now_ns - self._trial_start_ns),
        )

    def watch_cooldown(self, waited_s: float, expected_s: float | None) -> None:
        self.watch("cooldown", waited_s, expected_s)

    def watch(self, stage: str, elapsed_s: float, expected_s: float | None) -> None:
        run, now_ns = self._run, self._run.clock.now_ns()
        trial = self._planned[self._position]
        recorder = self.engine.recorder if self.engine else None
        reading = recorder.last_reading if recorder else None
        run.observer.progress(
            Progress(
                trial=self._position + 1,
                trials=self._trials(),
                label=run.specs[trial.variant].label,
                stage=stage,
                phase=recorder.shown.words if recorder and stage == "window" else None,
                stage_elapsed_s=elapsed_s,
                stage_expected_s=expected_s,
                remaining_s=self._left_s(now_ns),
                power_w=reading.power_w if reading else None,
                power_age_s=reading_age_s(reading, now_ns),
                temperature_c=recorder.temperature_c if recorder else None,
            )
        )
