"""Participants of a trial: devices, phases, joules, who was left out; the sum over devices."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from benchharness.energy.targets import supply_losses
from benchharness.model import ParticipantSummary, PhaseUse, TrialSummary
from benchharness.report.derive import derive_trial
from benchharness.report.derive_meters import total
from benchharness.report.record_codec import decoder, to_plain
from benchharness.report.several_meters import figures_of
from tests.unit.derive_store import Trial, at, codes, said
from tests.unit.derive_store import one as one_alone
from tests.unit.device_store import BOARDS, Board, Federated, campaign, one


def client(trial: TrialSummary, number: int) -> ParticipantSummary:
    return next(p for p in trial.participants if p.name == f"client-{number}")


def phase(participant: ParticipantSummary, name: str) -> PhaseUse:
    return next(use for use in participant.phases if use.name == name)


def test_a_simple_trial_has_no_participants(tmp_path: Path) -> None:
    details = {"participants": {"main": {"role": "main"}}}
    assert one_alone(tmp_path, Trial(details=details)).participants == ()


def test_each_program_has_its_place_and_its_use(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated())
    assert [p.name for p in trial.participants] == ["main", "client-1", "client-2", "client-3"]
    orin = client(trial, 1)
    assert (orin.device, orin.device_title, orin.cores) == ("orin", "Board orin", 1.0)
    assert (orin.role, orin.restarts, orin.left, orin.left_out_steps) == ("main", 0, None, ())
    assert (orin.cpu_s, orin.memory_peak_bytes) == (30.0, 5000)
    assert orin.cpu_window_s == pytest.approx(6 * 3.0)
    assert orin.metrics == {"samples": 100.0}


def test_the_main_program_has_phases_and_no_joules_of_its_own(tmp_path: Path) -> None:
    main = one(tmp_path, Federated()).participants[0]
    assert (main.device, main.cores, main.energy) == (None, None, None)
    assert main.energy_missing == "it has no device of its own, and so no meter"
    (use,) = main.phases
    assert (use.name, use.count) == ("round", 6)
    assert use.duration_s == pytest.approx(120.0)
    assert use.energy_missing == main.energy_missing


def test_phases_have_seconds_cpu_memory_and_joules(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated())
    for number, board in enumerate(BOARDS, 1):
        found = client(trial, number)
        train, wait = phase(found, "train"), phase(found, "wait")
        assert (train.count, wait.count) == (6, 6)
        assert train.duration_s == pytest.approx(6 * board.train_s)
        assert wait.duration_s == pytest.approx(6 * (20.0 - board.train_s))
        assert train.cpu_s == pytest.approx(6 * board.train_s * board.cores, abs=0.6)
        assert wait.cpu_s == pytest.approx(0.0, abs=0.6)
        assert (train.memory_peak_bytes, wait.memory_peak_bytes) == (4_000_000, 1_000_000)
        assert train.energy_j is not None
        assert wait.energy_j is not None
        assert train.energy_method == "readings"
        assert train.energy_j.value == pytest.approx(6 * board.train_s * board.busy_w, rel=0.04)
        assert found.energy is not None
        parts_j = math.fsum(use.energy_j.value for use in found.phases if use.energy_j)
        assert parts_j == pytest.approx(found.energy.gross_j.value)


def test_what_a_client_tells_of_its_cpu_time_is_that_of_its_phase(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(tells_cpu=True))
    for number, board in enumerate(BOARDS, 1):
        told = [s for s in trial.spans if s.source == f"client-{number}" and s.name == "train"]
        assert [span.cpu_s for span in told] == [board.cores * board.train_s] * 6
        assert phase(client(trial, number), "train").cpu_s == pytest.approx(
            6 * board.train_s * board.cores, rel=1e-9
        )
    assert all(span.cpu_s is None for span in trial.spans if span.name != "train")


def test_the_trial_s_energy_is_the_sum_over_devices(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated())
    figure = trial.energy
    assert figure is not None
    assert (figure.method, figure.meter, figure.target) == ("sum", "sum of 3 meters", "all devices")
    assert [f.meter for f in trial.other_energy] == ["orin", "nano", "pi"]
    assert {f.part_of for f in trial.other_energy} == {"all devices"}
    singles = [f.gross_j for f in trial.other_energy]
    assert figure.gross_j.value == pytest.approx(sum(q.value for q in singles))
    assert figure.net_j is not None
    net = [f.net_j.value for f in trial.other_energy if f.net_j]
    assert figure.net_j.value == pytest.approx(sum(net))
    exact_j = sum(6 * (b.train_s * b.busy_w + (20.0 - b.train_s) * b.idle_w) for b in BOARDS)
    assert figure.gross_j.value == pytest.approx(exact_j, rel=0.02)
    # One emulator makes all the plugs up: their gain is one, and adds in a row.
    assert figure.terms_j["gain"] == pytest.approx(
        sum(f.terms_j["gain"] for f in trial.other_energy)
    )
    assert figure.gross_j.expanded_u == pytest.approx(
        sum(q.expanded_u or 0.0 for q in singles), rel=0.05
    )
    assert figure.idle_power_w is not None
    assert figure.idle_power_w.value == pytest.approx(13.0)
    assert [client(trial, n).energy for n in (1, 2, 3)] == list(trial.other_energy)


@pytest.mark.parametrize("calibrated", [False, True])
def test_gains_of_real_instruments_are_independent_once_calibrated(
    tmp_path: Path, calibrated: bool
) -> None:
    """Plugs of one make may all be wrong the same way, as long as nobody has looked."""
    meta = {"class": "measured", **({"calibration_date": "2026-01-01"} if calibrated else {})}
    figure = one(tmp_path, Federated(meta={b.name: meta for b in BOARDS})).energy
    assert figure is not None
    above_idle_j = [6 * b.train_s * (b.busy_w - b.idle_w) for b in BOARDS]
    of_all_j = math.hypot(*above_idle_j) if calibrated else math.fsum(above_idle_j)
    assert figure.terms_j["gain"] == pytest.approx(0.05 / math.sqrt(3) * of_all_j, rel=0.05)


def test_joules_of_different_classes_are_not_added(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(meta={"pi": {"class": "measured"}}))
    assert trial.energy is None
    assert (
        trial.energy_missing == "the devices' joules are emulated and measured, and are not added"
    )
    assert len(trial.other_energy) == 3


def test_a_sum_is_no_supply_that_loses(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated())
    assert supply_losses(figures_of(trial)) == []
    assert total(figures_of(trial)) is None
    assert not codes(trial.cautions) & {"parts-exceed-whole", "meters-disagree"}


def test_one_missing_device_makes_the_sum_missing(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(metered=["orin", "nano"]))
    assert trial.energy is None
    assert trial.energy_missing == "no meter measures device pi"
    assert client(trial, 3).energy_missing == "no meter measures device pi"
    assert phase(client(trial, 3), "train").energy_missing == "no meter measures device pi"
    assert client(trial, 1).energy is not None


def test_a_device_whose_plug_fell_silent_is_named(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(until_s={"nano": 30.0}))
    assert trial.energy_missing is not None
    assert trial.energy_missing.startswith("the energy of device nano is missing: ")
    assert client(trial, 2).energy is None
    assert trial.energy_missing.endswith(client(trial, 2).energy_missing or "nothing")


def test_devices_that_no_program_used_are_not_in_the_sum(tmp_path: Path) -> None:
    spare = Federated(details={"client-3": {"device": None}})
    trial = one(tmp_path, spare)
    assert trial.energy is not None
    assert trial.energy.meter == "sum of 2 meters"
    assert [f.part_of for f in trial.other_energy] == ["all devices", "all devices", None]


def test_one_device_needs_no_sum(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(boards=BOARDS[:1]))
    assert trial.energy is not None
    assert (trial.energy.meter, trial.other_energy) == ("orin", ())
    assert client(trial, 1).energy is trial.energy


def test_a_device_of_two_programs_is_neither_s(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(details={"client-3": {"device": "nano"}}))
    assert client(trial, 2).energy_missing == "it shares device nano with client-3"
    assert trial.energy is not None
    assert trial.energy.meter == "sum of 2 meters"


def test_a_slow_meter_goes_by_cpu_use(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(poll_s=30.0, rounds=30))
    train = phase(client(trial, 2), "train")
    assert train.energy_method == "CPU use"
    assert train.energy_j is not None
    exact_j = 30 * 12.0 * 7.0
    assert abs(train.energy_j.value - exact_j) <= (train.energy_j.expanded_u or 0.0)


def test_who_left_and_who_was_left_out(tmp_path: Path) -> None:
    left = {"t_ns": at(65.0), "reason": "killed by signal 9"}
    trial = one(
        tmp_path,
        Federated(
            details={"client-2": {"left": left, "restarts": 2}},
            events=[
                said("left_out", 70.0, "client-2", text="no answer", step=4),
                said("left_out", 71.0, "client-2", text="no answer", step=4),
                said("left_out", 90.0, "client-2", text="no answer", step=5),
            ],
        ),
    )
    found = client(trial, 2)
    assert found.left == "after 1 min 05 s: killed by signal 9"
    assert found.left_out_steps == (4, 5)
    assert found.restarts == 2


def test_a_round_that_was_done_again_is_left_out_as_the_last_time(tmp_path: Path) -> None:
    """After round 3 the server came back: rounds 4 and 5 went on without client 2 only before."""
    told = [(30.0, 2), (70.0, 4), (90.0, 5), (105.0, 5)]
    back = said("metric", 95.0, name="resumed", value=1.0, step=3)
    events = [said("left_out", t_s, "client-2", text="no answer", step=step) for t_s, step in told]
    trial = one(tmp_path, Federated(events=[*events, back]))
    assert client(trial, 2).left_out_steps == (2, 5)


def test_who_left_before_the_window_used_nothing_in_it(tmp_path: Path) -> None:
    """Its samples end before the window; the trial's CPU time is that of the others."""
    left = {"t_ns": at(-0.5), "reason": "killed by signal 9"}
    gone = Federated(details={"client-3": {"left": left}}, sampled_until_s={"client-3": -0.5})
    trial = one(tmp_path, gone)
    assert client(trial, 3).cpu_window_s == 0.0
    assert trial.cpu_window_s == pytest.approx(6 * (3.0 * 1.0 + 12.0 * 0.5))


def test_who_has_no_samples_for_no_reason_is_not_known(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(sampled_until_s={"client-3": -0.5}))
    assert (client(trial, 3).cpu_window_s, trial.cpu_window_s) == (None, None)


def test_a_device_that_did_not_get_its_cpu_is_named(tmp_path: Path) -> None:
    """At 60 % of its quota it looks like a slower device that draws less."""
    (tmp_path / "a").mkdir()
    assert "device-starved" not in codes(one(tmp_path / "a", Federated()).cautions)
    trial = one(tmp_path, Federated(cpu_share={"nano": 0.6, "pi": 0.93}))
    (found,) = [c for c in trial.cautions if c.code == "device-starved"]
    assert found.message.endswith("are given: client-2 on nano 60 %")


def test_metrics_with_steps_are_series(tmp_path: Path) -> None:
    again = [said("metric", 41.0, name="test_accuracy", value=0.9, step=2)]
    once = [said("metric", 41.0, name="gflops", value=1.5)]
    series = one(tmp_path, Federated(events=again + once)).series
    assert set(series) == {"test_accuracy", *(f"client-{n}/samples" for n in (1, 2, 3))}
    accuracy = series["test_accuracy"]
    assert [p.step for p in accuracy] == [1, 2, 3, 4, 5, 6]
    # Round 2 was done again: its last value stands.
    assert accuracy[1].value == 0.9
    assert accuracy[1].t_ns == at(41.0)


@pytest.mark.slow
def test_thousands_of_phases_are_derived_fast(tmp_path: Path) -> None:
    boards = [Board(f"pi-{n}", 0.5 + 0.1 * n) for n in range(8)]
    many = Federated(boards=boards, rounds=625, round_s=2.0)  # 10,000 phases of clients
    with campaign(tmp_path, [many]) as store:
        record = store.trials("fade0000")[0]
        streams, events = store.streams(record.trial_id), store.events(record.trial_id)
        began_s = time.process_time()
        trial = derive_trial(store, record, streams, events)
        took_s = time.process_time() - began_s
    assert sum(use.count for p in trial.participants[1:] for use in p.phases) == 10_000
    assert took_s < 1.5


def test_records_of_participants_go_through_the_cache_unchanged(tmp_path: Path) -> None:
    trial = one(tmp_path, Federated(metered=["orin"]))
    assert decoder(TrialSummary)(to_plain(trial)) == trial
