"""The sampler: a child process of the harness that reads the probes at absolute deadlines.

Started as ``python -I -S`` by :mod:`benchharness.trial.sampling`: commands come as JSON lines
on stdin, frames (:mod:`benchharness.probes.wire`) leave on stdout at most once a second. When
stdin ends without ``stop`` the harness is dead, and the sampler ends the trees it was told of.
"""

from __future__ import annotations

import fcntl
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
from benchharness.probes.ticker import NANOSECONDS_PER_SECOND, Punctuality, make_ticker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from benchharness.probes.probe import Probe

COMMANDS = 0  # stdin
FRAMES = 1  # stdout
FLUSH_NS = NANOSECONDS_PER_SECOND
SETTLE_TICKS = 16  # parsed together at the most: at 1 kHz that must fit between two ticks


class HarnessGoneError(Exception):
    """The commands have ended without ``stop``: the harness is dead."""


class StopAskedError(Exception):
    """The command ``stop`` has come."""


class Sampler:
    """Streams, read when a tick comes; commands, obeyed between ticks.

    A tick only reads. What was read is parsed, counted and sent when the sampler *settles*, at
    most once a second at 10 Hz; commands come by signal, so that a tick need not look for them.
    """

    def __init__(self, hz: float, sysroot: str) -> None:
        self._sysroot = sysroot.rstrip("/")
        self._period_ns = round(NANOSECONDS_PER_SECOND / hz)
        self._outbox = Outbox(FRAMES)
        self._dropped = self._unfollowed = self._streams = 0
        self._start_cpu_s = 0.0
        self._participants: dict[str, tuple[Participant, Stream]] = {}
        self._claimed: set[int] = set()
        self._fast = Group()  # at every tick
        self._slow = Group()  # once a second
        self._ticks: list[tuple[int, int]] = []  # (time, deadlines passed) since the last settling
        self._harness = os.getppid()
        self._input = b""
        self._between_ticks = self._input_waits = False
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
        fast = (system_cpu(root),)
        # What the machine has left changes slowly, and what a program takes is read at each tick.
        slow = (
            system_memory(root),
            temperature(root),
            frequency(root),
            throttling(root),
            network(root),
        )
        for group, name, probes in ((self._fast, "system", fast), (self._slow, "board", slow)):
            there: list[Probe] = [probe for probe in probes if probe is not None]
            if there:
                self._add_stream(group, name, there)
        first_ns = time.monotonic_ns() + self._period_ns
        self._ticker = make_ticker(first_ns, self._period_ns)
        self._punctuality = Punctuality(first_ns, self._period_ns)
        self._settle_ns = self._flush_ns = first_ns
        self._scheduling.append(self._ticker.method)

    def run(self) -> NoReturn:
        """Sample until StopAskedError or HarnessGoneError."""
        self._listen()
        self._start_cpu_s = time.process_time()
        self._outbox.put(wire.frame(wire.READY))
        while True:
            self._between_ticks = True
            if self._input_waits:
                self._obey()
            expired = self._ticker.wait()
            self._between_ticks = False
            now_ns = time.monotonic_ns()
            self._fast.capture(now_ns)
            self._ticks.append((now_ns, expired))
            if now_ns >= self._settle_ns or len(self._ticks) >= SETTLE_TICKS:
                self._settle(now_ns)

    def guarded(self) -> list[Guarded]:
        """Return what is known of the trees, for ending them; none of those in a recorded /proc."""
        return (
            []
            if self._sysroot
            else [participant.for_guard() for participant, _ in self._participants.values()]
        )

    def report(self) -> None:
        """Send what waits, and the last frame."""
        self._flush()
        fields = {
            "cpu_s": time.process_time(),
            "start_cpu_s": self._start_cpu_s,
            "memory_peak_bytes": memory_peak_bytes(),
            "ticks": self._punctuality.ticks,
            "missed_ticks": self._punctuality.missed,
            "dropped_samples": self._dropped,
            "unfollowed_processes": self._unfollowed,
            "late_over_1ms": self._punctuality.over_1ms,
            "late_p50_s": self._punctuality.quantile_s(0.5),
            "late_p99_s": self._punctuality.quantile_s(0.99),
            "late_max_s": self._punctuality.worst_s(),
            "scheduling": ", ".join(self._scheduling),
        }
        self._outbox.put(wire.frame(wire.REPORT, json.dumps(fields).encode()))
        self._outbox.drain()

    def _settle(self, now_ns: int) -> None:
        """Parse what was read; once a second also read the slow streams and send everything."""
        if now_ns >= self._flush_ns:
            self._flush_ns = now_ns + FLUSH_NS
            self._slow.capture(now_ns)
            self._flush()
            self._input_waits = True  # in case that a signal was lost
            if os.getppid() != self._harness:  # a fork of it may still hold our stdin open
                raise HarnessGoneError
        else:
            self._digest()
            self._outbox.push()
        self._settle_ns = min(self._flush_ns, self._fast.renew_ns)

    def _digest(self) -> None:
        for t_ns, expired in self._ticks:
            self._punctuality.add(t_ns, expired)
        self._ticks.clear()
        now_ns = time.monotonic_ns()
        self._fast.digest(now_ns)
        self._slow.digest(now_ns)

    def _flush(self) -> None:
        """Send the rows that wait; when the reader has not read for long, drop and count them."""
        self._digest()
        for stream in self._fast.streams + self._slow.streams:
            rows = stream.rows()
            data = stream.take()
            if self._outbox.is_full():
                self._dropped += rows
            elif data:
                self._outbox.put(data)

    def _listen(self) -> None:
        """Have the kernel signal each command, and the end of the commands."""
        signal.signal(signal.SIGIO, self._on_input)
        fcntl.fcntl(COMMANDS, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(COMMANDS, fcntl.F_GETFL)
        fcntl.fcntl(COMMANDS, fcntl.F_SETFL, flags | os.O_NONBLOCK | os.O_ASYNC)
        self._input_waits = True  # what came before

    def _on_input(self, *_: object) -> None:
        """Obey at once between ticks, else after this one."""
        if self._between_ticks:
            self._obey()
        else:
            self._input_waits = True

    def _obey(self) -> None:
        """Obey the commands that have come; a signal in the meantime only leaves its mark."""
        self._input_waits = True
        while self._input_waits:
            self._between_ticks = self._input_waits = False
            for line in self._new_lines():
                command = json.loads(line)
                self._commands[command["command"]](command)
            self._between_ticks = True

    def _new_lines(self) -> list[bytes]:
        try:
            data = os.read(COMMANDS, 1 << 16)
        except BlockingIOError:
            return []
        if not data:
            raise HarnessGoneError
        *lines, self._input = (self._input + data).split(b"\n")
        return lines

    def _add_tree(self, command: Mapping[str, Any]) -> None:
        self._remove_tree(command)
        participant = Participant(
            self._sysroot,
            command["root_pid"],
            command["marker"],
            command["groups"],
            self._claimed,
        )
        name = command["participant"]
        stream = self._add_stream(self._fast, f"tree:{name}", participant.probes)
        self._participants[name] = (participant, stream)
        self._settle_ns = 0

    def _remove_tree(self, command: Mapping[str, Any]) -> None:
        removed = self._participants.pop(command["participant"], None)
        if removed is not None:
            self._flush()
            participant, stream = removed
            self._fast.remove(stream, time.monotonic_ns())
            self._unfollowed += participant.unfollowed()
            self._claimed.discard(participant.guarded.root)
            stream.close()

    def _answer_flush(self, command: Mapping[str, Any]) -> None:
        self._flush()
        answer = json.dumps({"request": command["request"]})
        self._outbox.put(wire.frame(wire.FLUSHED, answer.encode()))

    def _stop(self, _: Mapping[str, Any]) -> None:
        raise StopAskedError

    def _add_stream(self, group: Group, name: str, probes: list[Probe]) -> Stream:
        self._streams += 1
        stream = Stream(self._streams, name, probes)
        self._outbox.put(stream.announcement())
        group.add(stream, time.monotonic_ns())
        return stream


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
        sampler.run()
    except StopAskedError:
        sampler.report()
        return 0
    except (HarnessGoneError, BrokenPipeError):  # its ends of the pipes may close one by one
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        return 0 if end_trees(sampler.guarded()) else 1
