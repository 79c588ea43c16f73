"""Campaigns of several workloads: their parts, their run table, the command line over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.campaign import load_campaign
from benchharness.plan.factor_options import parse_set, parse_vary
from benchharness.plan.overrides import only, override
from benchharness.plan.run_table import RunTable, run_table
from tests.unit.test_campaign import WORKLOAD, write

GPIO = """
name = "gpio"
title = "GPIO to HTTP"
argv = ["{python}", "{line}", "{runtime}"]
[factors.line]
type = "int"
default = 17
[factors.runtime]
type = "str"
default = "wasmtime"
levels = ["wasmtime", "wasmedge"]
"""
TWO = """repeat = 3
seed = 7
[quick]
repeat = 1
[[part]]
workload = "matrix"
set = {n = 1000}
vary = {runtime = ["wasmtime", "native"]}
[part.quick.set]
n = 10
[[part]]
workload = "gpio"
[part.vary]
runtime = ["wasmtime", "wasmedge"]
[[part.exclude]]
runtime = "wasmedge"
line = 18
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder, with two workloads that have names."""
    shipped = tmp_path / "workloads"
    for name, text in (("matrix", WORKLOAD), ("gpio", GPIO)):
        (shipped / name).mkdir(parents=True)
        (shipped / name / "workload.toml").write_text(text)
    monkeypatch.setattr(declarations, "folders", lambda _kind: iter([shipped]))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def planned(here: Path, *, fixed: str = "", varied: str = "", quick: bool = False) -> RunTable:
    campaign = load_campaign(write(here, TWO))
    campaign = campaign.under_quick() if quick else campaign
    parts = override(campaign.parts, parse_set(fixed.split()), parse_vary(varied.split()))
    assert campaign.repeat is not None
    rows = [part.combine(quick=quick) for part in parts]
    return run_table(rows, campaign.repeat, campaign.seed or 0)


def labels(table: RunTable) -> list[str]:
    return [variant.label for variant in table.variants]


def test_the_variants_of_all_parts_are_one_run_table(here: Path) -> None:
    campaign = load_campaign(write(here, TWO))
    assert campaign.workloads == ("matrix", "gpio")
    assert campaign.title == "Matrix product and GPIO to HTTP"
    table = planned(here)
    assert [(v.index, v.label, v.workload) for v in table.variants] == [
        (0, "matrix wasmtime", "matrix"),
        (1, "matrix native", "matrix"),
        (2, "gpio wasmtime", "gpio"),
        (3, "gpio wasmedge", "gpio"),
    ]
    assert [v.factors.get("n") for v in table.variants] == [1000, 1000, None, None]
    # Each repetition holds every variant of every part once.
    blocks = [table.order[start : start + 4] for start in (0, 4, 8)]
    assert [sorted(index for index, _ in block) for block in blocks] == [[0, 1, 2, 3]] * 3


def test_quick_changes_each_part_as_it_says(here: Path) -> None:
    table = planned(here, quick=True)
    assert [v.factors.get("n") for v in table.variants] == [10, 10, None, None]
    assert len(table.order) == 4


def test_a_level_goes_to_every_workload_that_has_it(here: Path) -> None:
    assert labels(planned(here, fixed="runtime=wasmtime")) == ["matrix", "gpio"]
    # gpio has no line called n, matrix no factor line.
    table = planned(here, fixed="line=3 n=5")
    assert [(v.factors.get("n"), v.factors.get("line")) for v in table.variants] == [
        (5, None),
        (5, None),
        (None, 3),
        (None, 3),
    ]


def test_a_workload_that_does_not_know_a_level_keeps_its_own(here: Path) -> None:
    # gpio has no native, matrix no wasmedge: each takes what it knows.
    table = planned(here, varied="runtime=native,wasmedge")
    assert labels(table) == ["matrix native", "gpio wasmedge"]
    assert labels(planned(here, fixed="runtime=native")) == [
        "matrix",
        "gpio wasmtime",
        "gpio wasmedge",
    ]


@pytest.mark.parametrize(
    ("fixed", "varied", "line"),
    [
        (
            "runtme=native",
            "",
            "--set runtme: unknown factor of matrix and gpio 'runtme'; did you mean 'runtime'?",
        ),
        (
            "runtime=natve",
            "",
            "--set runtime: unknown level of runtime 'natve'; did you mean 'native'?",
        ),
        (
            "",
            "runtime=native,wasmedgy",
            "--vary runtime: unknown level of runtime 'wasmedgy'; did you mean 'wasmtime'?",
        ),
        ("n=many", "", "--set n: expected an integer, got 'many'"),
        ("n=1", "n=2,3", "n is both set and varied; do one of the two"),
        (
            "line=18",
            "runtime=wasmedge",
            "runtime=wasmedge with line=18 makes no sense (c.toml:15); change one of them",
        ),
    ],
)
def test_what_no_workload_knows_is_refused_in_one_line(
    here: Path, fixed: str, varied: str, line: str
) -> None:
    with pytest.raises(UsageError) as caught:
        planned(here, fixed=fixed, varied=varied)
    assert caught.value.line().startswith(line)
    assert caught.value.exit_code == 2


def test_what_the_file_varies_may_be_excluded_by_what_the_command_line_sets(here: Path) -> None:
    table = planned(here, fixed="line=18")
    assert labels(table) == ["matrix wasmtime", "matrix native", "gpio wasmtime"]


def test_only_some_of_the_workloads(here: Path) -> None:
    parts = load_campaign(write(here, TWO)).parts
    (gpio,) = only(parts, ["gpio"])
    assert labels(run_table([gpio.combine()], 1, 1)) == ["wasmtime", "wasmedge"]
    with pytest.raises(UnknownNameError, match=r"^--only: .* 'gipo'; did you mean 'gpio'\?"):
        only(parts, ["matrix", "gipo"])


def test_a_workload_may_be_in_two_parts_and_its_variants_are_there_once(here: Path) -> None:
    text = (
        '[[part]]\nworkload = "matrix"\nset = {n = 1}\nvary = {runtime = ["native", "numpy"]}\n'
        '[[part]]\nworkload = "matrix"\nset = {runtime = "native"}\nvary = {n = [1, 2]}\n'
        '[[part]]\nworkload = "gpio"\n'
    )
    campaign = load_campaign(write(here, text))
    assert labels(campaign.plan(1, 1)) == [
        "matrix n=1 native",
        "matrix n=1 numpy",
        "matrix n=2 native",
        "gpio",
    ]


def test_two_workloads_of_one_name_are_refused(here: Path) -> None:
    write(here / "other", WORKLOAD, "workload.toml")
    text = '[[part]]\nworkload = "matrix"\n[[part]]\nworkload = "./other"\n'
    with pytest.raises(UsageError, match=r"two workloads are called matrix: .*; rename one"):
        load_campaign(write(here, text)).plan(1, 1)


def test_a_table_without_some_variants_is_numbered_anew(here: Path) -> None:
    table = planned(here).without([0, 2], repeat=2)
    assert [(v.index, v.label) for v in table.variants] == [
        (0, "matrix native"),
        (1, "gpio wasmedge"),
    ]
    assert sorted(table.order) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'workload = "gpio"\n[[part]]\nworkload = "matrix"',
            "c.toml:1: workload: stands beside [[part]]; write it in the part that it belongs to",
        ),
        (
            '[quick.set]\nn = 1\n[[part]]\nworkload = "matrix"',
            "c.toml:1: quick.set: stands beside [[part]]",
        ),
        ("[[part]]\n[part.set]\nn = 1", "c.toml:1: part[0].workload: is missing"),
        (
            '[[part]]\nworkload = "matrix"\nrepeat = 3',
            "c.toml:3: part[0]: unknown key 'repeat'",
        ),
        (
            '[[part]]\nworkload = "gpio"\n[[part]]\nworkload = "matrix"\n[part.quick.vary]\nm = 3',
            "c.toml:6: part[1].quick.vary.m: unknown factor of matrix 'm'; known: n, runtime",
        ),
        (
            '[[part]]\nworkload = "matrix"\n[part.vary]\nn = [1, "x"]',
            "c.toml:4: part[0].vary.n: expected an integer, got 'x'",
        ),
        ("part = []", "c.toml:1: part: is empty"),
        ('part = "matrix"', "c.toml:1: part: expected an array of tables, got a string"),
    ],
)
def test_a_wrong_part_is_one_line_with_file_line_and_key(here: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_campaign(write(here, text)).plan(1, 1)
    assert caught.value.line().startswith(line)
