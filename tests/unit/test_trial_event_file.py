from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": "3"}', "not a number"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": NaN}', "not finite"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": 1e999}', "not finite"),
        ('{"t_ns": 1, "event": "metric", "name": "x", "value": 1, "step": "a"}', "not an integer"),
        ('{"t_ns": 1, "event": "output", "name": "x"}', "without a name or a value"),
        ('{"t_ns": 1, "event": "party"}', "unknown event"),
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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
fields = st.dictionaries(
    st.sampled_from(["t_ns", "event", "edge", "name", "value", "unit", "step"]),
    json_values | st.sampled_from(["window", "phase", "metric", "output", "start", "end"]),
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
