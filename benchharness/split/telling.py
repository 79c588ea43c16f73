"""What the server writes of each device: its phases, its figures, and when it was left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchharness import events
from benchharness.cuts.records import DeviceProfile
from benchharness.links.records import LinkTrace
from benchharness.split.phases import WAIT
from benchharness.split.session import BYTES, SECONDS, Trained

GONE = "gone"  # not connected, or hung up on


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a device stands that is in no round, since when, and after which round."""

    name: str
    since_ns: int
    after_round: int


class DeviceLog:
    """Events about devices 1 to ``devices``.

    A device waits from the end of its part of a round until the next; one that was left out is gone
    until it is back. What it did between being asked and given up nobody knows: no phase says it.
    """

    def __init__(self, devices: int) -> None:
        self.foreign_clocks: set[int] = set()
        self._devices = devices
        self._standing: dict[int, _Standing] = {}

    def start(self, after_round: int, present: Mapping[int, object]) -> None:
        """Say that those present wait from now on, and that the others are gone."""
        now_ns = time.monotonic_ns()
        for number in range(1, self._devices + 1):
            name = WAIT if number in present else GONE
            self._standing[number] = _Standing(name, now_ns, after_round)

    def is_back(self, number: int, since_ns: int) -> None:
        """Say that a device is there, since a time; nothing if it was."""
        stood = self._standing.get(number)
        if stood is not None and stood.name == GONE:
            since_ns = max(since_ns, stood.since_ns)
            self._end(number, since_ns)
            self._standing[number] = _Standing(WAIT, since_ns, stood.after_round)

    def trained(self, number: int, result: Trained, round_number: int) -> None:
        """Write the phases and figures of a device's round."""
        self._end(number, result.sent_ns)
        for phase in result.phases:
            events.span(
                phase.name,
                phase.start_ns,
                phase.end_ns,
                round_number,
                device_name(number),
                cpu_s=phase.cpu_s,
            )
        last_ns = max((phase.end_ns for phase in result.phases), default=result.done_ns)
        self._standing[number] = _Standing(WAIT, last_ns, round_number)
        if not result.is_same_clock:
            self.foreign_clocks.add(number)
        self.number(number, "samples", result.samples, "1", round_number)
        self.number(number, "busy_s", result.busy_s, "s", round_number)
        for name in SECONDS:
            self.number(number, name, result.sums[name], "s", round_number)
        for name in BYTES:
            self.number(number, name, result.sums[name], "B", round_number)
        if result.loss is not None:
            self.number(number, "train_loss", result.loss, "1", round_number)
            accuracy = result.right / result.samples
            self.number(number, "train_accuracy", accuracy, "1", round_number)

    def predicted(
        self, number: int, cut: int, device: DeviceProfile, taken: tuple[float, float], step: int
    ) -> None:
        """Write what a device is to do in a round, from what that was chosen, and what it takes.

        ``taken`` is seconds and joules.
        """
        self.number(number, "cut", cut, "1", step)
        self.number(number, "uplink_estimate_bit_s", device.up_bit_s, "bit/s", step)
        self.number(number, "downlink_estimate_bit_s", device.down_bit_s, "bit/s", step)
        self.number(number, "predicted_s", taken[0], "s", step)
        self.number(number, "predicted_j", taken[1], "J", step)

    def left_out(self, number: int, reason: str, round_number: int, asked_ns: int | None) -> None:
        """Write that a round goes on without a device; ``asked_ns`` None: it was not there."""
        events.left_out(device_name(number), reason, round_number)
        if asked_ns is not None:
            self._end(number, asked_ns)
            self._standing[number] = _Standing(GONE, time.monotonic_ns(), round_number)

    def finish(self) -> None:
        """Write how all stood last."""
        now_ns = time.monotonic_ns()
        for number in tuple(self._standing):
            self._end(number, now_ns)

    @staticmethod
    def number(number: int, name: str, value: float, unit: str, step: int) -> None:
        """Write a metric of a device."""
        events.metric(name, value, unit, step, device_name(number))

    def _end(self, number: int, end_ns: int) -> None:
        stood = self._standing.pop(number, None)
        if stood is not None and end_ns > stood.since_ns:
            name = device_name(number)
            events.span(stood.name, stood.since_ns, end_ns, stood.after_round, name)


class LinkTeller:
    """Writes the rates of links that the programs keep themselves, and each change when it is due.

    A context manager around the window, which began at ``begin_ns``. A link is told from when it is
    added: the rate that holds then is the first.
    """

    def __init__(self, begin_ns: int = 0) -> None:
        self.begin_ns = begin_ns
        self._over = threading.Event()
        self._threads: dict[int, threading.Thread] = {}

    def __enter__(self) -> LinkTeller:
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads.values():
            thread.join()

    def add(self, traces: Mapping[int, LinkTrace]) -> None:
        """Tell the links of devices, by their numbers; of those that it tells already, no more."""
        for number in sorted(set(traces) - set(self._threads)):
            told = threading.Thread(target=self._tell, args=(number, traces[number]), daemon=True)
            self._threads[number] = told
            told.start()

    def _now_s(self) -> float:
        return (time.monotonic_ns() - self.begin_ns) / 1e9

    def _tell(self, number: int, trace: LinkTrace) -> None:
        due_s: float | None = self._now_s()
        while due_s is not None:
            if self._over.wait(max(0.0, due_s - self._now_s())):
                return
            rates = zip(("link_up_bit_s", "link_down_bit_s"), trace.rates_at(due_s), strict=True)
            for name, value in rates:
                events.metric(name, value, "bit/s", None, device_name(number))
            due_s = trace.next_change_s(due_s)


def device_name(number: int) -> str:
    """Return the name of a device among the trial's participants."""
    return f"device-{number}"
