"""benchharness.measure in this process: with blocks, functions, coroutines, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import benchharness
from benchharness import Measurement
from benchharness.api import recording
from benchharness.errors import BenchharnessError, MeterError, ResultsFileError, UsageError
from benchharness.model import Capabilities, Reading, Status
from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from benchharness.trial.equip import Rest
from tests.unit.flat_meter import FlatMeter


class SlowMeter(FlatMeter):
    """Powers only, once a second, as late as that: it cannot see a short block."""

    def capabilities(self) -> Capabilities:
        able = super().capabilities()
        return replace(able, has_counter=False, period_s=1.0, latency_bound_s=1.0)

    def _reading(self, t_ns: int) -> Reading:
        return Reading(t_ns, self.power_w)


@pytest.fixture(autouse=True)
def no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rest as long as is asked for; what is chosen is tested with the command line."""
    monkeypatch.setattr(recording, "rest_for", lambda _meters, idle_s: Rest(0.1, idle_s or 0.0))


def test_importing_the_package_brings_the_standard_library_only() -> None:
    code = (
        "import sys; old = set(sys.modules); import benchharness; "
        "new = {m for m in set(sys.modules) - old if not m.startswith('benchharness')}; "
        "print(new <= sys.stdlib_module_names, 'measure' in dir(benchharness), "
        "'benchharness.api' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        benchharness.nothing  # noqa: B018


@pytest.mark.alone
@pytest.mark.slow
def test_joules_of_a_known_load_are_power_times_time() -> None:
    meter = FlatMeter(10.0)
    with benchharness.measure("flat", meter=meter, idle_s=0.3) as m:
        time.sleep(0.6)
    assert m.energy is not None
    gross, net = m.energy.gross_j, m.energy.net_j
    assert gross.value == pytest.approx(10.0 * m.duration_s, rel=1e-3)
    assert net is not None
    assert net.value == pytest.approx(0.0, abs=1e-3)  # at rest it draws as much
    # The gain is a rectangle of ±1 %, of which 95 % are 1.96 / sqrt(3); the rest is small here.
    gain_j = 0.01 * gross.value * 1.96 / math.sqrt(3)
    assert gross.expanded_u is not None
    assert gain_j < gross.expanded_u < 1.1 * gain_j
    assert m.power_w == pytest.approx(10.0, rel=1e-3)
    assert m.duration_s == pytest.approx(0.6, abs=0.1)
    assert meter.opened == 0
    assert str(m).startswith("flat: ")
    assert "measured by flat" in str(m)
    assert m.as_dict()["energy_gross_j"] == gross.value


@pytest.mark.alone
def test_cpu_and_memory_are_of_the_block() -> None:
    with benchharness.measure("work", meter="none") as m:
        end = time.process_time() + 0.2
        block = bytearray(64 << 20)
        while time.process_time() < end:
            pass
    assert m.cpu_s == pytest.approx(0.2, abs=0.1)
    assert m.memory_peak_bytes is not None
    assert m.memory_peak_bytes >= len(block)
    assert m.energy is None
    assert m.energy_missing == "no meter was used"


def test_a_function_is_repeated_inside_its_window() -> None:
    calls: list[int] = []
    told: list[Measurement] = []

    @benchharness.measure("five", meter=FlatMeter(20.0), idle_s=0, repeat=5, tell=told.append)
    def work(value: int) -> int:
        calls.append(value)
        time.sleep(0.05)
        return value

    assert work(7) == 7
    assert calls == [7] * 5
    (m,) = told
    assert m is work.measurement  # type: ignore[attr-defined]
    each = m.per_call_j()
    assert each is not None
    assert each.value == pytest.approx(20.0 * m.duration_s / 5, rel=1e-3)
    assert "for 5 calls" in str(m)
    assert "no-idle" not in {caution.code for caution in m.cautions}


def test_a_decorated_function_keeps_its_name_and_signature() -> None:
    @benchharness.measure(meter="none")
    def named(a: int, *, b: int = 2) -> int:
        """Say so."""
        return a + b

    assert named(1) == 3
    assert (named.__name__, named.__doc__) == ("named", "Say so.")
    assert named.measurement.label.endswith("named")  # type: ignore[attr-defined]
    bare = benchharness.measure(len)
    assert bare.__name__ == "len"


def test_an_error_in_the_block_comes_out_and_the_figures_are_there() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        benchharness.measure("wrong", meter=FlatMeter(), idle_s=0.2) as m,
    ):
        time.sleep(0.3)
        _ = 1 / 0
    assert m.trial.status is Status.FAILED
    assert m.trial.reason == "ZeroDivisionError: division by zero"
    assert m.energy is not None
    assert m.energy.gross_j.value == pytest.approx(10.0 * m.duration_s, rel=1e-3)
    assert "ZeroDivisionError" in str(m)


@pytest.mark.alone
@pytest.mark.slow
def test_ctrl_c_in_the_block_does_not_rest() -> None:
    began = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        benchharness.measure("stopped", meter=FlatMeter(), idle_s=0.5) as m,
    ):
        raise KeyboardInterrupt
    assert time.monotonic() - began < 1.2  # the rest before, and none after
    assert m.trial.status is Status.INVALID


@pytest.mark.slow
@pytest.mark.alone
def test_a_meter_that_fails_in_the_middle_leaves_the_time_and_says_so() -> None:
    meter = FlatMeter(fails_after_s=0.5)
    with benchharness.measure("unplugged", meter=meter, idle_s=0) as m:
        time.sleep(1.5)
    assert m.duration_s == pytest.approx(1.5, abs=0.2)
    assert m.energy is None
    assert m.energy_missing is not None
    assert m.energy_missing.endswith("meter flat failed: flat: was unplugged")
    assert meter.opened == 0


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"meter": "nope"}, UsageError, "unknown meter 'nope'"),
        ({"meter": "tasmota:mqtt://127.0.0.1:1/plug"}, MeterError, "127.0.0.1:1"),
        ({"meter": "none", "results": "/proc/version"}, ResultsFileError, "/proc/version"),
        ({"meter": 3}, UsageError, "expected a name or a meter, got int"),
        ({"meter": ["none", FlatMeter()]}, UsageError, "names or meters, not both"),
        ({"idle_s": -1}, UsageError, "expected seconds, 0 or more, got -1"),
        ({"idle_s": math.nan}, UsageError, "got nan"),
        ({"repeat": 0}, UsageError, "expected 1 or more, got 0"),
        ({"repeat": 2}, UsageError, "a with block cannot be repeated"),
    ],
)
def test_what_cannot_begin_says_why_in_one_line_and_leaves_nothing_behind(
    arguments: dict[str, object], kind: type[BenchharnessError], words: str
) -> None:
    with (
        pytest.raises(kind) as caught,
        benchharness.measure("x", **arguments),  # type: ignore[call-overload]
    ):
        raise AssertionError("it must not begin")
    assert words in caught.value.line()
    with benchharness.measure("next", meter="none"):
        pass


def test_two_at_once_are_refused_and_the_first_goes_on() -> None:
    with benchharness.measure("outer", meter="none") as m:
        with (
            pytest.raises(UsageError, match="'outer' is being measured"),
            benchharness.measure("inner", meter="none"),
        ):
            pass
        errors: list[BaseException] = []

        def other() -> None:
            try:
                with benchharness.measure("thread", meter="none"):
                    pass
            except UsageError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert len(errors) == 1
    assert m.trial.status is Status.OK


def test_a_fork_in_the_block_has_nothing_to_end() -> None:
    code = (
        "import os, benchharness\n"
        "with benchharness.measure('a', meter='none') as m:\n"
        "    pid = os.fork()\n"
        "    if pid: os.waitpid(pid, 0)\n"
        "if not pid:\n"
        "    with benchharness.measure('b', meter='none') as n: pass\n"
        "    os._exit(0)\n"
        "print(m.label, m.duration_s > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["a", "True"]


def test_generators_are_refused_with_the_remedy() -> None:
    def steps() -> Iterator[int]:
        yield 1

    with pytest.raises(UsageError, match="with block"):
        benchharness.measure(steps)


def test_figures_are_not_there_before_the_end() -> None:
    with benchharness.measure("early", meter="none") as m:
        assert str(m) == "early: not measured yet"
        with pytest.raises(UsageError, match="has not ended"):
            _ = m.duration_s


@pytest.mark.slow
@pytest.mark.alone
def test_coroutines_and_asynchronous_blocks_leave_the_loop_to_others() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.02)
            beats += 1

    @benchharness.measure(meter=FlatMeter(5.0), idle_s=0.3)
    async def work() -> int:
        await asyncio.sleep(0.3)
        return 9

    async def main() -> Measurement:
        beating = asyncio.create_task(beat())
        assert await work() == 9
        async with benchharness.measure("block", meter="none") as m:
            await asyncio.sleep(0.05)
        with benchharness.measure("in a notebook", meter="none"):  # a loop runs: it blocks it
            pass
        beating.cancel()
        return m

    assert asyncio.run(main()).duration_s == pytest.approx(0.05, abs=0.04)
    measured: Measurement = work.measurement  # type: ignore[attr-defined]
    assert measured.energy is not None
    assert measured.energy.gross_j.value == pytest.approx(5.0 * measured.duration_s, rel=1e-3)
    assert beats > 20  # also while the machine rested


def test_a_cancelled_task_frees_the_process() -> None:
    async def work() -> None:
        async with benchharness.measure("cancelled", meter=FlatMeter(), idle_s=5.0):
            raise AssertionError("it still rests")

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not any(thread.name == "benchharness" for thread in threading.enumerate()):
                break
        async with benchharness.measure("next", meter="none"):
            pass

    asyncio.run(main())


def test_results_are_a_campaign_with_a_variant_for_each_label(tmp_path: Path) -> None:
    results = tmp_path / "results.db"
    for n in (1, 2, 1):
        with benchharness.measure("loop", factors={"n": n}, meter="none", results=results) as m:
            time.sleep(0.01 * n)
    with (
        pytest.raises(ValueError, match="bad"),
        benchharness.measure("other", meter="none", results=results),
    ):
        raise ValueError("bad <b>&</b>\nand a second line")
    with Store.open(results, create=False) as store:
        summary = derive_campaign(store, "last")
        assert not store.is_running(summary.campaign_id)
    assert summary.campaign_id == m.campaign_id
    assert summary.state == "done"
    assert [(v.label, v.trials) for v in summary.variants] == [
        ("loop n=1", 2),
        ("loop n=2", 1),
        ("other", 1),
    ]
    assert summary.trials[3].reason == "ValueError: bad <b>&</b> and a second line"
    assert {trial.workload for trial in summary.trials} == {"python"}
    results.unlink()
    with benchharness.measure("again", meter="none", results=results):
        pass
    with Store.open(results, create=False) as store:
        assert len(store.trials(store.campaign("last").id)) == 1


def test_a_short_block_says_how_often_to_repeat_it() -> None:
    with benchharness.measure("short", meter=SlowMeter(), idle_s=0) as m:
        time.sleep(0.02)
    assert m.energy is None
    assert m.energy_missing is not None
    # Ten readings of 1 s over blocks of 20 ms: about 500 times.
    assert "@measure(repeat=" in m.energy_missing
    count = int(m.energy_missing.partition("repeat=")[2].partition(")")[0])
    assert count == math.ceil(10.0 / m.duration_s)


def test_nothing_is_left_in_the_temporary_folders() -> None:
    with benchharness.measure("clean", meter="none"):
        (during,) = _scratch_folders()
    assert during not in _scratch_folders()


def _scratch_folders() -> list[Path]:
    """Return those of this process: a file in it is open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found.add(each.readlink().parent)
    return sorted(folder for folder in found if folder.name.startswith("benchharness-measure-"))
