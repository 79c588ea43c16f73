"""What the harness itself costs while it measures."""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchharness.clock import Clock, seconds
from benchharness.trial.sampling import SamplerReport

_KIBIBYTE = 1024


# What other processes that belong to the measurement have used so far; None: nobody knows.
CpuSeconds = Callable[[], float | None]


class Overhead:
    """What the harness itself costs: CPU seconds of its processes over the time it ran.

    ``plugs_cpu_s``, where there are emulated plugs, is asked for theirs. They stand apart: plugs
    are what is simulated, and no cost of measuring.
    """

    def __init__(
        self,
        clock: Clock,
        sessions: Sequence[Mapping[str, Any]],
        plugs_cpu_s: CpuSeconds | None = None,
    ) -> None:
        self._clock = clock
        self._plugs_cpu_s = plugs_cpu_s
        self._plugs_start_s = None if plugs_cpu_s is None else plugs_cpu_s()
        self._sessions = list(sessions)
        self._start_ns = clock.now_ns()
        self._start_cpu_s = _own_cpu_s()

    def finish(self, reports: Sequence[SamplerReport], trials: int) -> dict[str, Any]:
        """Return the record that is stored with the campaign; one session for each resume."""
        wall_s = seconds(self._clock.now_ns() - self._start_ns)
        main_s = _own_cpu_s() - self._start_cpu_s
        sampler_s = sum(report.cpu_s for report in reports)
        main_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE
        sampler_bytes = max((report.memory_peak_bytes or 0 for report in reports), default=0)
        session = {
            "trials": trials,
            "wall_s": wall_s,
            "main_cpu_s": main_s,
            "sampler_cpu_s": sampler_s,
            "cpu_share_of_a_core": (main_s + sampler_s) / wall_s if wall_s > 0 else None,
            "memory_peak_bytes": main_bytes + sampler_bytes,
            "ticks": sum(report.ticks for report in reports),
            "missed_ticks": sum(report.missed_ticks for report in reports),
            "late_over_1ms": sum(report.late_over_1ms for report in reports),
            **self._plugs(wall_s),
        }
        sessions = [*self._sessions, session]
        return {**session, "sessions": sessions}

    def _plugs(self, wall_s: float) -> dict[str, float]:
        end_s = None if self._plugs_cpu_s is None else self._plugs_cpu_s()
        if end_s is None or self._plugs_start_s is None or wall_s <= 0:
            return {}
        used_s = end_s - self._plugs_start_s
        if used_s < 0:  # the broker is gone, and its part with it
            return {}
        return {"plugs_cpu_s": used_s, "plugs_share_of_a_core": used_s / wall_s}


def _own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
