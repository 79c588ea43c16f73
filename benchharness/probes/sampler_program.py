"""The sampler: a child process of the harness that reads the probes at absolute deadlines.

Started as ``python -I -S`` by :mod:`benchharness.trial.sampling`: commands come as JSON lines
on stdin, frames (:mod:`benchharness.probes.wire`) leave on stdout at most once a second. When
stdin ends without ``stop`` the harness is dead, and the sampler ends the trees it was told of.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import time

from benchharness.probes import wire
from benchharness.probes.frequency import frequency
from benchharness.probes.guard import Guarded, end_trees
from benchharness.probes.network import network
from benchharness.probes.outbox import Outbox
from benchharness.probes.participant import Participant
from benchharness.probes.scheduling import favour_this_process, memory_peak_bytes, raise_file_limit
from benchharness.probes.stream import Group, Stream
from benchharness.probes.system import system_cpu, system_memory
from benchharness.probes.temperature import temperature
from benchharness.probes.throttling import throttling
from benchharness.probes.ticker import NANOSECONDS_PER_SECOND, Lateness, make_ticker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from benchharness.probes.probe import Probe

COMMANDS = 0  # stdin
FRAMES = 1  # stdout
FLUSH_NS = NANOSECONDS_PER_SECOND


class Sampler:
    """Streams, read when a tick comes; commands, obeyed between ticks."""

    def __init__(self, hz: float, sysroot: str) -> None:
        self._sysroot = sysroot.rstrip("/")
        self._period_ns = round(NANOSECONDS_PER_SECOND / hz)
        self._slow_every = max(1, round(hz))
        self._outbox = Outbox(FRAMES)
        self._lateness = Lateness()
        self._missed = self._dropped = self._unfollowed = self._streams = 0
        self._start_cpu_s = 0.0
        self._trees: dict[str, tuple[Participant, Stream]] = {}
        self._fast = Group()  # at every tick
        self._slow = Group()  # once a second
        self._input = b""
        self._stopping = False
        self._scheduling = favour_this_process()
        self._commands = {
            "add_tree": self._add_tree,
            "remove_tree": self._remove_tree,
            "flush": self._answer_flush,
            "stop": self._stop,
        }

    def open(self) -> None:
        """Open the probes of the machine and announce their streams."""
        root = self._sysroot
        fast = (system_cpu(root), system_memory(root))
        slow = (temperature(root), frequency(root), throttling(root), network(root))
        for group, name, probes in ((self._fast, "system", fast), (self._slow, "board", slow)):
            there: list[Probe] = [probe for probe in probes if probe is not None]
            if there:
                self._add_stream(group, name, there)

    def run(self) -> bool:
        """Sample until told to stop; return false when the harness went away instead."""
        deadline_ns = time.monotonic_ns()
        ticker = make_ticker(deadline_ns + self._period_ns, self._period_ns, COMMANDS)
        self._scheduling.append(ticker.method)
        self._start_cpu_s = time.process_time()
        self._outbox.put(wire.frame(wire.READY))
        flush_ns = deadline_ns + FLUSH_NS
        tick = slow_tick = 0
        while not self._stopping:
            expired, commands = ticker.wait()
            if expired:
                now_ns = time.monotonic_ns()
                tick += expired
                deadline_ns += expired * self._period_ns
                self._missed += expired - 1
                self._lateness.add(now_ns - deadline_ns)
                self._fast.capture(now_ns)
                if tick >= slow_tick:
                    slow_tick = tick + self._slow_every
                    self._slow.capture(time.monotonic_ns())
                if now_ns >= flush_ns:
                    flush_ns = now_ns + FLUSH_NS
                    self._flush()
                elif self._outbox:
                    self._outbox.push()
            if commands and not self._obey():
                return False
        return True

    def guarded(self) -> list[Guarded]:
        """Return what is known of the trees, for ending them."""
        return [participant.for_guard() for participant, _ in self._trees.values()]

    def report(self) -> None:
        """Send what waits, and the last frame."""
        self._flush()
        fields = {
            "cpu_s": time.process_time(),
            "start_cpu_s": self._start_cpu_s,
            "memory_peak_bytes": memory_peak_bytes(),
            "ticks": self._lateness.ticks,
            "missed_ticks": self._missed,
            "dropped_samples": self._dropped,
            "unfollowed_processes": self._unfollowed,
            "late_over_1ms": self._lateness.over_1ms,
            "late_p50_s": self._lateness.quantile_s(0.5),
            "late_p99_s": self._lateness.quantile_s(0.99),
            "late_max_s": self._lateness.worst_s(),
            "scheduling": ", ".join(self._scheduling),
        }
        self._outbox.put(wire.frame(wire.REPORT, json.dumps(fields).encode()))
        self._outbox.drain()

    def _obey(self) -> bool:
        """Obey the commands that have come; return false at the end of the input."""
        data = os.read(COMMANDS, 65536)
        if not data:
            return False
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            self._commands[command["command"]](command)
        return True

    def _add_tree(self, command: Mapping[str, Any]) -> None:
        self._remove_tree(command)
        participant = Participant(
            self._sysroot, command["root_pid"], command["marker"], command["groups"]
        )
        name = command["participant"]
        stream = self._add_stream(self._fast, f"tree:{name}", participant.probes)
        self._trees[name] = (participant, stream)

    def _remove_tree(self, command: Mapping[str, Any]) -> None:
        removed = self._trees.pop(command["participant"], None)
        if removed is not None:
            self._flush()
            participant, stream = removed
            self._fast.remove(stream, time.monotonic_ns())
            self._unfollowed += participant.unfollowed()
            stream.close()

    def _answer_flush(self, command: Mapping[str, Any]) -> None:
        self._flush()
        answer = json.dumps({"request": command["request"]})
        self._outbox.put(wire.frame(wire.FLUSHED, answer.encode()))

    def _stop(self, _: Mapping[str, Any]) -> None:
        self._stopping = True

    def _add_stream(self, group: Group, name: str, probes: list[Probe]) -> Stream:
        self._streams += 1
        stream = Stream(self._streams, name, probes)
        self._outbox.put(stream.announcement())
        group.add(stream, time.monotonic_ns())
        return stream

    def _flush(self) -> None:
        """Send the rows that wait; when the reader has not read for long, drop and count them."""
        now_ns = time.monotonic_ns()
        self._fast.digest(now_ns)
        self._slow.digest(now_ns)
        for stream in self._fast.streams + self._slow.streams:
            rows = stream.rows()
            data = stream.take()
            if self._outbox.is_full():
                self._dropped += rows
            elif data:
                self._outbox.put(data)


def main(configuration: str) -> int:
    """Run the sampler; return 0, or 1 if processes were left that could not be ended."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it ends when the harness says so or is gone
    raise_file_limit()
    gc.disable()  # no cycles are made here, and a collection would come in the middle of a tick
    options = json.loads(configuration)
    sampler = Sampler(options["hz"], options["sysroot"])
    try:
        sampler.open()
        if sampler.run():
            sampler.report()
            return 0
    except BrokenPipeError:
        pass  # nobody reads any more: the harness is gone, although its end of stdin is not yet
    return 0 if end_trees(sampler.guarded()) else 1
