"""Campaign files: read strictly, found by name or path, changed by --quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.campaign import campaign_files, find_campaign, load_campaign
from benchharness.plan.manifest import workload_files
from benchharness.plan.run_table import RunTable

WORKLOAD = """
name = "matrix"
title = "Matrix product"
argv = ["{python}", "{n}", "{runtime}"]
[factors.n]
type = "int"
default = 5000
quick = 200
[factors.runtime]
type = "str"
default = "wasmtime"
levels = ["wasmtime", "native", "numpy"]
"""
FULL = """workload = "matrix"
title = "A comparison"
repeat = 10
warmup = 1
idle_s = 5
probe_hz = 20
meters = ["plug-1", "own.toml", "tasmota:mqtt://host/own.toml"]
seed = 7
timeout_s = 60
[set]
n = 1000
[vary]
runtime = ["wasmtime", "native"]
[[exclude]]
runtime = "native"
n = 2000
[quick]
repeat = 2
idle_s = 0
set = {n = 100}
vary = {runtime = ["native", "numpy"]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder, with one workload and one campaign that have names."""
    shipped = tmp_path / "workloads"
    (shipped / "matrix").mkdir(parents=True)
    (shipped / "matrix" / "workload.toml").write_text(WORKLOAD)
    (shipped / "campaigns").mkdir()
    (shipped / "campaigns" / "daily.toml").write_text('workload = "matrix"\n')
    monkeypatch.setattr(declarations, "folders", lambda _kind: iter([shipped]))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder: Path, text: str, name: str = "c.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def plan(path: Path, *, quick: bool = False) -> RunTable:
    campaign = load_campaign(path)
    campaign = campaign.under_quick() if quick else campaign
    return campaign.plan(campaign.repeat or 1, campaign.seed or 0, quick=quick)


def test_every_key_is_read(here: Path) -> None:
    write(here, "", "own.toml")
    campaign = load_campaign(write(here, FULL))
    assert (campaign.workloads, campaign.title) == (("matrix",), "A comparison")
    assert (campaign.repeat, campaign.warmup, campaign.seed) == (10, 1, 7)
    assert (campaign.idle_s, campaign.probe_hz, campaign.timeout_s) == (5.0, 20.0, 60.0)
    assert campaign.meters == ("plug-1", "own.toml", "tasmota:mqtt://host/own.toml")
    (part,) = campaign.parts
    assert part.set == {"n": 1000}
    assert part.vary == {"runtime": ("wasmtime", "native")}
    assert part.exclude[0].levels == {"runtime": ("native",), "n": (2000,)}
    assert part.exclude[0].where == "c.toml:14"
    assert part.places["set.n"] == "c.toml:11: set.n"


def test_what_is_not_said_is_none(here: Path) -> None:
    campaign = load_campaign(write(here, 'workload = "matrix"'))
    assert campaign.title == "Matrix product"
    assert campaign.meters == ()
    options = ("repeat", "warmup", "idle_s", "probe_hz", "seed", "timeout_s")
    assert [getattr(campaign, name) for name in options] == [None] * 6


def test_a_campaign_gives_its_run_table(here: Path) -> None:
    table = plan(write(here, FULL))
    assert [variant.label for variant in table.variants] == ["wasmtime", "native"]
    assert {variant.factors["n"] for variant in table.variants} == {1000}
    assert len(table.order) == 20


def test_quick_changes_what_its_table_names_and_nothing_else(here: Path) -> None:
    campaign = load_campaign(write(here, FULL)).under_quick()
    assert (campaign.repeat, campaign.idle_s) == (2, 0.0)
    assert (campaign.warmup, campaign.seed, campaign.timeout_s) == (1, 7, 60.0)
    assert campaign.parts[0].places["set.n"] == "c.toml:20: quick.set.n"
    table = plan(write(here, FULL), quick=True)
    assert [variant.label for variant in table.variants] == ["native", "numpy"]
    assert {variant.factors["n"] for variant in table.variants} == {100}


def test_quick_may_vary_what_is_set_and_set_what_is_varied(here: Path) -> None:
    path = write(
        here,
        'workload = "matrix"\nset = {n = 9}\nvary = {runtime = ["native", "numpy"]}\n'
        '[quick]\nset = {runtime = "native"}\nvary = {n = [1, 2]}\n',
    )
    assert [variant.label for variant in plan(path, quick=True).variants] == ["n=1", "n=2"]


def test_without_a_quick_table_the_workloads_quick_defaults_hold(here: Path) -> None:
    table = plan(write(here, 'workload = "matrix"'), quick=True)
    assert table.variants[0].factors["n"] == 200


def test_a_path_is_relative_to_the_campaign_wherever_it_is_run(here: Path) -> None:
    folder = here / "elsewhere"
    (folder / "own").mkdir(parents=True)
    (folder / "a.wasm").touch()
    workload = 'name = "own"\nargv = ["true"]\n[factors.module]\ntype = "path"\ndefault = ""\n'
    (folder / "own" / "workload.toml").write_text(workload)
    text = 'workload = "./own"\n[vary]\nmodule = ["a.wasm", "own"]\n[quick]\nset = {module = ""}\n'
    path = write(folder, text)
    table = plan(path)
    assert [variant.factors["module"] for variant in table.variants] == [
        str(folder / "a.wasm"),
        str(folder / "own"),
    ]
    assert [variant.label for variant in table.variants] == ["a.wasm", "own"]
    assert plan(path, quick=True).variants[0].factors == {"module": ""}


def test_a_workload_and_a_meter_are_found_beside_the_campaign(here: Path) -> None:
    write(here / "sub", WORKLOAD, "workload.toml")
    write(here / "sub", "", "plug.toml")
    campaign = load_campaign(write(here / "sub", 'workload = "./"\nmeters = ["plug.toml"]'))
    assert campaign.parts[0].manifest.folder == here / "sub"
    assert campaign.meters == ("sub/plug.toml",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "c.toml:1: workload: is missing; it has no default"),
        (
            'title = "x"\nworkload = "matrx"',
            "c.toml:2: workload: unknown workload 'matrx'; did you mean 'matrix'?",
        ),
        (
            'workload = "matrix"\nrepeats = 5',
            "c.toml:2: unknown key 'repeats'; did you mean 'repeat'?",
        ),
        ('workload = "matrix"\nrepeat = 0', "c.toml:2: repeat: expected at least 1, got 0"),
        (
            'workload = "matrix"\nrepeat = "5"',
            "c.toml:2: repeat: expected an integer, got a string; leave the quotes out",
        ),
        ('workload = "matrix"\nprobe_hz = 0', "c.toml:2: probe_hz: expected more than 0, got 0"),
        (
            'workload = "matrix"\nmeters = "plug"',
            'c.toml:2: meters: expected a list of strings, got a string; write ["..."]',
        ),
        (
            'workload = "matrix"\n[set]\n\nsize = 5',
            "c.toml:4: set.size: unknown factor of matrix 'size'; known: n, runtime",
        ),
        (
            'workload = "matrix"\n[vary]\nruntme = ["native"]',
            "c.toml:3: vary.runtme: unknown factor of matrix 'runtme'; did you mean 'runtime'?",
        ),
        ('workload = "matrix"\n[vary]\nn = []', "c.toml:3: vary.n: the list is empty"),
        (
            'workload = "matrix"\n[set]\nn = 1\n[vary]\nn = [1, 2]',
            "c.toml:5: vary.n: is both set and varied; do one of the two",
        ),
        (
            'workload = "matrix"\n[[exclude]]\nruntime = "natve"',
            "c.toml:3: exclude[0].runtime: unknown level of runtime 'natve'; "
            "did you mean 'native'?",
        ),
        (
            'workload = "matrix"\n[quick]\ntitle = "x"',
            "c.toml:3: quick: unknown key 'title'",
        ),
        (
            'workload = "matrix"\n[quick.set]\nnn = 1',
            "c.toml:3: quick.set.nn: unknown factor of matrix 'nn'; did you mean 'n'?",
        ),
        (
            'workload = "matrix"\n[set]\nn = "many"',
            "c.toml:3: set.n: expected an integer, got 'many'",
        ),
        (
            'workload = "matrix"\n[vary]\nruntime = ["native", "numpi"]',
            "c.toml:3: vary.runtime: unknown level of runtime 'numpi'; did you mean 'numpy'?",
        ),
    ],
)
def test_a_wrong_file_is_one_line_with_file_line_and_key(here: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(write(here, text))
    assert caught.value.line().startswith(line)
    assert caught.value.exit_code == 2


def test_a_fault_of_the_workload_names_the_workloads_file(here: Path) -> None:
    broken = write(here / "broken", 'name = "b"\nargv = 5\n', "workload.toml")
    with pytest.raises(UsageError, match=r"^broken/workload.toml:2: argv: expected a list"):
        load_campaign(write(here, 'workload = "./broken"'))
    assert broken.exists()


@pytest.mark.parametrize("argument", ["matrix", "./matrix", "a/workload.toml", "workload.toml"])
def test_what_means_a_workload_is_no_campaign(here: Path, argument: str) -> None:
    assert find_campaign(argument) is None


def test_a_campaign_is_found_by_path_and_by_name(here: Path) -> None:
    assert find_campaign(str(write(here, FULL))) == here / "c.toml"
    named = find_campaign("daily.toml")
    assert named is not None
    assert named.parent.name == "campaigns"
    assert find_campaign(str(write(here, FULL, "daily.toml"))) == here / "daily.toml"


def test_a_campaign_that_is_not_there_is_one_line(here: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown campaign 'daly.toml'.*'daily.toml'"):
        find_campaign("daly.toml")
    with pytest.raises(UsageError, match=r"^x/daily.toml: there is no such campaign file"):
        find_campaign("x/daily.toml")


def test_the_shipped_campaigns_can_be_planned() -> None:
    files = campaign_files()
    assert "matrix" in files
    for path in files.values():
        assert plan(path).order
        assert plan(path, quick=True).order
    assert "matrix" in workload_files()
