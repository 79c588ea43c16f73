from __future__ import annotations

from benchharness.clock import FakeClock, seconds
from benchharness.trial.cooldown import CooldownGate
from benchharness.trial.spec import TrialOptions


def ignore(_waited_s: float, _expected_s: float | None) -> None:
    return None


def test_without_a_temperature_the_time_counts() -> None:
    clock = FakeClock()
    start_ns = clock.now_ns()
    gate = CooldownGate(clock, TrialOptions(cooldown_s=12.5), lambda: None)
    gate.note_baseline()
    assert gate.wait(ignore) is None
    assert seconds(clock.now_ns() - start_ns) == 12.5


def test_the_gate_opens_when_the_board_is_cool_again() -> None:
    clock = FakeClock()
    start_ns = clock.now_ns()

    def temperature_c() -> float:
        return 40.0 + max(0.0, 30.0 - seconds(clock.now_ns() - start_ns))

    gate = CooldownGate(clock, TrialOptions(), temperature_c, baseline_c=40.0)
    assert gate.wait(ignore) is None
    assert seconds(clock.now_ns() - start_ns) == 27.0  # 40 + 3 K is reached then


def test_a_board_that_stays_hot_is_let_in_and_marked() -> None:
    clock = FakeClock()
    gate = CooldownGate(clock, TrialOptions(cooldown_limit_s=60), lambda: 71.5, baseline_c=40.0)
    caution = gate.wait(ignore)
    assert caution is not None
    assert caution.code == "warm-start"
    assert "71.5 °C after 1 min 00 s" in caution.message


def test_the_first_trial_sets_the_baseline() -> None:
    temperatures = iter([45.0, 60.0])
    gate = CooldownGate(FakeClock(), TrialOptions(), lambda: next(temperatures))
    gate.note_baseline()
    gate.note_baseline()
    assert gate.baseline_c == 45.0
