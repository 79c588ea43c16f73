"""Files of the kernel: what is read, and why something is not."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from benchharness.meters.onboard.held_file import (
    HeldFile,
    Unreadable,
    names_in,
    number_in,
    text_in,
)


def test_a_file_is_held_open_and_follows_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in1_input"
    path.write_text("5072\n")
    opened = []
    real_open = os.open

    def counted(*arguments: Any, **named: Any) -> int:
        opened.append(arguments)
        return real_open(*arguments, **named)

    monkeypatch.setattr(os, "open", counted)
    file = HeldFile(str(path))
    values = []
    for text in ("5072\n", "-8\n", "0\n"):
        path.write_text(text)
        values.append(file.number())
    assert values == [5072, -8, 0]
    file.close()
    file.close()
    # write_text opens too, but by io.open
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("content", "reason"), [("", "is empty"), ("N/A\n", "is not a number"), ("1.5", "not a number")]
)
def test_what_is_not_a_number_has_no_value(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "power1"
    path.write_text(content)
    with pytest.raises(Unreadable, match=reason):
        HeldFile(str(path)).number()
    assert number_in(str(path)) is None


def test_a_file_that_vanishes_is_not_read_on_and_one_that_comes_back_is(tmp_path: Path) -> None:
    path = tmp_path / "power1"
    path.write_text("7\n")
    file = HeldFile(str(path))
    assert file.number() == 7
    path.unlink()
    for _ in range(2):
        with pytest.raises(Unreadable, match="No such file"):
            file.number()
    path.write_text("9\n")
    assert file.number() == 9
    other = tmp_path / "other"
    other.write_text("11\n")
    other.rename(path)  # replaced at once: the new one counts
    assert file.number() == 11
    file.close()


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EAGAIN, "temporarily unavailable"), (errno.EIO, "Input/output")]
)
def test_what_the_kernel_refuses_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    path = tmp_path / "power1"
    path.write_text("7\n")
    file = HeldFile(str(path))
    assert file.number() == 7

    def refuse(*_arguments: object) -> bytes:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", refuse)
        with pytest.raises(Unreadable, match=words):
            file.number()
    assert file.number() == 7
    file.close()


def test_a_device_that_came_back_is_opened_anew_in_the_same_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "power1"
    path.write_text("7\n")
    file = HeldFile(str(path))
    real, calls = os.pread, []

    def gone_once(*arguments: int) -> bytes:
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError(errno.ENODEV, "No such device")
        return real(*arguments)

    monkeypatch.setattr(os, "pread", gone_once)
    assert file.number() == 7
    file.close()


def test_names_come_in_natural_order_and_what_is_missing_is_empty(tmp_path: Path) -> None:
    for name in ("hwmon10", "hwmon2", "hwmon1"):
        (tmp_path / name).mkdir()
    assert names_in(str(tmp_path)) == ["hwmon1", "hwmon2", "hwmon10"]
    assert names_in(str(tmp_path / "no")) == []
    assert text_in(str(tmp_path / "no")) == ""
