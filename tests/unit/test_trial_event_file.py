from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.report.derive_spans import spans_of
from benchharness.store.records import EventRecord
from benchharness.trial.event_file import EventFile


@pytest.fixture
def file(tmp_path: Path) -> EventFile:
    return EventFile(tmp_path / "events", "main")


def test_lines_come_once_and_only_when_complete(file: EventFile) -> None:
    with file.path.open("a") as stream:
        stream.write('{"t_ns": 5, "event": "window", "edge": "start"}\n{"t_ns": 6, "ev')
    assert [(e.t_ns, e.kind, e.edge) for e in file.read()] == [(5, "window", "start")]
    assert file.read() == []
    with file.path.open("a") as stream:
        stream.write('ent": "metric", "name": "loss", "value": 2, "step": 7, "unit": "1"}\n')
    (metric,) = file.read()
    assert (metric.name, metric.value, metric.step, metric.unit) == ("loss", 2.0, 7, "1")


def test_a_last_line_without_newline_counts_when_the_writer_has_gone(file: EventFile) -> None:
    file.path.write_text('{"t_ns": 5, "event": "output", "name": "x", "value": [1, 2]}')
    assert file.read() == []
    (event,) = file.read(at_end=True)
    assert event.text == "[1, 2]"
    assert file.outputs == {"x": [1, 2]}


def test_a_participant_says_that_it_is_ready(file: EventFile) -> None:
    file.path.write_text('{"t_ns": 5, "event": "metric", "name": "port", "value": 80}\n')
    file.read()
    assert not file.ready
    file.path.write_text('{"t_ns": 7, "event": "ready"}\n' * 20)
    assert [(event.t_ns, event.kind) for event in file.read()][-1] == (7, "ready")
    assert file.ready


def test_a_participant_has_started_once_and_for_all_its_lives(file: EventFile) -> None:
    file.path.write_text('{"t_ns": 5, "event": "ready"}\n{"t_ns": 6, "event": "started"}\n')
    assert [(event.t_ns, event.kind) for event in file.read()] == [(5, "ready"), (6, "started")]
    file.start_again(9)
    assert (file.ready, file.started) == (False, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"event": "window", "edge": "start"}', "no t_ns"),
        ('{"t_ns": true, "event": "window", "edge": "start"}', "no t_ns"),
        ('{"t_ns": 1.5, "event": "window", "edge": "start"}', "no t_ns"),
        ('{"t_ns": 1, "event": "window"}', "neither start nor end"),
        ('{"t_ns": 1, "event": "phase", "edge": "start"}', "without a name"),
        ('{"t_ns":1,"event":"phase","edge":"end","name":"x","cpu_s":-0.1}', "cpu_s is negative"),
        ('{"t_ns":1,"event":"phase","edge":"end","name":"x","cpu_s":NaN}', "cpu_s is not finite"),
        ('{"t_ns":1,"event":"phase","edge":"end","name":"x","cpu_s":"1"}', "cpu_s is not a number"),
        ('{"t_ns":1,"event":"phase","edge":"end","name":"x","cpu_s":true}', "is not a number"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": "3"}', "not a number"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": NaN}', "not finite"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": 1e999}', "not finite"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": 1, "step": "a"}', "not an integer"),
        ('{"t_ns": 1, "event": "output", "name": "x"}', "without a name or a value"),
        ('{"t_ns": 1, "event": "party"}', "unknown event"),
        ('{"t_ns": 1, "event": "phase", "edge": "end", "name": "x", "step": 1.5}', "an integer"),
        ('{"t_ns": 1, "event": "phase", "edge": "end", "name": "x", "step": true}', "an integer"),
        (
            '{"t_ns": 1, "event": "phase", "edge": "end", "name": "x", "participant": "nobody"}',
            "not of this trial",
        ),
        (
            '{"t_ns": 1, "event": "metric", "name": "x", "value": 1, "participant": ["main"]}',
            "not of this trial",
        ),
        ('{"t_ns": 1, "event": "left_out", "text": "gone"}', "without a name or a reason"),
        ('{"t_ns": 1, "event": "left_out", "participant": "main"}', "without a name or a reason"),
        (
            '{"t_ns": 1, "event": "left_out", "participant": "client-9", "text": "gone"}',
            "not of this trial",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_cannot_be_used_is_counted_with_its_reason(
    file: EventFile, line: str, reason: str
) -> None:
    file.path.write_text(line + "\n")
    assert file.read() == []
    assert len(file.rejected) == 1
    assert reason in next(iter(file.rejected))


def test_a_line_without_end_is_bounded(file: EventFile) -> None:
    file.path.write_bytes(b"x" * 5_000_000)
    assert file.read() == []
    assert any("1 MiB" in reason for reason in file.rejected)


def write(file: EventFile, *lines: dict[str, object]) -> None:
    with file.path.open("a") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)


def span(edge: str, t_ns: int, kind: str = "phase", **fields: object) -> dict[str, object]:
    named = {"name": "train"} if kind == "phase" else {}
    return {"t_ns": t_ns, "event": kind, "edge": edge, **named, **fields}


@pytest.fixture
def server(tmp_path: Path) -> EventFile:
    return EventFile(tmp_path / "events", "main", ["main", "client-1", "client-2"])


def test_a_server_speaks_of_its_clients(server: EventFile) -> None:
    write(
        server,
        span("start", 3, participant="client-2", step=7),
        span("end", 4, participant="client-2", step=7),
        {"t_ns": 5, "event": "metric", "name": "loss", "value": 1, "participant": "client-1"},
        {"t_ns": 6, "event": "left_out", "participant": "client-1", "text": "no answer", "step": 2},
        span("start", 7, participant="main"),
        span("start", 8, kind="window", participant="client-1"),
    )
    told = [(e.t_ns, e.participant, e.kind, e.edge, e.step, e.text) for e in server.read()]
    assert told == [
        (3, "client-2", "phase", "start", 7, None),
        (4, "client-2", "phase", "end", 7, None),
        (5, "client-1", "metric", None, None, None),
        (6, "client-1", "left_out", None, 2, "no answer"),
        (7, "main", "phase", "start", None, None),
        (8, "main", "window", "start", None, None),  # a window is its writer's own
    ]
    assert server.rejected == {}


def test_the_end_of_a_phase_tells_its_cpu_time(server: EventFile) -> None:
    write(
        server,
        span("start", 3, participant="client-2", cpu_s=9.0),  # means something at an end only
        span("end", 4, participant="client-2", cpu_s=2),
        span("start", 5),
        span("end", 6, cpu_s=None),
        span("end", 7, kind="window", cpu_s=1.0),
    )
    told = [(e.edge, e.value, e.unit) for e in server.read()]
    assert told == [
        ("start", None, None),
        ("end", 2.0, "s"),
        ("start", None, None),
        ("end", None, None),
        ("end", None, None),
    ]


def test_what_a_program_was_in_ends_with_it_and_its_window_goes_on(server: EventFile) -> None:
    write(
        server,
        {"t_ns": 1, "event": "ready"},
        span("start", 2, kind="window"),
        span("start", 3, step=1),
        span("end", 4, step=1),
        span("start", 5, step=2),
        span("start", 9, participant="client-1", step=2),
    )
    server.read()
    ends = server.start_again(8)
    assert [(e.t_ns, e.participant, e.edge, e.step, e.text) for e in ends] == [
        (9, "client-1", "end", 2, "ended with the program"),  # not before it had begun
        (8, "main", "end", 2, "ended with the program"),
    ]
    assert not server.ready
    write(server, span("start", 20, kind="window"), span("start", 21, step=2))
    assert [(e.kind, e.t_ns) for e in server.read()] == [("phase", 21)]
    write(server, span("start", 22, kind="window"))  # the same program's second one
    assert [(e.kind, e.t_ns) for e in server.read()] == [("window", 22)]
    assert server.leave(30)[0].kind == "window"
    assert server.leave(40) == []


def test_a_window_that_had_ended_does_not_go_on(server: EventFile) -> None:
    write(server, span("start", 1, kind="window"), span("end", 2, kind="window"))
    server.read()
    assert server.start_again(3) == []
    write(server, span("start", 4, kind="window"))
    assert len(server.read()) == 1  # which is refused later: two windows


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
fields = st.dictionaries(
    st.sampled_from(
        ["t_ns", "event", "edge", "name", "value", "unit", "step", "participant", "text", "cpu_s"]
    ),
    json_values
    | st.sampled_from(
        ["window", "phase", "metric", "output", "left_out", "ready", "start", "end", "client-1"]
    ),
)


@given(st.lists(st.binary(max_size=40) | fields.map(lambda d: json.dumps(d).encode()), max_size=5))
def test_nothing_that_a_program_writes_raises(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes]
) -> None:
    file = EventFile(tmp_path_factory.mktemp("fuzz") / "events", "main")
    file.path.write_bytes(b"\n".join(data))
    events = file.read(at_end=True)
    file.close()
    written = sum(bool(line.strip()) for line in b"\n".join(data).split(b"\n"))
    assert len(events) + sum(file.rejected.values()) == written


spans = st.builds(
    span,
    st.sampled_from(["start", "end"]),
    st.integers(0, 50),
    st.sampled_from(["phase", "phase", "window"]),
    name=st.sampled_from(["train", "upload"]),
    participant=st.sampled_from(["main", "client-1"]),
    step=st.none() | st.integers(0, 3),
)


@given(st.lists(st.lists(spans, max_size=12), min_size=1, max_size=4))
def test_every_span_of_an_ended_life_has_its_end(
    tmp_path_factory: pytest.TempPathFactory, lives: list[list[dict[str, object]]]
) -> None:
    file = EventFile(tmp_path_factory.mktemp("lives") / "events", "main", ["main", "client-1"])
    events: list[EventRecord] = []
    for number, life in enumerate(lives, 1):
        write(file, *life)
        events += file.read(at_end=True)
        events += file.leave(60) if number == len(lives) else file.start_again(60)
        if number < len(lives):
            assert all(s.end_ns is not None for s in spans_of(events) if s.name != "window")
    file.close()
    found = spans_of(events)
    assert all(s.end_ns is not None and s.end_ns >= s.start_ns for s in found if s.end_ns == 60)
    assert all(s.end_ns is not None for s in found)
    assert sum(e.kind == "phase" and e.edge == "start" for e in events) == sum(
        s.name != "window" for s in found
    )


@given(st.lists(spans, max_size=8), st.lists(st.integers(0, 400), max_size=6))
def test_it_does_not_matter_where_the_writer_pauses(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]], cuts: list[int]
) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    folder = tmp_path_factory.mktemp("cut")
    whole = EventFile(folder / "whole", "main", ["client-1"])
    whole.path.write_text(text)
    pieces = EventFile(folder / "pieces", "main", ["client-1"])
    read: list[EventRecord] = []
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for begin, end in pairwise(edges):
        with pieces.path.open("a") as stream:
            stream.write(text[begin:end])
        read += pieces.read()
    assert read == whole.read()
    whole.close()
    pieces.close()
