"""What the recorder stores of a meter: what it has learnt by the end of a trial."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import cast

from benchharness.clock import FakeClock
from benchharness.meters.base import Instrument, Meter
from benchharness.model import Capabilities, Check, MeasurementClass, MeterEvent, Reading
from benchharness.report.derive_energy import capabilities_of
from benchharness.store.database import Store
from benchharness.trial.recorder import Recorder, meter_meta
from benchharness.trial.sampling import Sampler
from tests.unit.derive_store import campaign

TOML_DATE = datetime.date(2026, 3, 1)


class LearningMeter:
    """A plug that shows only by its readings how fine its steps are, and that it is emulated."""

    def __init__(self) -> None:
        options = {"calibration_date": TOML_DATE, "description": "on the desk", "broker": "b"}
        self.instrument = Instrument("plug-1", "tasmota", "plug-1.toml", "wall", options, "rack")
        self._capabilities = Capabilities(MeasurementClass.MEASURED, True, True)

    def open(self) -> None: ...
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def read(self) -> list[Reading]:
        self._capabilities = replace(
            self._capabilities,
            measurement_class=MeasurementClass.EMULATED,
            power_resolution_w=0.1,
            period_s=1.01,
        )
        return [Reading(1, 2.0, None)]

    def events(self) -> list[MeterEvent]:
        return []

    def request(self) -> None: ...
    def check(self) -> list[Check]:
        return []

    def close(self) -> None: ...


class SilentSampler:
    def receive(self) -> list[object]:
        return []


def recorder(store: Store, meter: Meter) -> Recorder:
    trial = store.trials("0badcafe")[0]
    sampler = cast(Sampler, SilentSampler())
    return Recorder(store, trial.trial_id, FakeClock(), sampler, [meter])


def test_what_a_meter_has_learnt_is_what_the_trial_is_judged_with(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": [None]}) as store:
        recording = recorder(store, LearningMeter())
        trial_id = recording.trial_id
        before = capabilities_of(store.streams(trial_id)[0].meta)
        assert (before.measurement_class, before.power_resolution_w) == (
            MeasurementClass.MEASURED,
            None,
        )
        recording.tick()
        recording.note_what_meters_learnt()
        after = capabilities_of(store.streams(trial_id)[0].meta)
    assert after.measurement_class is MeasurementClass.EMULATED
    assert (after.power_resolution_w, after.period_s) == (0.1, 1.01)


def test_the_file_of_an_instrument_says_more_than_its_driver_reads() -> None:
    meta = meter_meta(LearningMeter())
    assert meta["target"] == "wall"
    assert meta["part_of"] == "rack"
    assert meta["calibration_date"] == "2026-03-01"
    assert meta["description"] == "on the desk"
    assert "broker" not in meta
