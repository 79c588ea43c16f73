"""One trial, derived from what was stored of it."""

from __future__ import annotations

import time
from array import array
from pathlib import Path

import numpy as np
import pytest

from benchharness.errors import UnknownNameError
from benchharness.model import Caution, Channel, MeasurementClass, Status
from benchharness.report.derive import derive_campaign, derive_trial
from benchharness.store.records import EventRecord
from tests.unit.derive_store import (
    META,
    START_NS,
    Trial,
    at,
    campaign,
    codes,
    derive,
    one,
    phase,
    said,
)


def test_time_energy_and_what_the_result_holds(tmp_path: Path) -> None:
    trial = one(tmp_path, Trial(details={"module_bytes": 41_213}))
    assert trial.duration_s == 20.0
    assert trial.cpu_percent == pytest.approx(75.0)
    assert trial.module_bytes == 41_213
    assert trial.outputs == {"checksum": "f00d"}
    assert (trial.window_start_ns, trial.window_end_ns) == (START_NS, at(20.0))
    figure = trial.energy
    assert figure is not None
    assert figure.gross_j.value == pytest.approx(160.0)
    assert figure.net_j is not None
    assert figure.net_j.value == pytest.approx(100.0)
    assert figure.meter == "plug-1"
    assert figure.measurement_class is MeasurementClass.MEASURED
    assert trial.energy_missing is None
    assert trial.cautions == ()


def test_without_a_meter(tmp_path: Path) -> None:
    trial = one(tmp_path, Trial(meta=None))
    assert (trial.energy, trial.energy_missing) == (None, "no meter was used")
    assert trial.duration_s == 20.0


def test_a_meter_that_stops_leaves_the_time(tmp_path: Path) -> None:
    gone = EventRecord(at(8.0), "harness", "meter", name="plug-1", text="offline: gone")
    trial = one(tmp_path, Trial(meter_until_s=8.0, events=[gone]))
    assert trial.energy is None
    assert trial.energy_missing == "meter plug-1 was offline for 12.0 s of 20.0 s"
    assert trial.duration_s == 20.0
    assert trial.status is Status.OK


def test_phases_are_summed_and_those_of_a_warm_up_are_not(tmp_path: Path) -> None:
    events = [
        *phase("train", -8.0, -5.0),  # warm-up
        *phase("train", 1.0, 4.0),
        *phase("train", 5.0, 7.0),
        *phase("wait", 4.0, 5.0, participant="client-1"),
        said("phase", 19.0, edge="start", name="unended"),
        said("phase", 3.0, edge="end", name="unstarted"),
    ]
    trial = one(tmp_path, Trial(events=sorted(events, key=lambda e: e.t_ns)))
    assert trial.phases_s == {"train": pytest.approx(5.0), "client-1/wait": pytest.approx(1.0)}
    spans = [(s.source, s.name, s.end_ns is None) for s in trial.spans]
    assert ("main", "unended", True) in spans
    assert [s[1] for s in spans if s[0] == "main"] == ["train", "train", "unended"]
    assert [s[1] for s in spans if s[0] == "harness"] == [
        "idle_before",
        "window",
        "idle_after",
    ]


def test_phases_of_one_name_may_nest(tmp_path: Path) -> None:
    events = [*phase("x", 1.0, 9.0), *phase("x", 2.0, 3.0)]
    trial = one(tmp_path, Trial(events=sorted(events, key=lambda e: e.t_ns)))
    assert trial.phases_s["x"] == pytest.approx(9.0)


def test_the_last_value_of_a_metric_counts(tmp_path: Path) -> None:
    events = [
        said("metric", -7.0, name="warm", value=1.0),
        said("metric", 1.0, name="loss", value=0.9, step=1),
        said("metric", 2.0, name="loss", value=0.5, step=2),
        said("metric", 2.0, "client-1", name="loss", value=0.7, step=2),
    ]
    assert one(tmp_path, Trial(events=events)).metrics == {"loss": 0.5, "client-1/loss": 0.7}


def test_cpu_use_in_a_window_that_the_workload_marked(tmp_path: Path) -> None:
    t = np.arange(-1.0, 22.0, 0.1)
    used = np.where(t < 0.0, 0.0, 0.8 * t)  # cumulative seconds, 80 % of a core
    probes = {"tree:main": (t.tolist(), {"cpu_s": used.tolist()})}
    trial = one(tmp_path, Trial(marked=True, cpu_s=99.0, probes=probes))
    assert trial.cpu_s == 99.0
    assert trial.cpu_percent == pytest.approx(80.0, abs=0.5)


def test_cpu_use_of_a_marked_window_without_samples_is_missing(tmp_path: Path) -> None:
    assert one(tmp_path, Trial(marked=True)).cpu_percent is None


def test_throttling_in_the_window(tmp_path: Path) -> None:
    old, now, new = 0x10000, 0x10004, 0x50000
    for bits, words in (
        ([old, old, old, old], None),
        ([old, now, old, old], "the board reported: throttled"),
        ([old, old, new, new], "the board reported: throttled since boot"),
        ([now, old, old, old], None),  # before the window
    ):
        probes = {"board": ([-30.0, 5.0, 10.0, 15.0], {"throttled": bits})}
        if bits[0] == now:
            probes = {"board": ([-30.0, -1.0, 10.0, 15.0], {"throttled": bits})}
        path = tmp_path / str(bits)
        path.mkdir()
        found = [c for c in one(path, Trial(probes=probes)).cautions if c.code == "throttled"]
        assert [c.message for c in found] == ([words] if words else [])


def test_warnings_are_kept_once(tmp_path: Path) -> None:
    same = Caution("left-over", "1 process outlived the program")
    event = EventRecord(at(1.0), "harness", "caution", name="left-over", text=same.message)
    cool = EventRecord(at(40.0), "harness", "caution", name="hot", text="still hot; wait")
    trial = one(tmp_path, Trial(cautions=[same, same], events=[event, cool]))
    assert [c.line() for c in trial.cautions] == [same.message, "still hot; wait"]


def test_missed_ticks_and_rejected_messages(tmp_path: Path) -> None:
    events = [
        EventRecord(at(5.0), "harness", "meter", name="plug-1", text="rejected: 3 x NaN"),
        EventRecord(at(-90.0), "harness", "meter", name="plug-1", text="rejected: 1 x retained"),
    ]
    sampler = {"ticks": 900, "missed_ticks": 100}
    found = one(tmp_path, Trial(events=events, details={"sampler": sampler})).cautions
    assert [c.message for c in found] == [
        "the sampler missed 100 of 1000 ticks",
        "meter plug-1: messages rejected: 3 x NaN",
    ]


def test_a_second_meter_stands_beside_the_first(tmp_path: Path) -> None:
    with campaign(tmp_path, {"only": [Trial()]}) as store:
        record = store.trials("0badcafe")[0]
        channels = [Channel("power_w", "W")]
        meta = {**META, "target": "gpu", "class": "emulated"}
        stream = store.add_stream(record.trial_id, "meter", "rail", channels, meta)
        t = [t / 2 for t in range(-24, 66)]
        store.append(stream, array("q", [at(x) for x in t]), [array("d", [2.0] * len(t))])
        store.add_stream(record.trial_id, "meter", "dead", channels, meta)
        store.commit()
        trial = derive_trial(store, record)
    assert trial.energy is not None
    assert trial.energy.meter == "plug-1"
    assert [f.meter for f in trial.other_energy] == ["rail"]
    assert trial.other_energy[0].gross_j.value == pytest.approx(40.0)
    assert trial.other_energy[0].target == "gpu"
    assert "meter dead gave no reading in the trial" in [c.message for c in trial.cautions]


def test_a_trial_that_has_not_been_run(tmp_path: Path) -> None:
    summary = derive(tmp_path, a=[Trial(), None])
    pending = summary.trials[1]
    assert pending.status is Status.PLANNED
    assert pending.duration_s is None
    assert pending.energy_missing == "the trial has not ended"
    assert "unfinished" in codes(summary.cautions)
    assert summary.state == "interrupted"


def test_unknown_campaign(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": [Trial()]}) as store, pytest.raises(UnknownNameError):
        derive_campaign(store, "ffffffff")


@pytest.mark.slow
def test_22_hours_at_10_hz_with_ten_thousand_phases(tmp_path: Path) -> None:
    day_s, n = 22 * 3600.0, 22 * 36_000
    phases = [e for i in range(10_000) for e in phase("round", 7.0 * i, 7.0 * i + 5.0)]
    trial = Trial(duration_s=day_s, cpu_s=day_s, events=phases, marked=True)
    rng = np.random.default_rng(1)
    with campaign(tmp_path, {"a": [trial]}) as store:
        trial_id = store.trials("0badcafe")[0].trial_id
        times = array("q", (START_NS + np.arange(n, dtype=np.int64) * 100_000_000).tobytes())
        for name, source in (("system", "probe"), ("tree:main", "probe"), ("rail", "meter")):
            names = ["power_w", "energy_j"] if source == "meter" else ["cpu_s", "memory_bytes", "x"]
            columns = [np.cumsum(rng.uniform(0.0, 0.2, n)) for _ in names]
            stream = store.add_stream(
                trial_id, source, name, [Channel(c, "1") for c in names], META
            )
            store.append(stream, times, [array("d", c.tobytes()) for c in columns])
            store.commit()
        before = time.process_time()
        found = derive_trial(store, store.trial(trial_id))
        assert time.process_time() - before < 2.0  # 0.6 s here; the benchmark holds it to 1 s
    assert found.phases_s["round"] == pytest.approx(50_000.0)
    assert found.energy is not None
    assert len(found.other_energy) == 1
