"""Which ends of a program are followed by another life."""

from __future__ import annotations

import signal

import pytest

from benchharness.trial.endings import may_return


@pytest.mark.parametrize("exit_code", [1, 4, 126, 127, 255, -signal.SIGKILL, -signal.SIGSEGV, None])
def test_an_error_or_a_signal_is_followed_as_often_as_may_be(exit_code: int | None) -> None:
    assert [may_return(exit_code, restarts, 2) for restarts in range(4)] == [
        *(True, True),
        *(False, False),
    ]
    assert not may_return(exit_code, 0, 0)


@pytest.mark.parametrize("exit_code", [0, 2, 3])
def test_who_is_done_or_would_fail_again_is_not_started_again(exit_code: int) -> None:
    assert not may_return(exit_code, 0, 100)
