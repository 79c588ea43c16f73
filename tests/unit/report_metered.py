"""Short runs whose joules come from made-up readings, by the estimators themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import Readings, Window
from benchharness.model import CampaignSummary, Channel, TrialSummary
from benchharness.report.derive_energy import capabilities_of
from tests.unit.report_samples import SECOND_NS, SampleStream, assembled, sample_campaign

Floats = npt.NDArray[np.float64]
IDLE_W, BUSY_W = 3.0, 11.0
AROUND_S = 12.0  # of rest is read before the window, and after it
SHORT_S = (0.1, 0.2, 0.5, 1.7)


@dataclass
class Metered:
    """A store with one meter that reads a step of power about each window."""

    meta: Mapping[str, Any]
    channels: tuple[str, ...]
    windows_s: tuple[float, ...] = SHORT_S
    seed: int = 1

    @property
    def summary(self) -> CampaignSummary:
        """Return the campaign, each run's figure from its readings."""
        kept = sample_campaign(repeat=4).trials[: len(self.windows_s)]
        return assembled([self._trial(t, s) for t, s in zip(kept, self.windows_s, strict=True)])

    def _trial(self, trial: TrialSummary, window_s: float) -> TrialSummary:
        start_ns = trial.window_start_ns or 0
        window = Window(start_ns, start_ns + round(window_s * 1e9))
        times_ns, columns = self._read(trial.trial_id, start_ns, window_s)
        readings = Readings.of(times_ns, columns.get("power_w"), columns.get("energy_j"))
        idle = [
            Window(window.start_ns - 11 * SECOND_NS, window.start_ns - SECOND_NS),
            Window(window.end_ns + SECOND_NS, window.end_ns + 11 * SECOND_NS),
        ]
        outcome = energy_figure(
            readings,
            capabilities_of(self.meta),
            window,
            meter="plug-1",
            target="board",
            idle=idle,
        )
        assert outcome.figure is not None, outcome.reason
        return replace(
            trial,
            duration_s=window_s,
            window_end_ns=window.end_ns,
            spans=(),
            phases_s={},
            energy=outcome.figure,
        )

    def _read(
        self, trial_id: int, start_ns: int, window_s: float
    ) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
        """Read every period from a phase of chance, and near both edges, as the harness asks."""
        chance = np.random.default_rng(self.seed + trial_id)
        period_s = float(self.meta["period_s"])
        usual_s = np.arange(-AROUND_S, window_s + AROUND_S, period_s)
        usual_s = usual_s + chance.uniform(0, period_s)
        asked_s = np.array([0.0, window_s]) + chance.uniform(-0.004, 0.02, 2)
        t_s = np.sort(np.concatenate([usual_s, asked_s]))
        seen_s = t_s - float(self.meta.get("latency_s") or 0.0)
        busy = (seen_s > 0) & (seen_s <= window_s)
        counter_j = IDLE_W * seen_s + (BUSY_W - IDLE_W) * np.clip(seen_s, 0.0, window_s)
        step_j = float(self.meta.get("energy_resolution_j") or 1e-6)
        known = {
            "power_w": np.where(busy, BUSY_W, IDLE_W) + chance.normal(0, 0.05, len(t_s)),
            "energy_j": np.floor((counter_j + 100.0) / step_j) * step_j,
        }
        t_ns = start_ns + np.rint(t_s * 1e9).astype(np.int64)
        return t_ns, {name: known[name] for name in self.channels}

    def streams(self, trial_id: int) -> list[SampleStream]:
        units = {"power_w": "W", "energy_j": "J"}
        channels = tuple(Channel(name, units[name]) for name in self.channels)
        return [SampleStream(trial_id, "meter", "plug-1", channels, self.meta)]

    def read_stream(self, stream_id: int) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
        trials = sample_campaign(repeat=4).trials
        place = next(i for i, t in enumerate(trials) if t.trial_id == stream_id)
        return self._read(stream_id, trials[place].window_start_ns or 0, self.windows_s[place])


def counter_meter(**meta: Any) -> Metered:
    """Return a meter with a fine counter, read once a second; ``meta`` changes what it can."""
    return _metered({"period_s": 1.0, "energy_resolution_j": 0.01, "has_power": False, **meta})


def power_meter(longer: float = 0.0, **meta: Any) -> Metered:
    """Return a meter of powers alone, its windows ``longer`` by so many seconds."""
    return _metered({"period_s": 1.0, "has_counter": False, **meta}, longer)


def _metered(meta: Mapping[str, Any], longer: float = 0.0) -> Metered:
    channels = {"power_w": "has_power", "energy_j": "has_counter"}
    there = tuple(name for name, key in channels.items() if meta.get(key, True))
    whole = {"class": "measured", "target": "board", "gain_bound": 0.02, **meta}
    return Metered(whole, there, tuple(longer + window_s for window_s in SHORT_S))
