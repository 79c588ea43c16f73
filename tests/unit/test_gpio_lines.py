"""Where GPIO values come from: recorded files, sysfs, a chip; and what is said if not."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import gpiod
import pytest

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import gpio, gpio_lines
from wasm_modules.hosts.imports.gpio_lines import open_line, recorded_values


class Memory:
    """A guest's memory of 16 bytes."""

    def __init__(self) -> None:
        self.content = bytearray(b"\xff" * 16)

    def view(self, at: int, size: int) -> memoryview:
        if at + size > len(self.content):
            raise IndexError
        return memoryview(self.content)[at : at + size]


def recording(folder: Path, text: str) -> Path:
    path = folder / "line.txt"
    path.write_text(text)
    return path


def refusal(spec: str, root: Path = gpio_lines.SYSFS) -> HostError:
    with pytest.raises(HostError) as caught:
        open_line(spec, root)
    assert "\n" not in str(caught.value)
    return caught.value


def test_values_come_in_order_and_begin_again(tmp_path: Path) -> None:
    path = recording(tmp_path, "# a line\n1\n\n0  # low\n1\n")
    assert recorded_values(path) == (1, 0, 1)
    read = open_line(f"file:{path}")
    assert [read() for _ in range(7)] == [1, 0, 1, 1, 0, 1, 1]


def test_edges_hold_until_the_next_and_the_last_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recording(tmp_path, "time_s,value\n0,0\n1.5, 1\n2,0\n10,1\n")
    now_s = iter([100.0, 101.499, 101.5, 101.75, 102.0, 109.9, 110.0, 5000.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now_s))
    read = open_line(f"file:{path}")
    assert recorded_values(path) is None
    assert [read() for _ in range(8)] == [0, 0, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no values"),
        ("# nothing\n", "has no values"),
        ("1\n2\n", "line 2: a value is 0 or 1, got '2'"),
        ("time_s,value\n", "has no values"),
        ("time_s,value\n1,0\n", "line 2: times are seconds, ascending from 0; got '1'"),
        ("time_s,value\n0,0\n2,1\n2,0\n", "line 4: times are seconds"),
        ("time_s,value\n0,0\nnan,1\n", "line 3: times are seconds"),
        ("time_s,value\n0,0\nsoon,1\n", "got 'soon'"),
        ("time_s,value\n0,on\n", "line 2: a value is 0 or 1, got 'on'"),
        ("time_s,value\n0\n", "line 2: a value is 0 or 1, got ''"),
    ],
)
def test_a_recording_that_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = recording(tmp_path, text)
    assert reason in str(refusal(f"file:{path}"))


def test_a_recording_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    said = str(refusal(f"file:{tmp_path}/nothing"))
    assert "No such file or directory; name a file by its whole path" in said
    (tmp_path / "binary").write_bytes(b"\xff\xfe1\n")
    assert "is not text" in str(refusal(f"file:{tmp_path}/binary"))


@pytest.mark.parametrize("spec", ["", "17", "file:", "sysfs:x", "gpiochip0", "gpiochip0:-1", "a:1"])
def test_a_spec_that_is_none_is_answered_with_those_that_are(spec: str) -> None:
    error = refusal(spec)
    assert error.exit_code == 2
    assert str(error) == f"a GPIO line is gpiochip0:17, sysfs:17 or file:PATH, got {spec!r}"


@pytest.fixture
def sysfs(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "gpio17"
    folder.mkdir()
    (folder / "value").write_bytes(b"0\n")
    yield tmp_path


def test_sysfs_is_read_anew_each_time(sysfs: Path) -> None:
    read = open_line("sysfs:17", sysfs)
    assert read() == 0
    (sysfs / "gpio17" / "value").write_bytes(b"1\n")
    assert read() == 1
    (sysfs / "gpio17" / "value").write_bytes(b"")
    with pytest.raises(HostError, match="is neither 0 nor 1: b''"):
        read()


def test_a_sysfs_line_that_does_not_exist_has_a_remedy(sysfs: Path) -> None:
    error = refusal("sysfs:18", sysfs)
    assert error.exit_code == 1
    assert "there is no GPIO line sysfs:18" in str(error)
    assert f"export it: echo 18 | sudo tee {sysfs}/export" in str(error)


def test_a_chip_that_does_not_exist_has_a_remedy() -> None:
    """The real libgpiod says it."""
    error = refusal("gpiochip987:17")
    assert error.exit_code == 1
    assert "there is no GPIO line gpiochip987:17" in str(error)
    assert "(No such file or directory); list lines and who holds them: gpioinfo" in str(error)


class Request:
    """What libgpiod gives for a line that it holds."""

    def __init__(self, values: list[gpiod.line.Value | OSError]) -> None:
        self.values = iter(values)

    def get_value(self, line: int) -> gpiod.line.Value:
        assert line == 17
        value = next(self.values)
        if isinstance(value, OSError):
            raise value
        return value


def test_a_chips_line_is_read_as_an_input_until_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, dict[int, gpiod.LineSettings]]] = []

    def request_lines(path: str, consumer: str, config: dict[int, gpiod.LineSettings]) -> Request:
        asked.append((path, consumer, config))
        gone = OSError(errno.ENODEV, "No such device")
        return Request([gpiod.line.Value.ACTIVE, gpiod.line.Value.INACTIVE, gone])

    monkeypatch.setattr(gpiod, "request_lines", request_lines)
    read = open_line("gpiochip0:17")
    assert (read(), read()) == (1, 0)
    with pytest.raises(HostError, match=r"^the GPIO line gpiochip0:17 has gone: No such device$"):
        read()
    ((path, consumer, config),) = asked
    assert (path, consumer) == ("/dev/gpiochip0", "benchharness")
    assert config[17].direction == gpiod.line.Direction.INPUT


def test_a_line_that_the_chip_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def request_lines(**_: object) -> None:
        raise ValueError("line offset out of range")

    monkeypatch.setattr(gpiod, "request_lines", lambda *_, **__: request_lines())
    assert "(line offset out of range)" in str(refusal("gpiochip0:99"))


def test_without_libgpiod_the_remedy_is_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    line = "there is no GPIO line gpiochip987:17 that can be read (No such file or directory)"
    assert str(refusal("gpiochip987:17")).startswith(line)
    monkeypatch.setattr(Path, "exists", lambda _path: True)
    error = refusal("gpiochip0:17")
    assert error.exit_code == 3
    assert f"install it: {sys.executable} -m pip install 'gpiod>=2'" in str(error)


def test_the_guest_gets_the_value_as_a_word(tmp_path: Path) -> None:
    path = recording(tmp_path, "1\n0\n")
    (function,) = gpio.provide({"gpio": f"file:{path}"}).functions
    assert (function.module, function.name) == ("gpio", "read")
    assert (function.parameters, function.results) == (("i32",), ("i32",))
    memory = Memory()
    assert function.call(memory, 4) == 0
    assert memory.content == b"\xff" * 4 + b"\1\0\0\0" + b"\xff" * 8
    assert function.call(memory, 12) == 0
    assert memory.content[12:] == b"\0\0\0\0"
    assert function.call(memory, 13) == 21  # EFAULT
    assert function.call(memory, 2**32 - 1) == 21


def test_the_folder_of_sysfs_is_a_setting(sysfs: Path) -> None:
    (function,) = gpio.provide({"gpio": "sysfs:17", "gpio_sysfs": str(sysfs)}).functions
    memory = Memory()
    assert function.call(memory, 0) == 0
    assert memory.content[:4] == b"\0\0\0\0"


def test_a_guest_without_a_line_is_told_how_to_name_one() -> None:
    with pytest.raises(HostError, match="name it: --with gpio=SPEC, gpiochip0:17, sysfs:17"):
        gpio.provide({"http": "127.0.0.1:80"})
