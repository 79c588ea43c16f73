"""The joules of phases: against analytic loads, their coverage, and what always holds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.phase_cpu import MODEL_BOUND, parts_by_cpu
from benchharness.energy.phase_energy import phase_energies
from benchharness.energy.phase_intervals import OTHER, Span, divide
from benchharness.energy.phase_parts import BETWEEN, CPU_USE, READINGS, NoPart, Part
from benchharness.energy.phase_readings import parts_by_readings
from benchharness.energy.phase_reconcile import reconciled
from benchharness.energy.readings import Readings, Samples, Window
from tests.unit.phase_loads import Load, at, capabilities, figure_of, seen, told

# A slow device: it trains most of a round; a fast one waits most of it.
SLOW = Load(
    6, [("train", 40.0), ("wait", 20.0)], {"train": 6.0, "wait": 2.5}, {"train": 0.9, "wait": 0.02}
)
FAST = Load(
    8,
    [("download", 0.004), ("train", 0.3), ("upload", 0.006), ("wait", 9.69)],
    {"download": 2.4, "train": 8.0, "upload": 2.4, "wait": 2.2},
    {"download": 0.1, "train": 1.0, "upload": 0.1, "wait": 0.03},
)


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_readings_tell_phases_of_many_readings() -> None:
    found = told(SLOW, seen(SLOW, random(), noise_w=0.05), capabilities())
    for name, exact_j in SLOW.exact_j().items():
        energy = found[name].energy_j
        assert energy is not None
        assert energy.expanded_u is not None
        assert found[name].method == READINGS
        # The parts are told better than the whole, whose steps fall between readings.
        assert energy.value == pytest.approx(exact_j, rel=0.01)
        assert abs(energy.value - exact_j) <= energy.expanded_u


def test_readings_that_may_show_the_phase_before_do_not_count() -> None:
    # A delay of up to 3 s smears each step; the phases are still told.
    readings = seen(SLOW, random(), noise_w=0.02, latency_s=3.0)
    found = told(SLOW, readings, capabilities(latency_s=3.0))
    train = found["train"].energy_j
    assert train is not None
    assert train.value == pytest.approx(SLOW.exact_j()["train"], rel=0.01)


def test_a_reading_that_averages_looks_back_beyond_its_delay() -> None:
    """A plug that holds the mean of its last second: it shows up to 2 s ago, its bound is 1.5 s."""
    load = Load(40, [("train", 3.0), ("wait", 3.0)], {"train": 8.0, "wait": 2.0})
    fine_s = np.arange(-5.0, load.duration_s + 5.0, 0.001)
    upto_j = np.concatenate([[0.0], np.cumsum(load.power_at(fine_s))[:-1] * 0.001])
    t_s = np.arange(0.02, load.duration_s, 0.97)
    tick_s = np.floor(t_s - 0.83) + 0.83
    mean_w = np.interp(tick_s, fine_s, upto_j) - np.interp(tick_s - 1.0, fine_s, upto_j)
    readings = Readings.of([at(t) for t in t_s.tolist()], mean_w)
    intervals = divide(load.spans(), Window(at(0.0), at(load.duration_s)))
    parts = parts_by_readings(readings.powers(at(0)), capabilities(latency_s=1.5), intervals)
    assert [part.energy_j for part in parts if isinstance(part, Part)] == pytest.approx(
        list(load.exact_j().values()), rel=1e-3
    )


def test_short_phases_go_by_cpu_use_and_long_ones_by_readings() -> None:
    meter, readings = capabilities(counter=True), seen(FAST, random(), noise_w=0.02, counter=True)
    found = told(FAST, readings, meter)
    assert {name: each.method for name, each in found.items()} == {
        "download": CPU_USE, "train": CPU_USE, "upload": CPU_USE, "wait": READINGS,
    }  # fmt: skip
    for name, exact_j in FAST.exact_j().items():
        energy = found[name].energy_j
        assert energy is not None
        # The window begins with a burst of 0.3 s between two readings of the counter, which tell
        # of 1.8 J more than the powers beside it, but not on which side of the edge it fell: the
        # whole lacks 0.85 J, and its interval says so.
        assert energy.expanded_u is not None
        assert abs(energy.value - exact_j) <= energy.expanded_u
        assert energy.expanded_u <= max(0.06 * exact_j, 1.5)
    whole = figure_of(FAST, readings, meter).gross_j
    exact_j = sum(FAST.exact_j().values())
    assert whole.expanded_u is not None and abs(whole.value - exact_j) <= whole.expanded_u
    assert sum(e.energy_j.value for e in found.values() if e.energy_j) == pytest.approx(
        figure_of(FAST, readings, meter).gross_j.value
    )


def test_a_slow_meter_leaves_all_to_cpu_use() -> None:
    meter = replace(capabilities(latency_s=10.0), period_s=10.0)
    load = replace(FAST, rounds=30)
    found = told(load, seen(load, random(), period_s=10.0), meter)
    assert {each.method for each in found.values()} == {CPU_USE}


def test_cpu_use_is_exact_where_power_follows_it() -> None:
    """P = P_idle + a u for every phase: the formula has the exact joules."""
    intervals = divide(
        [Span(at(0), at(10), "train"), Span(at(10), at(40), "wait")], Window(at(0), at(40))
    )
    t_s = np.arange(0.0, 40.1, 0.1)
    cpu = Samples(t_s, np.minimum(t_s, 10.0) * 2.0 + np.maximum(t_s - 10.0, 0.0) * 0.1)
    # 3 W at rest, 2 J per CPU second: 20 s and 3 s of CPU.
    found = parts_by_cpu(40 * 3.0 + 2.0 * 23.0, 0.0, 3.0, 0.0, cpu, intervals)
    assert not isinstance(found, NoPart)
    assert [part.energy_j for part in found] == pytest.approx([30 + 40.0, 90 + 6.0])
    # A CPU second of either phase may cost half more or less, each by itself: √2 of one's.
    share = 20.0 / 23.0
    model_j = MODEL_BOUND * 46.0 * math.sqrt(2.0) * share * (1 - share) / math.sqrt(3)
    assert found[0].u_j == pytest.approx(model_j, rel=0.02)


def test_a_window_below_the_idle_power_goes_by_time() -> None:
    intervals = divide([Span(at(0), at(10), "a"), Span(at(10), at(40), "b")], Window(at(0), at(40)))
    cpu = Samples(np.array([0.0, 40.0]), np.array([0.0, 8.0]))
    found = parts_by_cpu(100.0, 1.0, 3.0, 0.1, cpu, intervals)
    assert not isinstance(found, NoPart)
    assert [part.energy_j for part in found] == pytest.approx([25.0, 75.0])


def test_without_cpu_the_little_that_nothing_sees_lies_between_the_others() -> None:
    load = Load(
        6,
        [("train", 20.0), ("upload", 0.4), ("wait", 20.0)],
        {"train": 6.0, "upload": 4.0, "wait": 2.0},
    )
    found = told(load, seen(load, random(), noise_w=0.02), capabilities(), cpu_hz=None)
    upload = found["upload"]
    assert upload.method == BETWEEN
    assert upload.energy_j is not None
    assert upload.energy_j.value == pytest.approx(load.exact_j()["upload"], abs=1.5)
    assert abs(upload.energy_j.value - load.exact_j()["upload"]) <= upload.energy_j.expanded_u  # type: ignore[operator]


def test_what_cannot_be_told_says_why() -> None:
    found = told(FAST, seen(FAST, random()), capabilities(), cpu_hz=None)
    assert all(each.energy_j is None for each in found.values())
    assert found["train"].missing == (
        "0 readings see this phase alone, of the 5 that it takes, and its CPU time in the window "
        "is not known"
    )
    assert found["wait"].missing == (
        "the other phases cannot be told from one another: its CPU time in the window is not known"
    )


def test_without_a_figure_no_phase_has_joules() -> None:
    window = Window(at(0), at(1))
    none = Readings.of([], [])
    (found,) = phase_energies(None, none, capabilities(), divide([], window), None)
    assert (found.name, found.energy_j) == (OTHER, None)
    assert found.missing == "the energy of the device is not known"


@pytest.mark.parametrize(
    ("load", "latency_s", "counter"),
    [(replace(SLOW, rounds=4), 1.5, False), (replace(FAST, rounds=12), 0.0, True)],
    ids=["readings", "both ways"],
)
def test_intervals_cover_what_was_used(load: Load, latency_s: float, counter: bool) -> None:
    """At 95 % nominal, at least 90 % of the intervals must hold the exact joules."""
    chance = random(11)
    bound = 0.03
    inside: list[bool] = []
    for _ in range(60):
        gain = chance.uniform(-bound, bound)
        meter = capabilities(latency_s, step_w=0.1, gain=bound, counter=counter)
        readings = seen(load, chance, 1.0, 0.3, latency_s, 0.1, gain, counter=counter)
        exact_j = load.exact_j()
        for name, each in told(load, readings, meter).items():
            energy = each.energy_j
            assert energy is not None
            inside.append(abs(energy.value - exact_j[name]) <= (energy.expanded_u or 0.0))
    assert np.mean(inside) >= 0.9


def test_power_that_differs_between_occurrences_widens_the_interval() -> None:
    """Batch means: twelve readings of one long round are not twelve rounds."""
    t_s = np.arange(0.5, 120.0, 1.0)
    spans, power = [], np.full(t_s.size, 2.0)
    for place in range(6):
        start = 20.0 * place
        spans += [Span(at(start), at(start + 10), "a"), Span(at(start + 10), at(start + 20), "b")]
        power[(t_s >= start) & (t_s < start + 10)] = 5.0 + place
    readings = Readings.of([at(t) for t in t_s.tolist()], power)
    window = Window(at(0), at(120))
    intervals = divide(spans, window)
    a, b = parts_by_readings(readings.powers(at(0)), capabilities(), intervals)
    assert isinstance(a, Part)
    assert isinstance(b, Part)
    sd_of_rounds = float(np.std([5, 6, 7, 8, 9, 10], ddof=1))
    assert a.energy_j == pytest.approx(7.5 * 60.0)
    assert a.u_j == pytest.approx(60.0 * sd_of_rounds / math.sqrt(6), rel=1e-6)
    assert a.nu == pytest.approx(5.0)
    assert b.u_j == 0.0


amounts = st.floats(0.0, 1e6)
parts = st.lists(
    st.tuples(amounts, st.floats(0.0, 1e4), st.floats(0.01, 1e4)), min_size=1, max_size=8
)


@given(parts, amounts, st.floats(0.0, 1e4))
def test_parts_sum_to_the_whole_and_none_is_negative(
    given_parts: list[tuple[float, float, float]], total_j: float, total_u_j: float
) -> None:
    found = reconciled(
        [Part(value, u, READINGS) for value, u, _ in given_parts],
        np.array([t for *_, t in given_parts]),
        total_j,
        total_u_j,
    )
    largest = max(total_j, *(value for value, *_ in given_parts))
    assert math.fsum(p.energy_j for p in found) == pytest.approx(
        total_j, abs=1e-9 * largest + 1e-12
    )
    assert all(part.energy_j >= -1e-9 * largest for part in found)
    assert all(math.isfinite(part.u_j) and part.u_j >= 0.0 for part in found)


@given(parts, amounts, st.randoms(use_true_random=False))
def test_the_order_of_parts_is_nothing(
    given_parts: list[tuple[float, float, float]], total_j: float, random: np.random.RandomState
) -> None:
    order = list(range(len(given_parts)))
    random.shuffle(order)

    def values(which: list[int]) -> dict[int, float]:
        chosen = [given_parts[place] for place in which]
        made = reconciled(
            [Part(value, u, READINGS) for value, u, _ in chosen],
            np.array([t for *_, t in chosen]),
            total_j,
            1.0,
        )
        return {place: part.energy_j for place, part in zip(which, made, strict=True)}

    one, other = values(list(range(len(given_parts)))), values(order)
    scale = max(total_j, 1.0, *(value for value, *_ in given_parts))
    assert all(one[place] == pytest.approx(other[place], abs=1e-8 * scale) for place in one)


def test_what_is_missing_goes_to_the_least_certain() -> None:
    sure, unsure = reconciled(
        [Part(100.0, 1.0, READINGS), Part(50.0, 3.0, READINGS)], np.ones(2), 160.0, 0.0
    )
    assert sure.energy_j == pytest.approx(101.0)
    assert unsure.energy_j == pytest.approx(59.0)
    # 10 J is √10 times what 1 J and 3 J explain: the uncertainties grow as much.
    assert sure.u_j == pytest.approx(math.sqrt(10.0) * math.sqrt(0.9))
    assert unsure.u_j == pytest.approx(
        sure.u_j
    )  # one condition, two parts: what one has, one lacks
