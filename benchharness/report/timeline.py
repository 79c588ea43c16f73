"""From stored observations to what plots need: short series on the clock of a trial's window.

Long series become buckets of equal width with the time-weighted mean and the least and largest
value: the mean keeps the integral, the two others every peak. Nothing is thinned by shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchharness.energy.interior import INTERIOR_HOLD
from benchharness.model import Channel, PhaseSpan, TrialSummary
from benchharness.report.buckets import apart, broken_at_gaps, bucketed, rate
from benchharness.report.phases import HARNESS, phase_spans
from benchharness.report.timeline_readings import meter_channels, method_of

Floats = npt.NDArray[np.float64]
TimesNs = npt.NDArray[np.int64]

# A counter with steps below this share of a usual interval's energy draws better than snapshots.
FINE_COUNTER = 0.1
COUNTERS = ("cpu_s", "energy_j")

# From what is stored to what is plotted: per cent of one core, MiB.
SCALES = {"cpu": 100.0, "memory": 2.0**-20}


class StreamLike(Protocol):
    """A stream as the store lists it."""

    @property
    def stream_id(self) -> int: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def channels(self) -> Sequence[Channel]: ...  # noqa: D102
    @property
    def meta(self) -> Mapping[str, Any]: ...  # noqa: D102


class SeriesReader(Protocol):
    """What a report reads from the store."""

    def streams(self, trial_id: int) -> Sequence[StreamLike]:
        """List the streams of a trial."""
        ...

    def read_stream(self, stream_id: int) -> tuple[TimesNs, dict[str, Floats]]:
        """Return int64[n] times in ns and float64[n] by channel; NaN is missing."""
        ...


Observed = tuple[
    StreamLike, str, str, TimesNs, Floats, bool
]  # stream, quantity, unit, t, y, counter


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time, float64[n] each; ``low`` and ``high`` are None for raw samples.

    ``t_s`` counts from the start of the window; NaN in ``mean`` breaks the line.
    """

    quantity: str  # power, cpu, memory or temperature
    name: str
    unit: str
    t_s: Floats
    mean: Floats
    low: Floats | None = None
    high: Floats | None = None
    steps: bool = False  # each value holds since the previous time, as between two counter readings
    target: str | None = None  # what a meter sees
    part_of: str | None = None  # the target that contains it


@dataclass(frozen=True, slots=True)
class Span:
    """A named interval in seconds from the start of the window."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """One trial on the clock of its window, which begins at 0 s."""

    trial_id: int
    window_s: float | None
    start_s: float
    end_s: float
    series: tuple[Series, ...]
    stages: tuple[Span, ...]
    phases: tuple[Span, ...]

    def first(self, quantity: str) -> Series | None:
        """Return the first series of a quantity, None without one."""
        return next((s for s in self.series if s.quantity == quantity), None)


def read_timeline(
    reader: SeriesReader,
    trial: TrialSummary,
    buckets: int = 300,
    quantities: Iterable[str] = ("power", "cpu", "memory"),
) -> Timeline | None:
    """Read a trial's series, at most ``buckets`` points each; None for a trial without any."""
    raw = observed(reader, trial, quantities)
    if not raw:
        return None
    first_ns = min(int(x[0]) for _, _, _, x, _, _ in raw)
    zero_ns = trial.window_start_ns if trial.window_start_ns is not None else first_ns
    series = tuple(
        _series(stream, quantity, unit, _seconds(x_ns, zero_ns), y, counter, buckets)
        for stream, quantity, unit, x_ns, y, counter in raw
    )
    window_s = None
    if trial.window_start_ns is not None and trial.window_end_ns is not None:
        window_s = (trial.window_end_ns - trial.window_start_ns) / 1e9
    return Timeline(
        trial_id=trial.trial_id,
        window_s=window_s,
        start_s=min(float(s.t_s[0]) for s in series),
        end_s=max(float(s.t_s[-1]) for s in series),
        series=series,
        stages=_spans([(s, s.name) for s in trial.spans if s.source == HARNESS], zero_ns),
        phases=_spans(phase_spans(trial), zero_ns),
    )


def observed(
    reader: SeriesReader,
    trial: TrialSummary,
    quantities: Iterable[str],
    *,
    edges: bool = False,
) -> list[Observed]:
    """Read what a trial's plots are made of: of a meter the readings that made its joules.

    With ``edges`` also what its energy takes for the edges of the window, which nobody read.
    """
    wanted = set(quantities)
    raw: list[Observed] = []
    methods: dict[int, str | None] = {}
    for stream in reader.streams(trial.trial_id):
        chosen = [c for c in _channels(stream) if c[0] in wanted]
        if not chosen:
            continue
        times_ns, columns = reader.read_stream(stream.stream_id)
        if stream.source == "meter":
            methods[stream.stream_id] = method = method_of(trial, stream.name, stream.meta)
            # A reading may have one of power and counter: time alone says where its gaps are.
            own = edges and method is not None
            channels = meter_channels(stream.meta, times_ns, columns, trial, edges=own)
        else:
            channels = {name: _probed(name, times_ns, y) for name, y in columns.items()}
        for quantity, channel, unit in chosen:
            x_ns, y = channels[channel]
            if np.count_nonzero(np.isfinite(y)) > 1:
                raw.append((stream, quantity, unit, x_ns, y, channel in COUNTERS))
    return _without_doubles(raw, methods)


def _probed(name: str, times_ns: TimesNs, y: Floats) -> tuple[TimesNs, Floats]:
    """Return a probe's samples: of a counter without those that are missing or follow at once."""
    kept = np.isfinite(y)
    if name not in COUNTERS or np.count_nonzero(kept) < 2:
        return times_ns, y
    times_ns, y = times_ns[kept], y[kept]
    kept = apart(times_ns)
    return times_ns[kept], y[kept]


def _channels(stream: StreamLike) -> list[tuple[str, str, str]]:
    """Return (quantity, channel, unit) for the channels of a stream that are plotted."""
    names = {c.name for c in stream.channels}
    found: list[tuple[str, str, str]] = []
    if stream.source == "meter":
        found = [("power", c, "W") for c in ("power_w", "energy_j") if c in names]
    elif stream.name.startswith("tree:"):
        found = [("cpu", "cpu_s", "% of one core"), ("memory", "memory_bytes", "MiB")]
    elif stream.name == "board":
        found = [("temperature", "temperature_c", "°C")]
    return [f for f in found if f[1] in names]


def _without_doubles(raw: list[Observed], methods: Mapping[int, str | None]) -> list[Observed]:
    """Of a meter that gave powers and a counter keep one.

    Powers where they gave the figure; else a fine counter; else powers, since steps of a coarse
    counter draw badly.
    """
    dropped: set[tuple[int, bool]] = set()
    for stream, quantity, _, _, _, counter in raw:
        if quantity == "power" and counter:
            power = next((r for r in raw if r[0] is stream and r[1] == "power" and not r[5]), None)
            if power is not None:
                by_powers = methods.get(stream.stream_id) == INTERIOR_HOLD
                fine = not by_powers and _is_fine(stream, power)
                dropped.add((stream.stream_id, not fine))
    return [r for r in raw if r[1] != "power" or (r[0].stream_id, r[5]) not in dropped]


def _is_fine(stream: StreamLike, power: Observed) -> bool:
    step_j = stream.meta.get("energy_resolution_j")
    if not isinstance(step_j, int | float):
        return False
    interval_s = float(np.median(np.diff(power[3]))) / 1e9
    return step_j <= FINE_COUNTER * interval_s * abs(float(np.nanmean(power[4])))


def _series(
    stream: StreamLike, quantity: str, unit: str, t_s: Floats, y: Floats, counter: bool, most: int
) -> Series:
    scale = SCALES.get(quantity, 1.0)
    name = stream.name.removeprefix("tree:")
    total = y * scale
    if counter:
        t_s, y = rate(t_s, total)
    else:
        y = total
    target, part_of = stream.meta.get("target"), stream.meta.get("part_of")
    if len(t_s) <= most:
        t_s, y = broken_at_gaps(t_s, y)
        return Series(quantity, name, unit, t_s, y, steps=counter, target=target, part_of=part_of)
    centre, mean, low, high = bucketed(t_s, y, most)
    if counter:  # the counter itself gives the exact mean of a slice
        edges = np.linspace(t_s[0], t_s[-1], most + 1)
        mean = np.where(np.isnan(mean), mean, np.diff(np.interp(edges, t_s, total)) * most)
        mean = mean / (t_s[-1] - t_s[0])
    return Series(quantity, name, unit, centre, mean, low, high, target=target, part_of=part_of)


def _seconds(times_ns: TimesNs, zero_ns: int) -> Floats:
    return (times_ns - zero_ns).astype(np.float64) / 1e9


def _spans(named: Sequence[tuple[PhaseSpan, str]], zero_ns: int) -> tuple[Span, ...]:
    return tuple(
        Span(name, (s.start_ns - zero_ns) / 1e9, (s.end_ns - zero_ns) / 1e9)
        for s, name in sorted(named, key=lambda item: item[0].start_ns)
        if s.end_ns is not None
    )
