"""show, report, compare and export on a real results file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.store.records import EventRecord
from tests.unit.derive_store import Trial, at, campaign

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    phase = [
        EventRecord(at(1.0), "main", "phase", edge="start", name="multiply"),
        EventRecord(at(11.0), "main", "phase", edge="end", name="multiply"),
    ]
    campaign(
        tmp_path,
        {
            "native": [Trial(busy_w=w, events=phase) for w in (8.0, 8.1, 7.9)],
            "wasmtime": [Trial(duration_s=30.0, busy_w=w) for w in (8.0, 8.1, 7.9)],
        },
        overhead={"cpu_share_of_a_core": 0.002},
    ).close()

    def command(*words: str) -> tuple[int, str, str]:
        code = main([words[0], "--results", str(tmp_path / "results.db"), *words[1:]])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_show_prints_for_people_on_stderr(run: Run) -> None:
    code, out, err = run("show", "last")
    assert (code, out) == (0, "")
    assert err.startswith("a title: native uses the least net energy")
    assert "• lowest" in err
    assert "▲ higher" in err


def test_show_json_is_one_document_on_stdout(run: Run) -> None:
    code, out, err = run("show", "0bad", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["campaign"] == "0badcafe"
    assert len(document["trials"]) == 6
    # 20 s at 8 W less 3 W of idle
    assert document["variants"][0]["metrics"]["energy_net_j"]["mean"] == pytest.approx(
        100, rel=0.02
    )


def test_report_writes_html_here_without_being_told_where(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("report", "last")
    assert (code, out) == (0, "benchharness-0badcafe.html\n")
    text = (tmp_path / "benchharness-0badcafe.html").read_text(encoding="utf-8")
    assert "native uses the least net energy" in text
    assert 'id="full' in text
    assert 'id="small' in text
    assert "multiply" in text


def test_report_writes_every_format_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "report", "last", "--latex", "t.tex", "--markdown", "t.md", "--csv", "c", "--html", "r.html"
    )
    assert code == 0
    assert out.split() == [
        "t.tex",
        "t.md",
        "c/trials.csv",
        "c/variants.csv",
        "c/energy.csv",
        "r.html",
    ]
    assert all((tmp_path / name).is_file() for name in out.split())
    code, out, _ = run("report", "last", "--markdown", "only.md")
    assert out.split() == ["only.md"]


def test_show_and_report_tell_what_the_joules_rest_on(run: Run, tmp_path: Path) -> None:
    code, _, err = run("show", "last", "--budget")
    assert code == 0
    assert "net energy of one run of native" in err
    assert "combined, u_c" in err
    assert "coverage" in err
    code, out, _ = run("report", "last", "--latex-budget", "b.tex")
    assert (code, out) == (0, "b.tex\n")
    assert "u_c" in (tmp_path / "b.tex").read_text(encoding="utf-8")


def test_report_opens_the_page(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run("report", "last", "--open", "--html", "r.html")
    assert opened == [(tmp_path / "r.html").as_uri()]


def test_compare_levels_of_a_factor(run: Run) -> None:
    code, out, err = run("compare", "last", "--by", "runtime")
    assert (code, out) == (0, "")
    assert err.startswith("wasmtime uses 50 % more net energy than native")
    code, out, _ = run("compare", "last", "--by", "runtime", "--json")
    assert json.loads(out)["pairs"][0]["metrics"]["duration_s"]["ratio"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("show", "ffff"), "ffff"),
        (("compare", "last", "last", "--by", "runtime"), "stands beside --by"),
        (("compare", "last", "--margin", "2 J"), "which is in J"),
        (("compare", "last", "--baseline", "runtme=native"), "did you mean 'runtime'?"),
        (("compare", "last", "last"), "twice"),
        (("compare", "last", "--by", "runtim"), "did you mean 'runtime'?"),
        (("report", "last", "--html", "results.db/x.html"), "cannot write the report"),
        (("export", "last", "--json", "none/x.json"), "cannot write JSON"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    run: Run, words: tuple[str, ...], complaint: str
) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_results_file_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["show"], ["report"], ["export", "--csv", "x"], ["compare", "--by", "n"]):
        assert main([*command, "last", "--results", str(tmp_path / "no.db")]) == 2
    assert not (tmp_path / "no.db").exists()
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_export_csv_has_every_observation_and_event(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("export", "last", "--csv", "raw")
    assert code == 0
    assert out == "raw (10 files)\n"
    with (tmp_path / "raw" / "observations" / "run0001-meter-plug-1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 88  # 44 s, two readings a second
    assert {r["energy_j"] for r in rows} == {""}
    inside = [float(r["power_w"]) for r in rows if 0 <= float(r["window_s"]) < 20]
    assert set(inside) == {8.0}
    with (tmp_path / "raw" / "events.csv").open() as file:
        assert sum(r["name"] == "multiply" for r in csv.DictReader(file)) == 6


def test_export_json_is_the_document_with_observations_in_it(run: Run, tmp_path: Path) -> None:
    run("export", "last", "--json", "raw.json")
    document = json.loads((tmp_path / "raw.json").read_text(encoding="utf-8"))
    assert document["campaign"] == "0badcafe"
    assert len(document["observations"]) == 6
    stream = document["observations"][0]
    assert stream["units"] == {"power_w": "W", "energy_j": "J"}
    assert len(stream["t_ns"]) == len(stream["channels"]["power_w"]) == 88
    assert stream["channels"]["energy_j"][0] is None
    assert sum(e["name"] == "multiply" for e in document["events"]) == 6
