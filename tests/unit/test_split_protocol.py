"""What a device says of its round is taken for what it is, or refused in one line."""

from __future__ import annotations

import pytest

from benchharness.split.protocol import bytes_of, seconds_of
from benchharness.wire.frames import Frame, WireError


def test_a_round_may_carry_more_than_a_gigabyte() -> None:
    assert bytes_of(Frame("done", {"bytes_up": 1_048_644_096}), "bytes_up") == 1_048_644_096
    assert bytes_of(Frame("done", {"bytes_up": 1 << 53}), "bytes_up") == 1 << 53


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "1", (1 << 53) + 1, 10**400])
def test_what_is_no_number_of_bytes_is_refused(value: object) -> None:
    with pytest.raises(WireError, match=r"bytes_up is .* in a frame 'done', no bytes") as caught:
        bytes_of(Frame("done", {"bytes_up": value}), "bytes_up")
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("value", [None, False, -0.1, 1e9, float("nan"), "1", 10**400, -(10**400)])
def test_what_is_no_number_of_seconds_is_refused(value: object) -> None:
    with pytest.raises(WireError, match="no seconds") as caught:
        seconds_of(Frame("done", {"server_s": value}), "server_s")
    assert len(str(caught.value)) < 120
