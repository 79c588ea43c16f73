"""CPU seconds by phase: told by the phases themselves, and sampled ten times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from benchharness.energy.phase_cpu import parts_by_cpu
from benchharness.energy.phase_cpu_seconds import cpu_by_phase
from benchharness.energy.phase_intervals import Intervals, Span, divide
from benchharness.energy.phase_parts import NoPart
from benchharness.energy.readings import Samples, Window
from tests.unit.phase_loads import Load, at

# Bursts of three samples of a probe: a line between samples cuts off their corners.
CORES = {"download": 0.1, "train": 1.0, "upload": 0.1, "wait": 0.0}
BURSTS = Load(
    60,
    [("download", 0.023), ("train", 0.31), ("upload", 0.019), ("wait", 0.71)],
    {name: 2.0 + 6.0 * cores for name, cores in CORES.items()},
    CORES,
)


def sampled(load: Load, offset_s: float = 0.03) -> Samples:
    t_s = np.arange(-1.0, load.duration_s + 1.0, 0.1) + offset_s
    return Samples(t_s, load.cpu_at(t_s))


def divided(load: Load, telling: Sequence[str] = ()) -> Intervals:
    return divide(load.spans(telling), Window(at(0.0), at(load.duration_s)))


def exact_s(load: Load) -> np.ndarray:
    return np.array([load.rounds * s * load.cores[name] for name, s in load.phases])


@pytest.mark.parametrize("rounds", [15, 60, 240])
def test_errors_of_edges_add_up_in_a_row(rounds: int) -> None:
    load = replace(BURSTS, rounds=rounds)
    found = cpu_by_phase(sampled(load), divided(load))
    assert found is not None
    cpu_s, u_s = found
    error_s = np.abs(cpu_s - exact_s(load))
    assert error_s[1] > 0.05 * exact_s(load)[1]  # the corners of the bursts
    assert (error_s <= 2.0 * u_s).all()


def test_a_phase_that_tells_its_cpu_time_has_it_exactly_and_the_rest_is_clean() -> None:
    found = cpu_by_phase(sampled(BURSTS), divided(BURSTS, ["train"]))
    assert found is not None
    cpu_s, u_s = found
    assert cpu_s[1] == pytest.approx(exact_s(BURSTS)[1])
    assert u_s[1] == 0.0
    # Nothing of the 18.6 s is left with the others: they mix among themselves only.
    assert cpu_s == pytest.approx(exact_s(BURSTS), abs=0.2)
    assert (np.abs(cpu_s - exact_s(BURSTS)) <= 2.0 * u_s + 1e-9).all()
    assert cpu_s.sum() == pytest.approx(exact_s(BURSTS).sum(), rel=0.005)


def test_phases_of_own_figures_without_a_gap_leave_the_rest_to_the_others() -> None:
    """No sample falls between the phases that tell theirs."""
    load = Load(4, [("train", 3.0), ("upload", 0.01)], {}, {"train": 1.0, "upload": 0.5})
    found = cpu_by_phase(sampled(load, 0.05), divided(load, ["train"]))
    assert found is not None
    assert found[0] == pytest.approx([12.0, 0.02], abs=0.02)


def test_only_a_whole_occurrence_counts_as_told() -> None:
    """One that reaches out of the window, or holds another, goes by the samples."""
    window = Window(at(0.0), at(10.0))
    spans = [
        Span(at(-1.0), at(2.0), "train", 99.0),
        Span(at(3.0), at(6.0), "train", 99.0),
        Span(at(4.0), at(5.0), "upload", 0.25),
    ]
    found = divide(spans, window)
    assert np.isfinite(found.cpu_s).sum() == 1
    t_s = np.arange(0.0, 10.1, 0.5)
    cpu = cpu_by_phase(Samples(t_s, 0.5 * t_s), found)
    assert cpu is not None
    told = dict(zip(found.names, cpu[0].tolist(), strict=True))
    assert told["upload"] == 0.25
    assert told["train"] == pytest.approx(2.0, abs=0.3)
    assert told["other"] == pytest.approx(2.5, abs=0.3)


@pytest.mark.parametrize("telling", [(), ("train",)], ids=["sampled", "told"])
def test_intervals_of_joules_cover_bursts(telling: Sequence[str]) -> None:
    """P = P_idle + 6 W a core: at any place of the samples the joules lie within U."""
    exact_j = BURSTS.exact_j()
    total_j = sum(exact_j.values())
    for offset_s in np.arange(0.0, 0.1, 0.01).tolist():
        parts = parts_by_cpu(
            total_j, 0.0, 2.0, 0.0, sampled(BURSTS, offset_s), divided(BURSTS, telling)
        )
        assert not isinstance(parts, NoPart)
        for part, value_j in zip(parts, exact_j.values(), strict=True):
            assert abs(part.energy_j - value_j) <= 2.0 * part.u_j
        if telling:
            assert parts[1].energy_j == pytest.approx(exact_j["train"], rel=0.01)
            assert parts[3].energy_j == pytest.approx(exact_j["wait"], rel=0.015)


def test_the_joules_of_a_cpu_second_may_differ_among_several_phases() -> None:
    """Radio above, training below the mean: who waits shares their error, however it is sure."""
    load = replace(BURSTS, cores={**CORES, "upload": 0.5})
    parts = parts_by_cpu(600.0, 0.0, 2.0, 0.0, sampled(load), divided(load, ["train", "upload"]))
    assert not isinstance(parts, NoPart)
    shares = exact_s(load) / exact_s(load).sum()
    dynamic_j = 600.0 - 2.0 * load.duration_s
    u = 0.5 / np.sqrt(3.0)
    expected_j = [
        dynamic_j * s * u * np.sqrt((1 - s) ** 2 + (shares**2).sum() - s**2) for s in shares
    ]
    assert parts[1].u_j == pytest.approx(expected_j[1], rel=0.05)
