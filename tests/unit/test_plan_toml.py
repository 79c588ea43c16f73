"""Lines of keys, and the strict reader that names them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.toml_lines import KeyPath, key_lines
from benchharness.plan.toml_reader import display_path, read_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Values that try to look like keys, headers, comments and ends of strings.
TRICKY_VALUES = (
    "1",
    "-1_000 # [not.a.header]",
    '"x = 1 # no"',
    "'a\\'",
    '"a\\"b"',
    '"""\nfake = 1\n[fake]\n""quoted""\\"""" # end',
    "'''\n[[fake]]\nfake = 2'''",
    '""""four quotes""""',
    "[]",
    '[\n  "a", # ]\n  "b = 1",\n\n  ["c"],\n]',
    "{}",
    '{a = 1, b = {"c d" = [2, 3]}, e.f = "}"}',
    "1979-05-27T07:32:00Z",
    "true",
    "inf",
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A valid document, and the line of every key written, counted while writing."""
    lines: list[str] = []
    expected: dict[KeyPath, int] = {}
    arrays = 0

    def write(text: str) -> int:
        at = sum(piece.count("\n") for piece in lines) + len(lines) + 1
        lines.append(text)
        return at

    def keys(prefix: KeyPath) -> None:
        for index in range(draw(st.integers(0, 3))):
            key = f"k{index}"
            name = draw(st.sampled_from((key, f'"{key}"', f"'{key}'", f"  {key} ", f"\t{key}")))
            value = draw(st.sampled_from(TRICKY_VALUES))
            path = (*prefix, key)
            expected[path] = write(f"{name}= {value}")
            if draw(st.booleans()):
                write(draw(st.sampled_from(("", "# k9 = 1", "   ", "# [x]"))))

    keys(())
    for section in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            expected[(f"t{section}", "sub")] = write(f"[t{section}.sub] # a table")
            keys((f"t{section}", "sub"))
        else:
            path: KeyPath = ("many", arrays)
            expected[path] = write("[[ many ]]")
            keys(("many", arrays))
            if draw(st.booleans()):
                expected[("many", arrays, "inner")] = write("[many.inner]")
                keys(("many", arrays, "inner"))
            arrays += 1
    return "\n".join(lines), expected


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


@given(documents())
def test_every_key_has_the_line_where_it_was_written(
    document: tuple[str, dict[KeyPath, int]],
) -> None:
    text, expected = document
    found = key_lines(text)
    assert {path: found.get(path) for path in expected} == expected
    missing = [path for path in paths(tomllib.loads(text)) if path not in found]
    assert not missing


def test_items_of_a_list_over_several_lines_have_their_own_lines() -> None:
    found = key_lines('argv = [\n  "a",\n  # none\n  "b", "c",\n]\nlast = 1')
    assert [found["argv", i] for i in range(3)] == [2, 4, 4]
    assert found[("last",)] == 6


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "workload.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_toml(path)
    assert caught.value.exit_code == 2
    return caught.value.line()


def test_a_syntax_error_carries_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = error_of(write(tmp_path, 'name = "x"\n\nargv = [1, 2\n[factors]\n'))
    assert line.startswith("workload.toml:4: not TOML: ")


def test_a_syntax_error_at_the_end_carries_the_last_line(tmp_path: Path) -> None:
    assert ":2: not TOML: " in error_of(write(tmp_path, 'name = "x"\ntitle = "y'))


def test_a_key_that_is_there_twice_carries_its_line(tmp_path: Path) -> None:
    assert ":3: not TOML: " in error_of(write(tmp_path, "a = 1\nb = 1\na = 2\n"))


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"name = '\xff'", "byte 8 is not UTF-8"), (None, "no such file"), ("dir", "is a directory")],
)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, content: bytes | str | None, what: str
) -> None:
    path = tmp_path / "workload.toml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "dir":
        path.mkdir()
    line = error_of(path)
    assert what in line
    assert "workload.toml: " in line


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    table = read_toml(write(tmp_path, b'\xef\xbb\xbfname = "x"\r\nn = 1\r\n'))
    assert table.string("name") == "x"
    assert table.place("n").endswith(":2")


@pytest.mark.parametrize(
    ("text", "getter", "message"),
    [
        ("n = '5'", "integer", "n: expected an integer, got a string; leave the quotes out"),
        ("n = 5.0", "integer", "n: expected an integer, got a number"),
        ("n = true", "integer", "n: expected an integer, got a boolean"),
        ("n = true", "number", "n: expected a number, got a boolean"),
        ("n = nan", "number", "n: expected a finite number, got nan"),
        ("n = -inf", "number", "n: expected a finite number, got -inf"),
        ("n = 5", "string", "n: expected a string, got an integer; put it in quotes"),
        ("n = 'a'", "strings", 'n: expected a list of strings, got a string; write ["..."]'),
        ("n = ['a', 1]", "strings", "n[1]: expected a string, got an integer; put it in quotes"),
        ("n = 1", "table", "n: expected a table, got an integer; write [n]"),
        ("n = 1", "tables", "n: expected an array of tables, got an integer; write [[n]]"),
        ("n = [1]", "tables", "n[0]: expected a table, got an integer; write [[n]]"),
        ("n = []", "scalars", "n: the list is empty; name at least one level"),
        ("n = {}", "scalar", "n: expected a string, a number or a boolean, got a table"),
        ("n = 1979-05-27", "string", "n: expected a string, got a date or time; put it in quotes"),
        ("m = 1", "string", "n: is missing; it has no default"),
    ],
)
def test_a_wrong_type_names_file_line_key_and_both_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, getter: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    table = read_toml(write(tmp_path, f"# first line\n{text}\n"))
    with pytest.raises(UsageError) as caught:
        getattr(table, getter)("n")
    place = "workload.toml:1" if "missing" in message else "workload.toml:2"
    assert caught.value.line() == f"{place}: {message}"


@pytest.mark.parametrize(
    ("text", "bounds", "message"),
    [
        ("n = 0", {"minimum": 1}, "expected at least 1, got 0"),
        ("n = 0", {"above": 0}, "expected more than 0, got 0"),
    ],
)
def test_a_number_out_of_bounds_is_refused(
    tmp_path: Path, text: str, bounds: dict[str, float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read_toml(write(tmp_path, text)).number("n", **bounds)


def test_a_missing_optional_value_is_none(tmp_path: Path) -> None:
    table = read_toml(write(tmp_path, ""))
    assert table.integer("n") is None
    assert table.number("n") is None
    assert table.optional_string("n") is None
    assert table.strings("n") == ()
    assert table.tables("n") == ()


def test_an_unknown_key_is_refused_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = read_toml(write(tmp_path, "[limits]\n\ntimeout = 5\n"))
    with pytest.raises(UnknownNameError) as caught:
        table.table("limits").only("timeout_s", "memory_bytes")
    assert caught.value.line() == (
        "workload.toml:3: limits: unknown key 'timeout'; did you mean 'timeout_s'?"
    )


def test_a_path_is_shown_as_a_person_would_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert display_path(tmp_path / "a" / "b.toml") == "a/b.toml"
    assert display_path(Path("b.toml")) == "b.toml"
    assert display_path(tmp_path.parent / "b.toml") == str(tmp_path.parent / "b.toml")
