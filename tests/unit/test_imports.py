"""Files of pytest-benchmark and hyperfine: what becomes of them, and of those that are bad."""

from __future__ import annotations

import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.main import main
from benchharness.errors import UsageError
from benchharness.imports.campaign import read_file, store_imported
from benchharness.imports.pytest_benchmark import MOST_TRIALS, batches
from benchharness.model import CampaignSummary, MeasurementClass, Status
from benchharness.report.derive import derive_campaign
from benchharness.report.html import render_html
from benchharness.report.latex_caption import caption
from benchharness.report.methods import methods_sentences
from benchharness.store.database import Store

DATA = [0.010, 0.012, 0.011, 0.013]
ENERGY = {
    "format": 1, "missing": None, "per_call_j": 0.05, "kind": "net", "gross_j": 8.0,
    "gross_u_j": 0.4, "net_j": 2.0, "net_u_j": 0.5, "k": 2.0, "power_w": 4.0, "idle_power_w": 3.0,
    "window_s": 2.0, "rounds": 4, "iterations": 10, "meter": "plug-1", "target": "board",
    "measurement_class": "measured", "method": "counter", "coverage": 1.0,
    "gross_terms_j": {"gain": 0.2}, "net_terms_j": {"gain": 0.1, "idle edges": 0.2},
}  # fmt: skip


def benchmark(name: str = "test_a[10-x]", **changes: Any) -> dict[str, Any]:
    """What versions 4 and 5 write of one benchmark, without what is not read."""
    return {
        "group": None, "name": name, "fullname": f"tests/test_x.py::{name}",
        "params": {"n": 10, "mode": "x"}, "param": "10-x", "extra_info": {},
        "options": {"min_rounds": 5},
        "stats": {"mean": 0.0115, "rounds": 4, "iterations": 10, "data": DATA},
        **changes,
    }  # fmt: skip


def document(*benchmarks: dict[str, Any]) -> dict[str, Any]:
    return {
        "machine_info": {
            "node": "lab-host", "machine": "aarch64", "system": "Linux", "release": "6.6.20",
            "python_implementation": "CPython", "python_version": "3.11.2",
            "cpu": {"brand_raw": "Cortex-A76", "count": 4},
        },
        "commit_info": {"id": "0123456789abcdef", "dirty": True, "branch": "main"},
        "benchmarks": list(benchmarks),
        "datetime": "2026-03-01T12:00:00+00:00",
        "version": "5.3.1",
    }  # fmt: skip


def written(folder: Path, found: object, name: str = "run.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def imported(folder: Path, *paths: Path) -> CampaignSummary:
    with Store.open(folder / "results.db") as store:
        files = [read_file(path) for path in paths]
        campaign = store_imported(store, files, title="t", command="c")
        return derive_campaign(store, campaign.id)


def test_rounds_become_trials_and_parameters_factors(tmp_path: Path) -> None:
    summary = imported(tmp_path, written(tmp_path, document(benchmark())))
    (variant,) = summary.variants
    assert variant.workload == "tests/test_x.py"
    assert variant.factors == {"benchmark": "test_a", "n": 10, "mode": "x"}
    assert variant.label == "test_a[10-x]"
    time = variant.metrics["duration_s"]
    assert time.n == 4
    assert time.mean == pytest.approx(statistics.mean(DATA))
    assert time.sd == pytest.approx(statistics.stdev(DATA))
    assert [trial.duration_s for trial in summary.trials] == DATA
    assert {trial.energy_missing for trial in summary.trials} == {
        "the benchmark was run without --energy"
    }
    assert summary.created_utc == "2026-03-01T12:00:00+00:00"
    environment = summary.environment
    assert environment["cpu"] == "Cortex-A76"
    assert environment["commit"] == "0123456789ab+"
    assert environment["python"] == "CPython 3.11.2"
    assert "lab-host" not in json.dumps(dict(environment))


def test_a_call_of_nanoseconds_keeps_its_digits(tmp_path: Path) -> None:
    data = [1.23456e-8, 1.34567e-8]
    stats = {"iterations": 100000, "data": data}
    summary = imported(tmp_path, written(tmp_path, document(benchmark(stats=stats))))
    assert [trial.duration_s for trial in summary.trials] == data


def test_our_energies_are_taken_over_for_one_call_with_their_budget(tmp_path: Path) -> None:
    path = written(tmp_path, document(benchmark(extra_info={"energy": ENERGY})))
    first, *others = imported(tmp_path, path).trials
    figure = first.energy
    assert figure is not None
    # 4 rounds of 10 calls: 8 J are 0.2 J a call.
    assert figure.gross_j.value == pytest.approx(0.2)
    assert figure.gross_j.expanded_u == pytest.approx(0.01)
    assert figure.net_j is not None
    assert figure.net_j.value == pytest.approx(0.05)
    assert figure.measurement_class is MeasurementClass.MEASURED
    assert figure.dominant_term == "idle edges"
    assert (figure.meter, figure.method) == ("plug-1", "counter")
    # One figure stands for all rounds: it is not repeated, which would look like agreement.
    assert [trial.energy for trial in others] == [None] * 3


def test_repetitions_of_a_run_give_the_energy_a_spread(tmp_path: Path) -> None:
    paths = [
        written(
            tmp_path,
            document(benchmark(extra_info={"energy": {**ENERGY, "gross_j": gross_j}})),
            f"run-{gross_j}.json",
        )
        for gross_j in (7.6, 8.0, 8.4)
    ]
    (variant,) = imported(tmp_path, *paths).variants
    gross = variant.metrics["energy_gross_j"]
    assert gross.n == 3
    assert gross.mean == pytest.approx(0.2)
    assert gross.sd == pytest.approx(0.01)
    assert variant.metrics["duration_s"].n == 12


def test_why_an_energy_is_missing_comes_along(tmp_path: Path) -> None:
    missing = {"format": 1, "missing": "the window is too short"}
    path = written(tmp_path, document(benchmark(extra_info={"energy": missing})))
    trials = imported(tmp_path, path).trials
    assert {trial.energy_missing for trial in trials} == {"the window is too short"}


def test_many_rounds_are_taken_together_evenly_and_in_order() -> None:
    data = [float(i) for i in range(1, 1008)]
    found = batches(data, MOST_TRIALS)
    assert len(found) == MOST_TRIALS
    assert {size for _, size in found} == {10, 11}
    assert math.fsum(mean * size for mean, size in found) == pytest.approx(math.fsum(data))
    assert [mean for mean, _ in found] == sorted(mean for mean, _ in found)
    assert batches([3.0], MOST_TRIALS) == [(3.0, 1)]


@pytest.mark.slow
def test_a_million_rounds_are_read(tmp_path: Path) -> None:
    stats = {"iterations": 1, "data": [0.001 + i * 1e-9 for i in range(1_000_000)]}
    path = written(tmp_path, document(benchmark(stats=stats)))
    assert path.stat().st_size > 10_000_000
    assert len(imported(tmp_path, path).trials) == MOST_TRIALS


def test_names_and_parameters_of_all_kinds(tmp_path: Path) -> None:
    odd = benchmark(
        "test_\u202e<script>[a::b]", param="a::b", group="g<1>",
        params={"benchmark": 1, "obj": "UNSERIALIZABLE[x]", "nested": [1, 2], "none": None},
    )  # fmt: skip
    plain = benchmark("test_b", param=None, params=None)
    summary = imported(tmp_path, written(tmp_path, document(odd, plain)))
    first, second = summary.variants
    assert first.workload == "g<1>"
    assert first.factors["param benchmark"] == 1
    assert first.factors["nested"] == "[1, 2]"
    assert second.factors == {"benchmark": "test_b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("[1]", "is JSON of something else"),
        ('{"a": 1}', "of no program that is known"),
        ("benchmarks: 1", "is not JSON"),
        ('{"benchmarks": [], "machine_info": {}}', "benchmarks: there are none"),
        ('{"benchmarks": [7], "machine_info": {}}', "benchmarks[0]: expected an object"),
        ('{"benchmarks": {}, "machine_info": {}}', "benchmarks: expected a list"),
        ("[" * 100_000, "nested too deeply"),
        ("{} {}", "is not JSON"),
    ],
)
def test_a_bad_file_is_one_line_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_file(path)
    line = caught.value.line()
    assert words in line
    assert str(path) in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("stats", "words"),
    [
        ({"mean": 1.0}, "save it with --benchmark-json, or with --benchmark-save-data"),
        ({"data": []}, "its rounds' data are not in the file"),
        ({"data": [1, math.nan]}, "holds NaN"),
        ({"data": [1, "x"]}, "stats.data[1]: expected a finite number, got 'x'"),
        ({"data": [1, 0]}, "stats.data[1]: expected a time above 0 s"),
        ({"data": [True]}, "stats.data[0]: expected a finite number"),
        ({"data": [10**400]}, "stats.data[0]: expected a finite number"),
        ({"data": [1.0], "iterations": 0}, "stats.iterations: expected a number, got '0'"),
        ([], "benchmarks[0].stats: expected an object"),
    ],
)
def test_bad_statistics_are_named(tmp_path: Path, stats: object, words: str) -> None:
    path = written(tmp_path, document(benchmark(stats=stats)))
    with pytest.raises(UsageError) as caught:
        read_file(path)
    assert words in caught.value.line()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 9}, "is of a newer benchharness; update benchharness"),
        ({"gross_j": None}, "extra_info.energy.gross_j: is missing"),
        ({"gross_j": "a lot"}, "extra_info.energy.gross_j: expected a number, got 'a lot'"),
        ({"measurement_class": "guessed"}, "expected one of measured, estimated"),
        ({"meter": None}, "extra_info.energy.meter: expected a text"),
    ],
)
def test_bad_energies_are_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = written(tmp_path, document(benchmark(extra_info={"energy": {**ENERGY, **changes}})))
    with pytest.raises(UsageError) as caught:
        read_file(path)
    assert words in caught.value.line()


def test_an_extra_info_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    for other in (5, {"joules": 3}, [1]):
        path = written(tmp_path, document(benchmark(extra_info={"energy": other})))
        assert len(read_file(path).variants) == 1


def test_a_file_that_was_cut_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, document(benchmark()))
    path.write_text(path.read_text()[:-40])
    with pytest.raises(UsageError, match=r"cut off|is not JSON"):
        read_file(path)


def test_hyperfine_s_runs_commands_and_failures(tmp_path: Path) -> None:
    results = [
        {
            "command": "sleep 0.1", "mean": 0.1, "times": [0.1, 0.11], "exit_codes": [0, 0],
            "memory_usage_byte": [2_000_000, 2_100_000], "parameters": {"t": "0.1"},
        },
        {"command": "false", "times": [0.01, 0.02], "exit_codes": [1, None]},
    ]  # fmt: skip
    summary = imported(tmp_path, written(tmp_path, {"results": results}))
    first, second = summary.variants
    assert first.factors == {"command": "sleep 0.1", "t": "0.1"}
    assert first.metrics["duration_s"].mean == pytest.approx(0.105)
    assert first.metrics["memory_peak_bytes"].mean == pytest.approx(2_050_000)
    assert second.ok == 0
    failed = [trial for trial in summary.trials if trial.status is Status.FAILED]
    assert [trial.reason for trial in failed] == ["exit code 1", "killed by a signal"]


def test_files_of_two_programs_or_machines_are_not_one_campaign(tmp_path: Path) -> None:
    mine = written(tmp_path, document(benchmark()), "mine.json")
    other = document(benchmark())
    other["machine_info"]["node"] = "another"
    hyper = {"results": [{"command": "true", "times": [0.1]}]}
    with pytest.raises(UsageError, match="different machines"):
        imported(tmp_path, mine, written(tmp_path, other, "other.json"))
    with pytest.raises(UsageError, match="different programs"):
        imported(tmp_path, mine, written(tmp_path, hyper, "hyper.json"))


def test_the_command_shows_compares_and_reports_what_it_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = str(tmp_path / "results.db")
    slower = [2 * value for value in DATA]
    before = written(tmp_path, document(benchmark()), "before.json")
    after = written(
        tmp_path, document(benchmark(stats={"data": slower, "iterations": 10})), "after.json"
    )
    assert main(["import", str(before), "--results", results, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["campaign"]
    assert main(["import", str(after), "--results", results, "--title", "after"]) == 0
    assert "test_a[10-x]" in capsys.readouterr().err
    assert main(["compare", first, "last", "--results", results, "--json"]) == 0
    compared = capsys.readouterr().out
    assert '"higher"' in compared
    assert main(["import", str(tmp_path / "none.json"), "--results", results]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["resume", "last", "--repeat", "9", "--results", results]) == 2
    assert "imported from pytest-benchmark" in capsys.readouterr().err


def test_no_order_and_no_times_are_made_up(tmp_path: Path) -> None:
    """Rounds that rise from the first to the last: there is no clock that a drift could be of."""
    rising = {"data": [0.01 * (1 + 0.02 * i) for i in range(12)], "iterations": 1}
    found = document(benchmark(stats=rising), benchmark("test_b", param=None, stats=rising))
    summary = imported(tmp_path, written(tmp_path, found))
    assert summary.seed is None
    assert {trial.window_start_ns for trial in summary.trials} == {None}
    assert [caution for caution in summary.cautions if caution.code == "drift"] == []
    said = " ".join(methods_sentences(summary)) + caption(summary, "") + render_html(summary)
    for words in ("interleaved at random", "randomised order", "randomised complete", "seed 0"):
        assert words not in said
    assert "the order of the runs was not randomised" in said


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "text", ["2024-05-01T10:00:00.0", "2024-05-01T10:00:00+00:00", "2024-05-01T12:00:00+02:00"]
)
def test_a_time_without_a_zone_is_utc_wherever_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    """pytest-benchmark 4 writes ``datetime.utcnow().isoformat()``."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    if "." in text:  # as Python 3.10 reads it: three or six digits
        text += "00"
    try:
        found = {**document(benchmark()), "datetime": text}
        assert read_file(written(tmp_path, found)).unix_s == 1714557600.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59", "today"]
)
def test_a_time_that_cannot_be_is_none(tmp_path: Path, text: str) -> None:
    found = {**document(benchmark()), "datetime": text}
    assert read_file(written(tmp_path, found)).unix_s is None
    assert imported(tmp_path, written(tmp_path, found)).created_utc > "2024"


def test_a_term_without_a_number_is_not_a_term_of_nothing(tmp_path: Path) -> None:
    energy = {**ENERGY, "net_terms_j": {"gain": None, "idle edges": 0.2}}
    path = written(tmp_path, document(benchmark(extra_info={"energy": energy})))
    figure = imported(tmp_path, path).trials[0].energy
    assert figure is not None
    assert dict(figure.terms_j) == {"idle edges": pytest.approx(0.005)}
