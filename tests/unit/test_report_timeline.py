from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import Channel, MeasurementClass, PhaseSpan
from benchharness.report.buckets import bucketed, rate
from benchharness.report.figures import COLOUR_OF
from benchharness.report.figures_losses import supply_pairs, title_of
from benchharness.report.phases import phase_names, phase_roles, phase_seconds
from benchharness.report.timeline import Series, read_timeline
from tests.unit.report_samples import (
    KINDS,
    SECOND_NS,
    SampleStore,
    SampleStream,
    assembled,
    sample_campaign,
    sample_trial,
)


@dataclass
class OneStream:
    """A store with one stream."""

    source: str
    name: str
    t_s: list[float]
    columns: dict[str, list[float]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def streams(self, trial_id: int) -> list[SampleStream]:
        channels = tuple(Channel(c, "") for c in self.columns)
        return [SampleStream(1, self.source, self.name, channels, self.meta)]

    def read_stream(self, stream_id: int) -> tuple[Any, dict[str, Any]]:
        times = np.round(np.array(self.t_s) * 1e9).astype(np.int64) + 1_000 * SECOND_NS
        return times, {name: np.array(values) for name, values in self.columns.items()}


def integral(y: Any, t_s: Any) -> float:
    return float(np.sum((y[1:] + y[:-1]) / 2 * np.diff(t_s)))


def trial() -> Any:
    return sample_trial(0, 0, 0, KINDS[0], 0.0, MeasurementClass.MEASURED)


@given(
    st.lists(st.floats(0.0, 50.0), min_size=40, max_size=300),
    st.integers(3, 30),
    st.integers(0, 10_000),
)
def test_buckets_keep_the_integral_and_every_peak(
    values: list[float], buckets: int, seed: int
) -> None:
    steps = np.random.default_rng(seed).uniform(0.9, 1.1, len(values))  # no gap among these
    t_s = np.cumsum(steps)
    y = np.array(values)
    centre, mean, low, high = bucketed(t_s, y, buckets)
    width = (t_s[-1] - t_s[0]) / buckets
    assert len(centre) == buckets
    assert np.sum(mean) * width == pytest.approx(integral(y, t_s), rel=1e-9, abs=1e-6)
    assert high.max() == pytest.approx(y.max())
    assert low.min() == pytest.approx(y.min())
    assert np.all(low <= mean + 1e-9)
    assert np.all(mean <= high + 1e-9)


def test_a_gap_is_a_gap_and_the_rest_keeps_its_energy() -> None:
    t_s = np.concatenate([np.arange(0, 50, 0.1), np.arange(70, 100, 0.1)])
    y = np.full(len(t_s), 4.0)
    centre, mean, _, high = bucketed(t_s, y, 100)
    silent = (centre > 51) & (centre < 69)
    assert np.isnan(mean[silent]).all()
    assert np.isnan(high[silent]).all()
    assert np.nanmin(mean) == pytest.approx(4.0)


def test_missing_values_are_not_zero() -> None:
    t_s = np.arange(0.0, 100.0, 0.1)
    y = np.where((t_s > 40) & (t_s < 60), np.nan, 5.0)
    _, mean, low, _ = bucketed(t_s, y, 50)
    assert np.isnan(mean[22:28]).all()
    assert np.nanmin(low) == 5.0


def test_a_counter_becomes_a_rate_and_one_that_goes_back_a_gap() -> None:
    t_s, slope = rate(np.array([0.0, 1.0, 3.0, 4.0]), np.array([10.0, 12.0, 18.0, 1.0]))
    assert t_s.tolist() == [0.0, 1.0, 3.0, 4.0]
    assert slope[:3].tolist() == [2.0, 2.0, 3.0]
    assert np.isnan(slope[3])


def test_series_are_on_the_clock_of_the_window() -> None:
    summary = sample_campaign(repeat=1)
    line = read_timeline(SampleStore(summary), summary.trials[0])
    assert line is not None
    assert line.window_s == pytest.approx(summary.trials[0].duration_s, abs=1e-6)
    power, cpu = line.first("power"), line.first("cpu")
    assert power is not None
    assert cpu is not None
    inside = (power.t_s > 0.2) & (power.t_s < (line.window_s or 0) - 0.2)
    assert power.mean[inside].mean() > 5.0
    assert power.mean[power.t_s < -0.2].mean() == pytest.approx(2.7, abs=0.2)
    assert cpu.mean[(cpu.t_s > 0.2) & (cpu.t_s < 2)] == pytest.approx(99.0, rel=0.01)
    assert [s.name for s in line.stages] == ["settle", "idle_before", "window", "idle_after"]
    assert {s.name for s in line.phases} <= {"compile", "run"}


def test_a_long_series_is_short_and_keeps_the_energy() -> None:
    t_s = np.arange(0, 2000, 0.1)
    watts = 3 + np.sin(t_s / 7) + (np.arange(len(t_s)) == 777) * 40.0
    store = OneStream("meter", "plug", t_s.tolist(), {"power_w": watts.tolist()})
    line = read_timeline(store, trial(), buckets=200)
    assert line is not None
    power = line.first("power")
    assert power is not None
    assert power.high is not None
    assert len(power.mean) == 200
    energy = np.sum(power.mean) * (power.t_s[1] - power.t_s[0])
    assert energy == pytest.approx(integral(watts, t_s), rel=1e-6)
    assert power.high.max() == pytest.approx(watts.max())


def test_a_long_counter_gives_exact_means() -> None:
    t_s = np.arange(0, 1000, 0.1)
    cpu_s = np.minimum(t_s, 500.0) * 2
    store = OneStream("probe", "tree:main", t_s.tolist(), {"cpu_s": cpu_s.tolist()})
    line = read_timeline(store, trial(), buckets=100)
    assert line is not None
    cpu = line.first("cpu")
    assert cpu is not None
    assert cpu.mean[:49] == pytest.approx(200.0)
    assert np.sum(cpu.mean) * (t_s[-1] - t_s[0]) / 100 / 100 == pytest.approx(1000.0)


def test_a_meter_with_a_counter_only_is_drawn_in_steps() -> None:
    store = OneStream(
        "meter",
        "plug",
        [0.0, 10.0, 20.0],
        {"power_w": [float("nan")] * 3, "energy_j": [0.0, 40.0, 100.0]},
    )
    line = read_timeline(store, trial())
    assert line is not None
    assert [s.quantity for s in line.series] == ["power"]
    assert line.series[0].steps
    assert line.series[0].mean.tolist() == [4.0, 4.0, 6.0]


def test_a_power_reading_is_preferred_to_its_counter() -> None:
    store = OneStream(
        "meter", "plug", [0.0, 1.0, 2.0], {"power_w": [3.0, 4.0, 5.0], "energy_j": [0, 3, 7]}
    )
    line = read_timeline(store, trial())
    assert line is not None
    assert len(line.series) == 1
    assert line.series[0].mean.tolist() == [3.0, 4.0, 5.0]


@pytest.mark.parametrize(("resolution_j", "steps"), [(0.1, True), (36.0, False), (None, False)])
def test_a_fine_counter_is_preferred_to_snapshots(resolution_j: float | None, steps: bool) -> None:
    store = OneStream(
        "meter",
        "plug",
        [0.0, 1.0, 2.0, 2.001, 3.0],
        {"power_w": [5.0] * 5, "energy_j": [0.0, 5.0, 9.0, 9.02, 15.0]},
        {"energy_resolution_j": resolution_j},
    )
    line = read_timeline(store, trial())
    assert line is not None
    assert [s.steps for s in line.series] == [steps]
    if steps:  # the reading that followed at once is left out, its joules are not
        assert line.series[0].mean.tolist() == [5.0, 5.0, 4.0, 6.0]


def test_a_trial_without_observations_has_no_timeline() -> None:
    assert read_timeline(OneStream("meter", "plug", [], {"power_w": []}), trial()) is None
    assert read_timeline(OneStream("meter", "plug", [1.0], {"power_w": [1.0]}), trial()) is None
    assert read_timeline(OneStream("probe", "other", [1.0, 2.0], {"x": [1, 2]}), trial()) is None


def ns(second: float) -> int:
    return round((1_000 + second) * SECOND_NS)


def test_phases_are_disjoint_and_those_before_the_window_stand_apart() -> None:
    spans = (
        PhaseSpan("main", "compile", ns(-2), ns(-0.5)),
        PhaseSpan("main", "run", ns(0), ns(10)),
        PhaseSpan("main", "fill", ns(1), ns(2)),
        PhaseSpan("main", "multiply", ns(2), ns(8)),
        PhaseSpan("main", "late", ns(9), ns(12)),
        PhaseSpan("main", "window", ns(0), ns(10)),  # a window, not a phase
        PhaseSpan("main", "open", ns(3), None),
    )
    one = replace(
        trial(),
        spans=spans,
        phases_s={"compile": 1.5, "run": 10.0, "fill": 1.0, "multiply": 6.0, "late": 3.0},
        window_start_ns=ns(0),
        window_end_ns=ns(10),
    )
    divided = phase_seconds(one)
    assert divided.inside_s == pytest.approx({"run": 2.0, "fill": 1.0, "multiply": 6.0, "late": 1})
    assert divided.outside_s == pytest.approx({"compile": 1.5, "late": 2.0})
    summary = assembled([one])
    assert phase_names(summary) == ["compile", "run", "fill", "multiply", "late"]
    roles = phase_roles(summary)
    assert roles["multiply"] == "lower"
    assert roles["compile"] == "startup"


def roles_of(*names: str) -> dict[str, str]:
    """Return the colours of phases of one second each, one after the other before the window."""
    spans = tuple(PhaseSpan("main", n, ns(i - 60), ns(i - 59)) for i, n in enumerate(names))
    one = replace(
        trial(),
        spans=spans,
        phases_s=dict.fromkeys(names, 1.0),
        window_start_ns=ns(0),
        window_end_ns=ns(10),
    )
    return phase_roles(assembled([one]))


def test_every_phase_of_a_host_has_a_colour_of_its_own() -> None:
    host = ("load", "compile", "build", "deserialize", "instantiate", "run")
    roles = roles_of(*host)
    assert list(roles.values()) == [
        "load", "startup", "build", "deserialize", "instantiate", "lower",
    ]  # fmt: skip
    # The same on a page that has fewer of them, and beside phases that nobody knows.
    assert roles_of("load", "deserialize", "run") == {
        n: roles[n] for n in ("load", "deserialize", "run")
    }
    more = roles_of(*host, "load_model", "steady", "setup")
    assert {n: more[n] for n in host[:5]} == {n: roles[n] for n in host[:5]}
    assert len(set(more.values())) == len(more)
    assert set(more.values()) <= set(COLOUR_OF)
    assert (more["steady"], more["load_model"]) == ("io", "model")


def test_when_every_colour_is_given_the_rest_shares_one() -> None:
    roles = roles_of(*(f"part{i:02}" for i in range(20)))
    assert list(roles.values()).count("floor") == 20 - 10
    assert len(set(roles.values())) == 11


@given(st.lists(st.tuples(st.floats(-5, 15), st.floats(0, 8), st.sampled_from("abc")), max_size=30))
def test_disjoint_phases_never_exceed_the_window(parts: list[tuple[float, float, str]]) -> None:
    spans = tuple(PhaseSpan("main", name, ns(s), ns(s + d)) for s, d, name in parts)
    one = replace(
        trial(),
        spans=spans,
        phases_s=dict.fromkeys("abc", 1.0),
        window_start_ns=ns(0),
        window_end_ns=ns(10),
    )
    divided = phase_seconds(one)
    assert sum(divided.inside_s.values()) <= 10.0 + 1e-6
    covered = np.zeros(20_000, dtype=bool)
    for start, length, _ in parts:
        covered[round((start + 5) * 500) : round((start + length + 5) * 500)] = True
    total = sum(divided.inside_s.values()) + sum(divided.outside_s.values())
    assert total == pytest.approx(covered.sum() / 500, abs=0.01 * (1 + len(parts)))


def test_a_spike_that_was_rejected_does_not_set_the_scale() -> None:
    power = np.full(60, 6.0)
    power[30] = 8000.0
    meta = {"class": "measured", "power_resolution_w": 0.1, "period_s": 1.0}
    store = OneStream("meter", "plug", list(range(60)), {"power_w": power.tolist()}, meta)
    line = read_timeline(store, trial())
    assert line is not None
    assert len(line.series[0].t_s) == 59
    assert line.series[0].mean.tolist() == [6.0] * 59


def test_two_powers_of_a_supply_and_its_part_are_found() -> None:
    wall = Series("power", "wall", "W", np.array([0.0]), np.array([1.0]), target="wall")
    rail = replace(wall, name="rail", target="board", part_of="wall")
    gpu = replace(wall, name="gpu", target="gpu", part_of="case")
    assert supply_pairs([wall, rail, gpu]) == [(wall, rail)]
    assert supply_pairs([rail, gpu]) == []
    assert title_of([wall], losses=False) == "Power / W"
    assert title_of([wall, rail], losses=True) == (
        "Power / W: wall (line), rail (dashed); shaded: lost between"
    )
