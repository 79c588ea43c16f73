"""``benchharness.measure``: a ``with`` block or a function, measured like a trial.

    with benchharness.measure("inference", meter="plug-1") as m:
        run_it()
    print(m)

    @benchharness.measure(repeat=100)
    def inference(): ...

Joules are of the whole board that the meter is of, while the block runs. One measurement at a
time in a process: two windows at once would count the same joules twice.
"""

from __future__ import annotations

import functools
import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from benchharness.api.measurement import Measurement
from benchharness.api.running import Running
from benchharness.errors import UsageError
from benchharness.meters.base import Meter
from benchharness.model import FactorValue

P = ParamSpec("P")
R = TypeVar("R")

Meters = str | Meter | Sequence[str | Meter] | None


class Measure:
    """What ``measure(...)`` returns: a context manager, also an asynchronous one; a decorator.

    As a decorator it measures each call of the function. The last measurement is the attribute
    ``measurement`` of the function, and ``tell`` is called with each.
    """

    def __init__(
        self,
        label: str | None,
        *,
        meter: Meters = None,
        idle_s: float | None = None,
        repeat: int = 1,
        results: str | os.PathLike[str] | None = None,
        factors: Mapping[str, FactorValue] | None = None,
        tell: Callable[[Measurement], object] | None = None,
    ) -> None:
        self._label = label
        self._meters = _meters(meter)
        self._idle_s = _checked_idle(idle_s)
        self._repeat = _checked_repeat(repeat)
        self._results = None if results is None else Path(results)
        self._factors = dict(factors or {})
        self._tell = tell
        self._running: Running | None = None

    def __enter__(self) -> Measurement:
        """Rest, and begin. Raises UsageError, MeterError, ResultsFileError."""
        self._running = running = self._begin()
        running.wait_until_ready()
        return running.mark()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        running, self._running = self._running, None
        if running is not None and running.stop(error):
            running.wait_until_done(error)
            self._told(running)

    async def __aenter__(self) -> Measurement:
        """Do the same without keeping the event loop from its work."""
        self._running = running = self._begin()
        await running.ready_in_loop()
        return running.mark()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        running, self._running = self._running, None
        if running is not None and running.stop(error):
            await running.done_in_loop(error)
            self._told(running)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Measure each call of a function or a coroutine function.

        Raises UsageError for a generator: its body runs between the steps of its consumer.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise UsageError(
                f"{_name(function)} is a generator, whose body runs between its consumer's steps",
                where="measure",
                remedy="put the loop that consumes it in a with block",
            )
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._around_coroutine(function))
        return self._around(function)

    def _around(self, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            once = self._for(function)
            with once as measurement:
                measurement.calls = self._repeat
                for _ in range(self._repeat - 1):
                    function(*args, **kwargs)
                result = function(*args, **kwargs)
            measured.measurement = measurement  # type: ignore[attr-defined]
            return result

        return measured

    def _around_coroutine(self, function: Callable[P, Any]) -> Callable[P, Any]:
        @functools.wraps(function)
        async def measured(*args: P.args, **kwargs: P.kwargs) -> Any:
            once = self._for(function)
            async with once as measurement:
                measurement.calls = self._repeat
                for _ in range(self._repeat - 1):
                    await function(*args, **kwargs)
                result = await function(*args, **kwargs)
            measured.measurement = measurement  # type: ignore[attr-defined]
            return result

        return measured

    def _for(self, function: Callable[..., Any]) -> Measure:
        """Return the same, for one call."""
        once = Measure(
            self._label or _name(function), idle_s=self._idle_s, results=self._results,
            factors=self._factors, tell=self._tell,
        )  # fmt: skip
        once._meters = self._meters
        return once

    def _begin(self) -> Running:
        if self._running is not None:
            raise UsageError("this measurement has begun already", where="measure")
        if self._repeat != 1:
            raise UsageError(
                "a with block cannot be repeated",
                where="measure: repeat",
                remedy="write the loop in the block, and set .calls; or decorate a function",
            )
        return Running(
            self._label or "block",
            meters=self._meters,
            idle_s=self._idle_s,
            results=self._results,
            factors=self._factors,
        )

    def _told(self, running: Running) -> None:
        if self._tell is not None:
            self._tell(running.measurement)


@overload
def measure(label: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def measure(
    label: str | None = None,
    /,
    *,
    meter: Meters = None,
    idle_s: float | None = None,
    repeat: int = 1,
    results: str | os.PathLike[str] | None = None,
    factors: Mapping[str, FactorValue] | None = None,
    tell: Callable[[Measurement], object] | None = None,
) -> Measure: ...
def measure(
    label: str | Callable[P, R] | None = None,
    /,
    *,
    meter: Meters = None,
    idle_s: float | None = None,
    repeat: int = 1,
    results: str | os.PathLike[str] | None = None,
    factors: Mapping[str, FactorValue] | None = None,
    tell: Callable[[Measurement], object] | None = None,
) -> Measure | Callable[P, R]:
    """Measure a ``with`` block, or each call of the function that this decorates.

    ``meter``: a name, a file, an address, a list of these, or "none" for time and memory only;
    by default the best that this machine has. ``idle_s``: seconds of rest before and after, by
    which energy becomes net; by default chosen for the meter, 0 for gross energy only.
    ``repeat``: how often a decorated function is called in its window, so that the meter sees
    it. ``results``: a results file, in which ``label`` and ``factors`` make the variant.

    Raises UsageError for an argument that makes no sense.
    """
    if callable(label):
        return Measure(None)(label)
    return Measure(
        label,
        meter=meter,
        idle_s=idle_s,
        repeat=repeat,
        results=results,
        factors=factors,
        tell=tell,
    )


def _meters(meter: Meters) -> tuple[str | Meter, ...]:
    if meter is None:
        return ()
    found = (meter,) if isinstance(meter, str) or not isinstance(meter, Sequence) else tuple(meter)
    for each in found:
        if not isinstance(each, str | Meter):
            raise UsageError(
                f"expected a name or a meter, got {type(each).__name__}", where="measure: meter"
            )
    if len({isinstance(each, str) for each in found}) > 1:
        raise UsageError("expected names or meters, not both", where="measure: meter")
    return found


def _checked_idle(idle_s: float | None) -> float | None:
    if idle_s is None:
        return None
    if not isinstance(idle_s, int | float) or not 0 <= idle_s < math.inf:
        raise UsageError(
            f"expected seconds, 0 or more, got {idle_s!r}", where="measure: idle_s",
            remedy="leave it out: it is chosen for the meter",
        )  # fmt: skip
    return float(idle_s)


def _checked_repeat(repeat: int) -> int:
    if not isinstance(repeat, int) or repeat < 1:
        raise UsageError(f"expected 1 or more, got {repeat!r}", where="measure: repeat")
    return repeat


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))
