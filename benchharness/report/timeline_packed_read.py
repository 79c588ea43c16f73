"""A whole campaign on one clock: every run's readings, window, stages and phases.

The clock begins with the first observation. It leaves out long pauses, and knows that a machine
that was started anew counts from zero again; both are marked as breaks.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.model import CampaignSummary, PhaseSpan, TrialSummary
from benchharness.report.buckets import broken_at_gaps, rate
from benchharness.report.phases import HARNESS, phase_spans
from benchharness.report.timeline import SCALES, Observed, SeriesReader, Span, observed
from benchharness.units import format_duration

Floats = npt.NDArray[np.float64]

QUANTITIES = ("power", "temperature", "memory", "cpu")
MOST_SERIES = 12  # of one quantity: more cannot be told apart
MOST_PROGRAMS = 4  # whose CPU or memory is drawn: one colour has so many kinds of dashes
PAUSE_S = 300.0  # a pause shorter than this is never left out
PAUSE_SHARE = 0.25  # of all that was recorded: likewise
SHOWN_PAUSE_SHARE = 0.02  # a pause that is left out is drawn this wide


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity of one meter or probe, in all runs."""

    quantity: str
    name: str
    unit: str
    target: str


@dataclass(frozen=True, slots=True)
class Track:
    """A line's samples in one run, float64[n] each, ``t_s`` from the start of the run's record.

    With ``holds`` a value holds since the previous time, as between two readings of a counter;
    else straight lines join the samples. NaN breaks the line.
    """

    line: int
    t_s: Floats
    y: Floats
    holds: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``start_s`` on the campaign's clock, all else from there."""

    trial: TrialSummary
    start_s: float
    length_s: float
    window_s: tuple[float, float] | None
    stages: tuple[Span, ...]
    phases: tuple[Span, ...]
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the clock jumps, and why."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """All runs that were observed, in the order of their time."""

    lines: tuple[Line, ...]
    runs: tuple[Run, ...]
    breaks: tuple[Break, ...]
    left_out: tuple[Line, ...] = ()  # lines that are one too many of their quantity

    @property
    def length_s(self) -> float:
        """Return when the last run's record ends."""
        return self.runs[-1].start_s + self.runs[-1].length_s


def read_campaign(summary: CampaignSummary, reader: SeriesReader) -> Campaign | None:
    """Read every run's series; None where nothing was observed."""
    lines: dict[Line, int] = {}
    left_out: dict[Line, None] = {}
    found: list[tuple[TrialSummary, int, int, list[Track]]] = []
    for trial in sorted(summary.trials, key=lambda t: t.index):
        if trial.status.is_pending:
            continue
        raw = observed(reader, trial, QUANTITIES, edges=True)
        if not raw:
            continue
        start_ns, end_ns = _extent_ns(trial, raw)
        tracks = [t for r in raw if (t := _track(r, start_ns, lines, left_out)) is not None]
        found.append((trial, start_ns, end_ns, tracks))
    if not found or not any(tracks for *_, tracks in found):
        return None
    if _is_one_clock([(start, end) for _, start, end, _ in found]):
        found.sort(key=lambda run: run[1])
    starts_s, breaks = _placed([(start, end) for _, start, end, _ in found])
    runs = tuple(
        _run(trial, start_s, start_ns, end_ns, tracks)
        for (trial, start_ns, end_ns, tracks), start_s in zip(found, starts_s, strict=True)
    )
    return Campaign(tuple(lines), runs, breaks, tuple(left_out))


def _extent_ns(trial: TrialSummary, raw: Sequence[Observed]) -> tuple[int, int]:
    """Return from when to when there is anything of a trial, its window included."""
    window = [t for t in (trial.window_start_ns, trial.window_end_ns) if t is not None]
    times = [int(t) for *_, t_ns, _, _ in raw for t in (t_ns[0], t_ns[-1])]
    return min(times + window), max(times + window)


def _track(
    raw: Observed, start_ns: int, lines: dict[Line, int], left_out: dict[Line, None]
) -> Track | None:
    """Return the samples of one channel, its line added to ``lines``.

    One too many is added to ``left_out`` and gives None.
    """
    stream, quantity, unit, t_ns, y, counter = raw
    target = stream.meta.get("target")
    line = Line(quantity, stream.name.removeprefix("tree:"), unit, str(target) if target else "")
    if line not in lines:
        most = MOST_PROGRAMS if quantity in ("cpu", "memory") else MOST_SERIES
        if sum(known.quantity == quantity for known in lines) >= most:
            left_out[line] = None
            return None
        lines[line] = len(lines)
    t_s = (t_ns - start_ns).astype(np.float64) / 1e9
    y = y * SCALES.get(quantity, 1.0)
    t_s, y = rate(t_s, y) if counter else broken_at_gaps(t_s, y)
    return Track(lines[line], t_s, y, counter) if len(t_s) > 1 else None


def _is_one_clock(extents_ns: Sequence[tuple[int, int]]) -> bool:
    """Say whether no two runs overlap: else the machine was started anew between them."""
    ordered = sorted(extents_ns)
    return all(end <= start for (_, end), (start, _) in itertools.pairwise(ordered))


def _placed(extents_ns: Sequence[tuple[int, int]]) -> tuple[list[float], tuple[Break, ...]]:
    """Return each run's start on the campaign's clock, and where that jumps."""
    lengths_s = [(end - start) / 1e9 for start, end in extents_ns]
    longest_s = max(PAUSE_S, PAUSE_SHARE * sum(lengths_s))
    shown_s = SHOWN_PAUSE_SHARE * sum(lengths_s)
    starts_s, breaks, end_s = [0.0], [], lengths_s[0]
    for (_, before), (start, _), length_s in zip(
        extents_ns, extents_ns[1:], lengths_s[1:], strict=False
    ):
        pause_s = (start - before) / 1e9
        if not 0 <= pause_s <= longest_s:
            text = "the machine was started anew"
            if pause_s > 0:
                text = f"a pause of {format_duration(pause_s)} is left out"
            pause_s = shown_s
            breaks.append(Break(end_s + pause_s / 2, text))
        starts_s.append(end_s + pause_s)
        end_s = starts_s[-1] + length_s
    return starts_s, tuple(breaks)


def _run(
    trial: TrialSummary, start_s: float, start_ns: int, end_ns: int, tracks: Sequence[Track]
) -> Run:
    window = None
    if trial.window_start_ns is not None and trial.window_end_ns is not None:
        window = (
            (trial.window_start_ns - start_ns) / 1e9,
            (trial.window_end_ns - start_ns) / 1e9,
        )
    length_s = (end_ns - start_ns) / 1e9
    stages = [(s, s.name) for s in trial.spans if s.source == HARNESS]
    return Run(
        trial=trial,
        start_s=start_s,
        length_s=length_s,
        window_s=window,
        stages=tuple(_inside(stages, start_ns, length_s)),
        phases=tuple(_inside(phase_spans(trial), start_ns, length_s)),
        tracks=tuple(tracks),
    )


def _inside(
    named: Sequence[tuple[PhaseSpan, str]], start_ns: int, length_s: float
) -> Iterator[Span]:
    """Yield the spans that ended, as far as they lie in the run's record."""
    for span, name in named:
        if span.end_ns is None:
            continue
        start_s = max(0.0, (span.start_ns - start_ns) / 1e9)
        end_s = min(length_s, (span.end_ns - start_ns) / 1e9)
        if end_s > start_s:
            yield Span(name, start_s, end_s)


def usual_period_s(campaign: Campaign, line: int) -> float | None:
    """Return the median time between two samples of a line, None without samples."""
    steps = [
        float(np.median(np.diff(t_s)))
        for run in campaign.runs
        for track in run.tracks
        if track.line == line and len(t_s := _read_s(track, run)) > 1
    ]
    return statistics.median(steps) if steps else None


def _read_s(track: Track, run: Run) -> Floats:
    """Return the times of a track's samples without the window's edges, which nobody read."""
    if run.window_s is None:
        return track.t_s
    edges_s = np.array(run.window_s)
    read_s: Floats = track.t_s[np.abs(track.t_s[:, None] - edges_s).min(axis=1) > 1e-8]
    return read_s
