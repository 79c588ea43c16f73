"""The gate between two trials: the next one starts as cool as the first, or says that it did not.

A fixed sleep alone lets a hot board into the next trial; a temperature alone may never come back
on a warm day. So: wait for the temperature, but not for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchharness.clock import Clock, seconds
from benchharness.model import Caution
from benchharness.probes.temperature import temperature
from benchharness.trial.spec import TrialOptions
from benchharness.units import format_duration

_STEP_S = 1.0


def board_temperature_c(sysroot: str = "/") -> float | None:
    """Return the processor's temperature now, in °C; None where nothing tells it."""
    probe = temperature("" if sysroot == "/" else sysroot)
    if probe is None:
        return None
    try:
        (celsius,) = probe.read()
    finally:
        probe.close()
    return celsius if math.isfinite(celsius) else None


@dataclass(slots=True)
class CooldownGate:
    """Opens when the board is back near ``baseline_c``, or after a time."""

    clock: Clock
    options: TrialOptions
    read_temperature_c: Callable[[], float | None]
    baseline_c: float | None = None

    def note_baseline(self) -> None:
        """Take the temperature before the first trial as the one to come back to."""
        if self.baseline_c is None:
            self.baseline_c = self.read_temperature_c()

    def wait(self, watch: Callable[[float, float | None], None]) -> Caution | None:
        """Wait; ``watch`` is told the seconds waited and expected. Return what is to be said."""
        start_ns = self.clock.now_ns()
        if self.baseline_c is None:
            while (waited_s := seconds(self.clock.now_ns() - start_ns)) < self.options.cooldown_s:
                watch(waited_s, self.options.cooldown_s)
                self.clock.sleep_s(min(_STEP_S, self.options.cooldown_s - waited_s))
            return None
        limit_c = self.baseline_c + self.options.cooldown_margin_k
        while True:
            temperature_c = self.read_temperature_c()
            waited_s = seconds(self.clock.now_ns() - start_ns)
            if temperature_c is None or temperature_c <= limit_c:
                return None
            if waited_s >= self.options.cooldown_limit_s:
                return Caution(
                    "warm-start",
                    f"the board was still at {temperature_c:.1f} °C after "
                    f"{format_duration(waited_s)} of cooling, {limit_c:.1f} °C was wanted",
                    "improve the cooling, or allow a longer --cooldown",
                )
            watch(waited_s, None)
            self.clock.sleep_s(_STEP_S)
