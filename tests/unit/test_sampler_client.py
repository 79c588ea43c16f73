from __future__ import annotations

import json
import math
import subprocess
import sys
from array import array
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchharness.errors import UsageError
from benchharness.model import Channel
from benchharness.probes import wire
from benchharness.trial.sampler_frames import FrameReader, SamplerReport
from benchharness.trial.sampling import Sampler, _group_folders

PACKAGE_PARENT = Path(__file__).parents[2]
REPORT = {
    "cpu_s": 1.5,
    "start_cpu_s": 0.5,
    "memory_peak_bytes": None,
    "ticks": 10,
    "missed_ticks": 1,
    "dropped_samples": 0,
    "unfollowed_processes": 0,
    "late_over_1ms": 2,
    "late_p50_s": 1e-5,
    "late_p99_s": 1e-3,
    "late_max_s": 2e-3,
    "scheduling": "nice 0",
}


def as_json(kind: int, fields: object) -> bytes:
    return wire.frame(kind, json.dumps(fields).encode())


def announce(number: int, name: str, *channels: str) -> bytes:
    fields = {
        "number": number,
        "name": name,
        "channels": [[channel, "s"] for channel in channels],
        "meta": {"cpu": "somehow"},
    }
    return as_json(wire.STREAM, fields)


@pytest.mark.parametrize("hz", [0.0, -1.0, 0.001, 1001.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_sampled_is_refused_in_one_line(hz: float) -> None:
    with pytest.raises(UsageError) as caught:
        Sampler(hz)
    assert caught.value.exit_code == 2
    assert "--probe-hz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_batches_carry_the_channels_that_were_announced() -> None:
    frames = FrameReader()
    frames.feed(announce(1, "system", "cpu_s", "cpu0_s") + announce(2, "tree:main", "cpu_s"))
    frames.feed(wire.batch(2, array("q", [5]), array("d", [0.5])))
    frames.feed(wire.batch(1, array("q", [6, 7]), array("d", [1, 2, 3, math.nan])))
    tree, system = frames.take_batches()
    assert (tree.stream, list(tree.times_ns), list(tree.columns[0])) == ("tree:main", [5], [0.5])
    assert system.channels == (Channel("cpu_s", "s"), Channel("cpu0_s", "s"))
    assert system.meta == {"cpu": "somehow"}
    assert list(system.columns[0]) == [1, 3]
    assert math.isnan(system.columns[1][1])
    assert frames.take_batches() == []


def test_a_participant_that_comes_again_is_another_stream() -> None:
    frames = FrameReader()
    frames.feed(announce(1, "tree:main", "cpu_s"))
    frames.feed(announce(2, "tree:main", "cpu_s", "memory_bytes"))
    frames.feed(wire.batch(1, array("q", [5]), array("d", [1])))
    frames.feed(wire.batch(2, array("q", [6]), array("d", [1, 2])))
    assert [len(batch.channels) for batch in frames.take_batches()] == [1, 2]


def test_answers_and_the_report_arrive_byte_by_byte() -> None:
    frames = FrameReader()
    data = wire.frame(wire.READY) + as_json(wire.FLUSHED, {"request": 3})
    for byte in data + as_json(wire.REPORT, REPORT):
        frames.feed(bytes([byte]))
    assert frames.is_ready
    assert frames.answered == 3
    assert frames.report == SamplerReport(**REPORT)  # type: ignore[arg-type]


def test_groups_may_be_a_mapping_or_any_object() -> None:
    folders = {"cpu": "/a", "kill": "/b"}
    assert _group_folders(None) == {}
    assert _group_folders({**folders, "memory": None, "else": 1}) == folders
    assert _group_folders(SimpleNamespace(cpu=Path("/a"), kill="/b", version=1)) == folders
    assert _group_folders(SimpleNamespace()) == {}


def test_a_sampler_that_was_not_started_says_so() -> None:
    sampler = Sampler(10)
    for use in (sampler.fileno, lambda: sampler.remove_tree("main"), sampler.flush):
        with pytest.raises(RuntimeError, match="not been started"):
            use()
    assert sampler.receive() == []
    assert sampler.stop() is None


def test_the_sampler_imports_little() -> None:
    # dataclasses, typing, pathlib and subprocess would cost it megabytes and milliseconds.
    program = (
        "import sys; sys.path.append(sys.argv[1]);"
        "import benchharness.probes.sampler_program;"
        "print(' '.join(sys.modules))"
    )
    arguments = [sys.executable, "-I", "-S", "-c", program, str(PACKAGE_PARENT)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    modules = set(run.stdout.split())
    assert "benchharness.probes.tree" in modules
    heavy = {"dataclasses", "inspect", "typing", "pathlib", "subprocess", "threading", "socket"}
    assert not modules & heavy
