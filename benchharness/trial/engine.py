"""Runs one trial after another: a sampler, a scratch folder and a recorder for each.

Whatever ends a trial, its programs are gone and what was observed is stored. The cool-down gate
follows between two trials (:mod:`benchharness.trial.cooldown`).
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.model import Status
from benchharness.store.database import Store
from benchharness.store.records import TrialRecord, TrialResult
from benchharness.trial.leftovers import own_prefix
from benchharness.trial.links import TrialLinks
from benchharness.trial.outcome import Stop
from benchharness.trial.recorder import Recorder
from benchharness.trial.sampling import Sampler, SamplerReport
from benchharness.trial.spec import VariantSpec
from benchharness.trial.trial_run import TrialRun
from benchharness.trial.watch import Equipment


@dataclass(slots=True)
class Engine:
    """Runs trials one after another on this machine."""

    store: Store
    equipment: Equipment
    recorder: Recorder | None = None
    reports: list[SamplerReport] = field(default_factory=list)

    def run(self, trial: TrialRecord, spec: VariantSpec, dither_s: float = 0.0) -> TrialResult:
        """Run one trial and store it; ``dither_s`` is added to the first settling time.

        Raises UnfitError if the machine fails the harness (disk full), KeyboardInterrupt after
        the trial has been ended cleanly and stored as invalid.
        """
        equipment = self.equipment
        self.store.start_trial(trial.trial_id)
        with ExitStack() as stack:
            sampler = stack.enter_context(
                Sampler(equipment.options.probe_hz, sysroot=equipment.options.sysroot)
            )
            recorder = Recorder(
                self.store, trial.trial_id, equipment.clock, sampler, equipment.meters
            )
            self.recorder = recorder
            marker = f"{trial.campaign_id}-{trial.trial_id}-{uuid.uuid4().hex[:8]}"
            scratch = Path(tempfile.mkdtemp(prefix=own_prefix()))
            stack.callback(shutil.rmtree, scratch, ignore_errors=True)
            launched = spec.of_repetition(trial.repetition)
            links = TrialLinks(launched.participants, equipment.clock, equipment.plugs)
            stack.callback(links.close)  # after the programs that are in its namespaces
            run = TrialRun(equipment, recorder, sampler, launched, marker, scratch, links)
            stack.callback(run.programs.leave_none)
            try:
                result = run.stages_in_modes(dither_s)
            except KeyboardInterrupt:
                result = run.abandon(Stop(Status.INVALID, "interrupted"))
                self._finish(trial, recorder, sampler, result)
                raise
            except UnfitError as error:
                result = run.abandon(Stop(Status.INVALID, error.line()))
                self._finish(trial, recorder, sampler, result)
                raise
            self._finish(trial, recorder, sampler, result)
        return result

    def refuse(self, trial: TrialRecord, reason: str) -> TrialResult:
        """Store a trial as failed without running it."""
        result = TrialResult(Status.FAILED, reason)
        self.store.start_trial(trial.trial_id)
        self.store.finish_trial(trial.trial_id, result)
        self.store.commit()
        return result

    def _finish(
        self, trial: TrialRecord, recorder: Recorder, sampler: Sampler, result: TrialResult
    ) -> None:
        recorder.tick()
        recorder.note_what_meters_learnt()
        report = sampler.stop()
        recorder.take_samples()
        if report is not None:
            self.reports.append(report)
            result = replace(result, details={**result.details, "sampler": asdict(report)})
        self.store.finish_trial(trial.trial_id, result)
        self.store.commit()
