"""Trials of several small programs, run in this process as the engine runs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.clock import MonotonicClock
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialPlan, TrialResult
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.devices import Devices
from benchharness.trial.engine import Engine
from benchharness.trial.launch import become_subreaper
from benchharness.trial.links import LinkPlugs
from benchharness.trial.sampler_frames import SamplerReport
from benchharness.trial.spec import SHARED_PLACE, Participant, TrialOptions, VariantSpec
from benchharness.trial.watch import Equipment

# With control groups where they can be made; without them CPU seconds come from wait4.
WAYS = ["group", "no group"] if CgroupFactory().available else ["no group"]
# In front of each program: what it needs, and CPU seconds to be found again.
PRELUDE = """
import os, signal, socket, sys, time
from pathlib import Path
from benchharness import events

shared = Path(sys.argv[1])

def burn(cpu_s):
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        pass

def once(name):
    mark = shared / name
    if mark.exists():
        return False
    mark.touch()
    return True
"""


def program(name: str, script: str, *words: str, mark: str = "", **options: Any) -> Participant:
    """Return a participant that runs ``script``; ``mark`` stands in its command line."""
    argv = (sys.executable, "-c", f"# {mark}\n{PRELUDE}{script}", SHARED_PLACE, *words)
    return Participant(name, argv, dict(os.environ), **options)


@dataclass
class Ran:
    """A trial that has been run, with what was stored of it."""

    result: TrialResult
    events: list[EventRecord]
    trees: dict[str, dict[str, Any]]  # the columns of each participant's stream, by channel
    phases: list[str | None]  # what the progress line showed, about once a second
    sampler: SamplerReport

    @property
    def uses(self) -> dict[str, dict[str, Any]]:
        uses: dict[str, dict[str, Any]] = self.result.details["participants"]
        return uses

    @property
    def cautions(self) -> dict[str, str]:
        return {caution.code: caution.message for caution in self.result.cautions}

    def of(self, kind: str, participant: str | None = None) -> list[EventRecord]:
        return [
            event
            for event in self.events
            if event.kind == kind and participant in (None, event.participant)
        ]


def run_trial(
    folder: Path,
    participants: Iterable[Participant],
    *,
    way: str = "group",
    tick: Callable[..., None] = lambda *_: None,
    devices: Devices | None = None,
    plugs: LinkPlugs | None = None,
    probe_hz: float = 20.0,
    warmup: int = 0,
    **spec: Any,
) -> Ran:
    """Run one trial of these programs, with control groups or without."""
    become_subreaper()
    nowhere = folder / "no-proc"
    groups = CgroupFactory() if way == "group" else CgroupFactory(nowhere)
    variant = VariantSpec(0, "x", "x", {}, tuple(participants), **spec)
    options = TrialOptions(idle_s=0, settle_s=0, probe_hz=probe_hz, warmup=warmup)
    phases: list[str | None] = []

    def watch(*stage: Any) -> None:
        assert engine.recorder is not None
        phases.append(engine.recorder.shown.words)
        tick(*stage)

    equipment = Equipment(MonotonicClock(), (), options, groups, watch, devices, plugs)
    with Store.open(folder / "results.db") as store:
        campaign = CampaignRecord("0" * 8, "", 0, 0, "", "", "", {}, {})
        store.add_campaign(campaign)
        store.plan_trials(campaign.id, [TrialPlan(0, 0, 0, "x", {})])
        trial = store.trials(campaign.id)[0]
        engine = Engine(store, equipment)
        result = engine.run(trial, variant)
        trees = {
            stream.name.removeprefix("tree:"): _columns(store, stream.stream_id)
            for stream in store.streams(trial.trial_id)
            if stream.name.startswith("tree:")
        }
        events = list(store.events(trial.trial_id))
        return Ran(result, events, trees, phases, engine.reports[-1])


def _columns(store: Store, stream_id: int) -> dict[str, Any]:
    times_ns, columns = store.read_stream(stream_id, ["cpu_s", "memory_bytes"])
    return {"t_ns": np.asarray(times_ns), **columns}


def main(folder: Path, way: str, mark: str) -> None:
    """Run a trial until somebody kills this process, in the third life of a client."""
    sign = folder / "third-life"
    client = f"once('1') and os.abort()\nonce('2') and os.abort()\nPath({str(sign)!r}).touch()\n"
    sleep = "time.sleep(60)"
    participants = [
        program("main", sleep, mark=mark),
        program("client", client + sleep, mark=mark, restart=2),
    ]
    run_trial(folder, participants, way=way)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
