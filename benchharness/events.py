"""What a workload says to the harness: its window, its phases, its metrics, its outputs.

The harness names a file in the environment variable ``BENCHHARNESS_EVENTS``; each call here
appends one JSON line to it, stamped with CLOCK_MONOTONIC nanoseconds. Outside the harness the
variable is absent and every call does nothing, so a workload also runs by itself::

    from benchharness import events

    with events.phase("compile"):
        module = compile_it()
    with events.window():
        result = run_it(module)
    events.metric("gflops", 12.5, unit="GFLOP/s")
    events.output("checksum", result)

The lines, for programs in other languages (``edge`` is "start" or "end")::

    {"t_ns": 1, "event": "window", "edge": "start"}
    {"t_ns": 2, "event": "phase", "edge": "start", "name": "compile"}
    {"t_ns": 3, "event": "metric", "name": "loss", "value": 0.5, "unit": "1", "step": 7}
    {"t_ns": 4, "event": "output", "name": "checksum", "value": "f00d"}
    {"t_ns": 5, "event": "ready"}
    {"t_ns": 6, "event": "phase", "edge": "end", "name": "train", "step": 3,
     "participant": "client-2", "cpu_s": 2.5}
    {"t_ns": 7, "event": "left_out", "participant": "client-2", "text": "no answer", "step": 4}
    {"t_ns": 8, "event": "started"}

A line may be about another program of the trial, by its name; ``step`` is a round or the like;
``cpu_s``, at a phase's end, is the CPU time that the program used in it.

After "started" a program on a device of a testbed waits until there is a file of the name in
``BENCHHARNESS_HELD``, if that variable is set: from then on the device is as slow as it is to be.

This file needs the standard library of CPython 3.6 or later, and nothing else of benchharness.
"""

import json
import os
import time
from contextlib import contextmanager

ENVIRONMENT_VARIABLE = "BENCHHARNESS_EVENTS"
HELD_VARIABLE = "BENCHHARNESS_HELD"

_HELD_POLL_S = 0.01

_descriptor = None
_opened_path = None


def now_ns():  # type: () -> int
    """Return CLOCK_MONOTONIC in nanoseconds, also where ``monotonic_ns`` does not exist."""
    if hasattr(time, "monotonic_ns"):
        return time.monotonic_ns()
    return int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e9)


def enabled():  # type: () -> bool
    """Return whether a harness listens."""
    return bool(os.environ.get(ENVIRONMENT_VARIABLE))


def emit(event, **fields):  # type: (str, object) -> None
    """Append one event line, stamped now; lines of several processes do not mix (O_APPEND)."""
    global _descriptor, _opened_path  # noqa: PLW0603 - one file for the life of the process
    t_ns = now_ns()
    path = os.environ.get(ENVIRONMENT_VARIABLE)
    if not path:
        return
    if _descriptor is None or _opened_path != path:
        _descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _opened_path = path
    line = {"t_ns": t_ns, "event": event}  # type: dict[str, object]
    line.update(fields)
    os.write(_descriptor, (json.dumps(line, separators=(",", ":")) + "\n").encode("utf-8"))


def window_start():  # type: () -> None
    """Start the window: what counts begins now."""
    emit("window", edge="start")


def window_end():  # type: () -> None
    """End the window."""
    emit("window", edge="end")


@contextmanager
def window():  # type: ignore[no-untyped-def]
    """Mark the body as the window whose time and energy count."""
    window_start()
    try:
        yield
    finally:
        window_end()


@contextmanager
def phase(name, step=None):  # type: ignore[no-untyped-def]
    """Mark the body as a named phase; ``step`` says which one of many (a round, a request)."""
    emit("phase", edge="start", name=name, **_step(step))
    try:
        yield
    finally:
        emit("phase", edge="end", name=name, **_step(step))


def span(name, start_ns, end_ns, step=None, participant=None, cpu_s=None):
    # type: (str, int, int, int | None, str | None, float | None) -> None
    """Record a phase that is over, by its CLOCK_MONOTONIC stamps.

    ``participant`` names another program of the trial, of which this one knows when it began and
    ended: a server that saw when a client's message went out and when its answer came. ``cpu_s``:
    the CPU seconds that it used in the phase, all threads and processes, counted by itself.
    """
    other = {} if participant is None else {"participant": participant}  # type: dict[str, object]
    other.update(_step(step))
    emit("phase", edge="start", name=name, t_ns=start_ns, **other)
    if cpu_s is not None:
        other["cpu_s"] = cpu_s
    emit("phase", edge="end", name=name, t_ns=end_ns, **other)


def metric(name, value, unit="1", step=None, participant=None):
    # type: (str, float, str, int | None, str | None) -> None
    """Record a number that the workload measured itself; of ``participant``, if one is named."""
    other = {} if participant is None else {"participant": participant}  # type: dict[str, object]
    emit("metric", name=name, value=value, unit=unit, step=step, **other)


def left_out(participant, reason, step=None):  # type: (str, str, int | None) -> None
    """Say that a step (a round) went on without another program of the trial, and why."""
    emit("left_out", participant=participant, text=reason, **_step(step))


def ready():  # type: () -> None
    """Say that this program, which others depend on, is ready for them (a support program)."""
    emit("ready")


def started(timeout_s=30.0):  # type: (float) -> bool
    """Say that this program has started, and wait until its device is held to its share of the CPU.

    A device of a testbed may be a small part of this machine: importing a large library would take
    minutes there. With ``start_at_full_speed`` in the manifest it is held from this call on, and
    not before; call it once everything is imported and before anything that counts. Returns
    whether the device is held, False if that took longer than ``timeout_s``; True at once where
    nobody is to be waited for, so a program may always call it, and as often as it likes.
    """
    emit("started")
    path = os.environ.get(HELD_VARIABLE)
    if not path:
        return True
    end_s = time.monotonic() + timeout_s
    while not os.path.exists(path):
        if time.monotonic() >= end_s:
            return False
        time.sleep(_HELD_POLL_S)
    return True


def output(name, value):  # type: (str, object) -> None
    """Record a result; the harness checks it against what the manifest expects."""
    emit("output", name=name, value=value)


def _step(step):  # type: (int | None) -> dict[str, object]
    return {} if step is None else {"step": step}
