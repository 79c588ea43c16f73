"""The line in which a guest says what it has done, and where its phases land."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness import events
from wasm_modules.hosts import guest_report
from wasm_modules.hosts.guest_report import GuestReport, Phase, ReportError, parse

LINE = {
    "outputs": {"checksum": "f00d", "rows": [1, 2]},
    "metrics": {"gflops": [7.5, "GFLOP/s"], "steps": [3, "1"]},
    "phases": [["fill", 0, 120], ["multiply", 120, 900]],
    "clock_ns": 950,
}


def encoded(body: object) -> bytes:
    return json.dumps({"benchharness": body}).encode()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "events.jsonl"
    monkeypatch.setenv(events.ENVIRONMENT_VARIABLE, str(path))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_report_is_read_whole() -> None:
    assert parse(encoded(LINE)) == GuestReport(
        outputs={"checksum": "f00d", "rows": [1, 2]},
        metrics={"gflops": (7.5, "GFLOP/s"), "steps": (3.0, "1")},
        phases=(Phase("fill", 0, 120), Phase("multiply", 120, 900)),
        clock_ns=950,
    )


def test_all_but_the_clock_may_be_left_out() -> None:
    assert parse(encoded({"clock_ns": 1})) == GuestReport({}, {}, (), 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"clock_ns": None}, "clock_ns is not a number"),
        ({"clock_ns": -1}, "clock_ns is not a number"),
        ({"clock_ns": True}, "clock_ns is not a number"),
        ({"clock_ns": 1.5}, "clock_ns is not a number"),
        ({"outputs": []}, "outputs is not an object"),
        ({"metrics": [1]}, "metrics is not an object"),
        ({"metrics": {"a": 1}}, "metric 'a' is not"),
        ({"metrics": {"a": [float("nan"), "1"]}}, "metric 'a' is not"),
        ({"metrics": {"a": ["1", "1"]}}, "metric 'a' is not"),
        ({"metrics": {"a": [True, "1"]}}, "metric 'a' is true or false"),
        ({"phases": {}}, "phases is not a list"),
        ({"phases": [["a", 1]]}, "a phase is not"),
        ({"phases": [["", 1, 2]]}, "a phase is not"),
        ({"phases": [["a", 2, 1]]}, "goes back in time"),
        ({"phases": [["a", 1, 3], ["b", 2, 4]]}, "goes back in time"),
    ],
)
def test_what_is_wrong_with_a_report_is_said(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ReportError, match=reason):
        parse(encoded({**LINE, **change}))


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b'{"benchharness":', b"\xff", b"3"])
def test_what_is_no_report_is_refused(line: bytes) -> None:
    with pytest.raises(ReportError):
        parse(line)


@given(st.binary() | st.text().map(lambda text: encoded({"clock_ns": 1, "outputs": text})))
def test_nothing_but_a_report_error_is_raised(line: bytes) -> None:
    with pytest.raises(ReportError):
        parse(line)


def test_phases_land_on_the_clock_of_the_harness(written: Path) -> None:
    guest_report.emit(parse(encoded(LINE)), start_ns=10_000, end_ns=11_000)
    lines = read(written)
    assert [(e["t_ns"], e.get("edge"), e.get("name")) for e in lines if e["event"] == "phase"] == [
        (10_050, "start", "fill"),
        (10_170, "end", "fill"),
        (10_170, "start", "multiply"),
        (10_950, "end", "multiply"),
    ]
    assert {e["name"]: e["value"] for e in lines if e["event"] == "metric"} == {
        "gflops": 7.5,
        "steps": 3.0,
    }
    assert {e["name"]: e["value"] for e in lines if e["event"] == "output"} == LINE["outputs"]


@given(
    st.lists(st.integers(0, 10**12), min_size=2, max_size=8),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)
def test_phases_never_leave_the_run(instants: list[int], clock_ns: int, length_ns: int) -> None:
    edges = sorted(instants)
    pairs = zip(edges[::2], edges[1::2], strict=False)
    phases = tuple(Phase(f"p{i}", start, end) for i, (start, end) in enumerate(pairs))
    seen: list[int] = []
    start_ns, end_ns = 5 * 10**12, 5 * 10**12 + length_ns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "emit", lambda _event, **fields: seen.append(fields["t_ns"]))
        guest_report.emit(GuestReport({}, {}, phases, clock_ns), start_ns, end_ns)
    assert seen == sorted(seen)
    assert all(start_ns <= t_ns <= end_ns for t_ns in seen)


def test_the_window_ends_when_the_guest_did_also_if_it_fails(written: Path) -> None:
    with pytest.raises(RuntimeError), guest_report.run_window() as run:
        run.end_ns = run.start_ns + 5
        raise RuntimeError
    lines = read(written)
    assert [(e["event"], e["edge"]) for e in lines] == [
        ("window", "start"),
        ("phase", "start"),
        ("phase", "end"),
        ("window", "end"),
    ]
    assert lines[-1]["t_ns"] == lines[-2]["t_ns"] == run.start_ns + 5
