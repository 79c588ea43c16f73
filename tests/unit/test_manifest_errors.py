"""A wrong manifest is one line with file, line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.plan.manifest import load_manifest
from tests.unit.test_manifest import FULL

HEAD = 'name = "x"\nargv = ["{python}", "{n}"]\n[factors.n]\ntype = "int"\n'  # lines 1 to 4


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            HEAD + 'default = "5000"',
            "5: factors.n.default: expected an integer, got a string; leave the quotes out",
        ),
        (HEAD + "quick = 1", "3: factors.n.default: is missing; it has no default"),
        (
            HEAD + "default = 5\ndefalt = 6",
            "6: factors.n: unknown key 'defalt'; did you mean 'default'?",
        ),
        (
            HEAD + "default = 0\nmin = 1",
            "5: factors.n.default: 0 is below the minimum of n, 1",
        ),
        (
            HEAD + "default = 5\nquick = 9\nmax = 8",
            "6: factors.n.quick: 9 is above the maximum of n, 8",
        ),
        (
            HEAD + "default = 5\nlevels = [\n  5,\n  'six',\n]",
            "8: factors.n.levels[1]: expected an integer, got a string; leave the quotes out",
        ),
        (
            HEAD + "default = 5\nlevels = [6, 7]",
            "5: factors.n.default: 5 is not a level of n; known: 6, 7",
        ),
        (
            HEAD + "default = 5\nlevels = [5, 5]",
            "6: factors.n.levels: a level is there twice; name each level once",
        ),
        (
            HEAD + "default = 5\nmin = 9\nmax = 1",
            "6: factors.n.min: 9 is above max = 1",
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'integer'\ndefault = 5",
            "7: factors.m.type: unknown type 'integer'; did you mean 'int'?",
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'str'\ndefault = 'a'\nmax = 5",
            "9: factors.m.max: is for numbers only; use levels",
        ),
        (
            HEAD + "default = 5\npattern = '[0-9]+'",
            '6: factors.n.pattern: is for texts only; write type = "str", or min and max',
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'str'\ndefault = 'a'\npattern = '('",
            "9: factors.m.pattern: is no regular expression: missing ), unterminated subpattern at "
            "position 0",
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'str'\ndefault = 'a'\npattern = '[0-9]'",
            "8: factors.m.default: 'a' does not fit m: [0-9]",
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'path'\ndefault = ''\nmax = 5",
            "9: factors.m.max: is for numbers only; use levels",
        ),
        (
            HEAD + "default = 5\n[factors.m]\ntype = 'path'\ndefault = '/'",
            """8: factors.m.default: a path is the user's to name; write default = \"\"""",
        ),
        (
            HEAD + "default = 5\n[factors.python]\ntype = 'str'\ndefault = 'a'",
            "6: factors.python: 'python' cannot name a factor; use a-z, 0-9 and _, "
            "and no built-in name",
        ),
        (
            HEAD + "default = 5\napplies_when = {runtime = 'a'}",
            "6: factors.n.applies_when.runtime: unknown factor 'runtime'; known: n",
        ),
        (
            HEAD + "default = 5\napplies_when = {n = 5}",
            "6: factors.n.applies_when.n: depends on n, which is itself conditional; "
            "depend on factors that always apply",
        ),
        (
            HEAD + "default = 5\n[[exclude]]\nn = 5\n[[exclude]]\nn = 'a'",
            "9: exclude[1].n: expected an integer, got a string; leave the quotes out",
        ),
        (HEAD + "default = 5\n[[exclude]]", "6: exclude[0]: is empty; name at least one factor"),
        (
            HEAD + "default = 5\n[limits]\ntimeout_s = '10'",
            "7: limits.timeout_s: expected a number, got a string; leave the quotes out",
        ),
        (HEAD + "default = 5\n[limits]\ntimeout_s = 0", "7: limits.timeout_s: expected more than"),
        (
            HEAD + "default = 5\n[limits]\nmemory_bytes = 1e9",
            "7: limits.memory_bytes: expected an integer, got a number",
        ),
        (
            HEAD + "default = 5\n[needs]\nprograms = 'gcc'",
            '7: needs.programs: expected a list of strings, got a string; write ["..."]',
        ),
        (
            HEAD + "default = 5\n[[needs.when]]\nprograms = ['gcc']",
            "6: needs.when[0].factors: is missing; write factors",
        ),
        (
            HEAD + "default = 5\n[env]\nTHREADS = 1",
            "7: env.THREADS: expected a string, got an integer; put it in quotes",
        ),
        (
            HEAD + "default = 5\n[env]\nTHREADS = '{nn}'",
            "7: env.THREADS: unknown placeholder 'nn'; did you mean 'n'?",
        ),
        (
            HEAD + "default = 5\n[expected]\nprogram = ['{python}', '{size}']",
            "7: expected.program[1]: unknown placeholder 'size'; known: n, python, scratch, "
            "wasm_modules, workload",
        ),
        (
            'name = "x"\nmodule_file = "{scratch}/a.wasm"\nargv = ["a"]',
            "2: module_file: unknown placeholder 'scratch'",
        ),
        (
            'name = "x"\nargv = [\n  "{python}",\n  "{workspace}/a",\n]',
            "4: argv[1]: unknown placeholder 'workspace'; did you mean 'workload'?",
        ),
        ('name = "x"\nargv = ["{n"]', "2: argv[0]: unbalanced braces in '{n'; double a literal"),
        ('name = "x"', "1: argv: is missing; write argv"),
        ('name = "x"\nargv = []', "2: argv: names no program"),
        ('name = "x"\nargv = "ls -l"', "2: argv: expected a list of strings, got a string"),
        ('name = "My Workload"\nargv = ["a"]', "1: name: 'My Workload' is not a name"),
        ('name = "x"\nargs = ["a"]', "2: unknown key 'args'; did you mean 'argv'?"),
        ('name = "x"\nfactors = 5\nargv = ["a"]', "2: factors: expected a table, got an integer"),
        ('name = "x"\nargv = ["a"\n', "2: not TOML: "),
    ],
)
def test_one_line_with_file_line_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workload.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_manifest(Path("workload.toml"))
    assert caught.value.line().startswith(f"workload.toml:{line}")
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.line()


VALUES = (
    "5",
    "-1",
    "0.5",
    "nan",
    "true",
    '"text"',
    '"{"',
    "[]",
    "[1]",
    '["a", 1]',
    "{}",
    "{a = 1}",
)


@pytest.mark.parametrize("value", [*VALUES, "1979-05-27", '[["a"]]', "[{}]", '""'])
def test_any_value_anywhere_is_read_or_refused_in_one_line(tmp_path: Path, value: str) -> None:
    lines = FULL.splitlines()
    path = tmp_path / "workload.toml"
    refused = 0
    for index, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        if not equals:
            continue
        path.write_text("\n".join([*lines[:index], f"{key} = {value}", *lines[index + 1 :]]))
        try:
            load_manifest(path)
        except UsageError as error:
            refused += 1
            assert re.match(rf"{re.escape(str(path))}:\d+: ", error.line())
    assert refused > 10


@pytest.mark.parametrize("number", range(len(FULL.splitlines())))
def test_any_line_left_out_is_read_or_refused_in_one_line(tmp_path: Path, number: int) -> None:
    lines = FULL.splitlines()
    path = tmp_path / "workload.toml"
    path.write_text("\n".join([*lines[:number], *lines[number + 1 :]]))
    try:
        load_manifest(path)
    except UsageError as error:
        assert re.match(rf"{re.escape(str(path))}:\d+: ", error.line())
