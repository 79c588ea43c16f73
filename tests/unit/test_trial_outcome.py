from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from benchharness.model import Status
from benchharness.trial.outcome import (
    Exit,
    Stop,
    end_in_words,
    failed_stop,
    memory_stop,
    outcome,
    timeout_stop,
)


def anything(_outputs: Mapping[str, Any]) -> Sequence[str]:
    return ()


def wrong(_outputs: Mapping[str, Any]) -> Sequence[str]:
    return ("output 'x' is 1, expected 2", "output 'y' is missing")


def test_a_good_end() -> None:
    assert outcome(None, [Exit("main", 0, "")], None, {}, anything, None) == (Status.OK, None)


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (Exit("main", 1, "no such file"), "exit code 1: no such file"),
        (Exit("main", 3, ""), "exit code 3"),
        (Exit("main", -9, ""), "killed by SIGKILL"),
        (Exit("main", -250, ""), "killed by signal 250"),
        (Exit("main", None, ""), "could not be waited for"),
    ],
)
def test_a_bad_end_says_how(ended: Exit, reason: str) -> None:
    assert outcome(None, [ended], None, {}, anything, None) == (Status.FAILED, reason)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("the guest ended with exit code 7", "the guest ended with exit code 7: no such bird"),
        ("the guest ended with exit code 17", "exit code 7: the guest ended with exit code 17"),
        ("exit code 7, says make", "exit code 7: exit code 7, says make"),
    ],
)
def test_a_last_line_that_only_tells_the_exit_code_leaves_the_cause_to_the_line_before(
    last: str, reason: str
) -> None:
    ended = Exit("main", 7, last, line_before="no such bird")
    assert outcome(None, [ended], None, {}, anything, None) == (Status.FAILED, reason)


def test_a_program_that_only_tells_its_exit_code_is_not_told_twice() -> None:
    ended = Exit("main", 7, "the guest ended with exit code 7")
    reason = "the guest ended with exit code 7"
    assert outcome(None, [ended], None, {}, anything, None) == (Status.FAILED, reason)


def test_an_end_that_is_excused_does_not_fail_the_trial() -> None:
    left = Exit("client", -9, "", excused=True)
    server = Exit("server", -15, "", support=True)
    done = [Exit("main", 0, ""), left, server]
    assert outcome(None, done, None, {}, anything, None) == (Status.OK, None)
    nobody = (Status.FAILED, "every main program has left")
    assert outcome(None, [left, server], None, {}, anything, None) == nobody


def test_how_a_program_ended_is_said_with_and_without_its_name() -> None:
    ended = Exit("client-1", 3, "no route")
    assert end_in_words(ended, None) == "exit code 3: no route"
    assert failed_stop(ended, None) == Stop(Status.FAILED, "client-1: exit code 3: no route")
    short = Exit("client-1", -9, "", oom_kills=1)
    assert end_in_words(short, None) == "killed by the kernel, for want of memory"
    assert end_in_words(short, 10**9) == "killed by its memory limit of 954 MiB"


def test_the_memory_limit_is_named_when_the_kernel_killed_for_it() -> None:
    ended = Exit("main", -9, "", oom_kills=1)
    status, reason = outcome(None, [ended], None, {}, anything, 64 << 20)
    assert (status, reason) == (Status.FAILED, "killed by its memory limit of 64.0 MiB")


def test_a_wrong_output_fails_whatever_the_time() -> None:
    status, reason = outcome(None, [Exit("main", 0, "")], None, {"x": 1}, wrong, None)
    assert status is Status.FAILED
    assert reason == "wrong output: output 'x' is 1, expected 2 (and 1 more)"


def test_what_the_harness_did_comes_first() -> None:
    exits = [Exit("main", -9, "")]
    status, reason = outcome(timeout_stop(90), exits, None, {}, wrong, None)
    assert status is Status.TIMEOUT
    assert reason is not None
    assert "1 min 30 s" in reason
    status, reason = outcome(memory_stop(2e9, 1 << 30), exits, None, {}, wrong, None)
    assert status is Status.FAILED


def test_participants_are_named_when_there_are_several() -> None:
    exits = [Exit("server", 0, ""), Exit("client-3", 2, "gone")]
    assert outcome(None, exits, None, {}, anything, None)[1] == "client-3: exit code 2: gone"


def test_a_support_program_may_end_by_sigterm_and_by_nothing_else() -> None:
    main = Exit("main", 0, "")
    for code in (0, -15):
        fine = Exit("server", code, "", support=True)
        assert outcome(None, [main, fine], None, {}, anything, None) == (Status.OK, None)
    lost = Exit("server", 1, "a POST was lost", support=True)
    assert outcome(None, [main, lost], None, {}, anything, None) == (
        Status.FAILED,
        "server: exit code 1: a POST was lost",
    )
    deaf = Exit("server", -9, "", support=True, overdue=True)
    assert outcome(None, [main, deaf], None, {}, anything, None)[1] == (
        "server: did not end within 5.0 s of SIGTERM: killed"
    )
    assert outcome(None, [Exit("main", -15, ""), main], None, {}, anything, None)[0] == (
        Status.FAILED
    )
