"""What plugs cost the process that reads them, through a real broker on this machine.

A thousand plugs that each send a message a second, and one that is asked once a second. The
plugs are another process, and so is the broker; the CPU time is this process's own, all threads.
BENCHHARNESS_BENCH_S shortens the 30 s of each; in the test suite, where nothing is benchmarked,
they are short anyway.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.integration.bulk import bulk_plugs, open_meters, stop
from tests.integration.mqtt_broker import Mosquitto, configure, free_port

pytestmark = [pytest.mark.slow, pytest.mark.broker, pytest.mark.alone]

PLUGS = 1000
MOST_PERCENT_FOR_ALL = 40.0
MOST_PERCENT_FOR_ONE = 0.3


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    started = Mosquitto(tmp_path, free_port())
    configure(started)
    started.start()
    yield started
    started.kill()


def duration_s(benchmark: BenchmarkFixture) -> float:
    return float(os.environ.get("BENCHHARNESS_BENCH_S", "30" if benchmark.enabled else "2"))


def test_a_thousand_plugs_at_a_message_a_second(
    benchmark: BenchmarkFixture, broker: Mosquitto
) -> None:
    plugs = PLUGS if benchmark.enabled else 100
    length_s = duration_s(benchmark)
    with bulk_plugs(broker, plugs, 1.0) as process, open_meters(broker, plugs, 0) as watched:
        cpu_s = benchmark.pedantic(watched.watch, args=(length_s,), rounds=1)
        sent = stop(process)
        time.sleep(1.0)  # the last ones are on their way
        watched.take()
    read = sum(len(numbers) for numbers in watched.numbers)
    percent = 100 * cpu_s / length_s
    benchmark.extra_info.update(
        plugs=plugs,
        readings=read,
        lost=watched.missing(sent),
        percent_of_a_core=round(percent, 1),
        microseconds_a_message=round(1e6 * cpu_s / (plugs * length_s)),
    )
    assert watched.missing(sent) == 0
    assert read >= plugs * (length_s - 1)
    if benchmark.enabled:
        assert percent <= MOST_PERCENT_FOR_ALL


def test_one_plug_that_is_asked_once_a_second(
    benchmark: BenchmarkFixture, broker: Mosquitto
) -> None:
    length_s = duration_s(benchmark)
    with bulk_plugs(broker, 1, 0.0) as process, open_meters(broker, 1, 1.0) as watched:
        cpu_s = benchmark.pedantic(watched.watch, args=(length_s,), rounds=1)
        stop(process)
    percent = 100 * cpu_s / length_s
    benchmark.extra_info.update(
        readings=len(watched.numbers[0]), percent_of_a_core=round(percent, 3)
    )
    assert len(watched.numbers[0]) >= length_s - 1
    if benchmark.enabled:
        assert percent <= MOST_PERCENT_FOR_ONE
