"""A campaign's samples for the page's timeline: small, and true to every joule.

Few samples stay as they are. Of many, slices of equal width between the edges of the record and
of the window keep the time-weighted mean, the least, the largest and how much of the slice was
covered: mean x covered time is the exact integral, whatever the width of the slices.

The bytes: uint32 length of the head, the head as JSON, then uint16 numbers, first the low bytes
of all of them and then the high ones; all that compressed with gzip, in base64. Means and times
are differences to the number before, modulo 65536. ``reports/timeline_data.js`` reads it.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.report.buckets import means_between
from benchharness.report.text import plain
from benchharness.report.timeline_packed_read import QUANTITIES, Campaign, Run, Track

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint16]

LINE, HOLD, SLICES = 0, 1, 2  # how the numbers of a block are to be read
LEVELS = 16_383  # a value's steps between the least and the largest of its block
MISSING = 65_535
TICK_S = 1e-4
WORDS_OF_SAMPLE, WORDS_OF_SLICE = 2, 4
MOST_WORDS = 500_000  # about 0.7 MB in the page
MOST_BYTES = 900_000
WORDS_OF_BLOCK = 30  # what a block's numbers in the head take
MOST_BLOCKS = 6_000  # of thousands of runs only the first lines are shown
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Block:
    """One line's numbers in one run."""

    line: int
    kind: int
    samples: int
    base: float
    step: float
    values: Words
    tick_s: float = 0.0
    times: Words | None = None


def packed(
    campaign: Campaign, head: Mapping[str, Any], room_bytes: int, words: int = MOST_WORDS
) -> str | None:
    """Return the campaign in base64, at most ``room_bytes``; None where that is too little.

    ``head`` is what the page needs besides: anything that JSON can say. To fit, and to stay at
    about ``words`` numbers, slices get wider.
    """
    room_bytes = min(room_bytes, MOST_BYTES)
    campaign, left_out = lighter(campaign)
    head = {**head, "left_out": left_out}
    most = _most_slices(campaign, words)
    for _ in range(_TRIES):
        text = _encoded(campaign, head, most)
        if len(text) <= room_bytes:
            return text
        most = min(most - 1, int(0.85 * most * room_bytes / len(text)))
        if most < 1:
            break
    return None


def lighter(campaign: Campaign, most: int = MOST_BLOCKS) -> tuple[Campaign, list[str]]:
    """Leave out the last lines where all would be more than ``most`` blocks; say which."""
    lines = list(range(len(campaign.lines)))
    lines.sort(key=lambda place: QUANTITIES.index(campaign.lines[place].quantity))
    blocks = dict.fromkeys(lines, 0)
    for run in campaign.runs:
        for track in run.tracks:
            blocks[track.line] += 1
    total, dropped = sum(blocks.values()), set[int]()
    while total > most and len(lines) > 1:
        place = lines.pop()
        total -= blocks[place]
        dropped.add(place)
    if not dropped:
        return campaign, []
    runs = tuple(
        replace(run, tracks=tuple(t for t in run.tracks if t.line not in dropped))
        for run in campaign.runs
    )
    names = [
        f"{campaign.lines[i].quantity} of {plain(campaign.lines[i].name, 40)}"
        for i in sorted(dropped)
    ]
    return replace(campaign, runs=runs), names


def _most_slices(campaign: Campaign, words: int) -> int:
    """Return how many slices a line may have in a run, so that all need at most ``words``."""
    samples = np.array([len(t.t_s) for run in campaign.runs for t in run.tracks])
    most = int(samples.max(initial=1))
    while most > 1:
        raw = samples <= 2 * most
        need = WORDS_OF_SAMPLE * samples[raw].sum() + WORDS_OF_SLICE * most * np.count_nonzero(~raw)
        if need + WORDS_OF_BLOCK * len(samples) <= words:
            break
        most = int(0.9 * most)
    return max(1, most)


def _encoded(campaign: Campaign, head: Mapping[str, Any], most: int) -> str:
    words: list[Words] = []
    places: dict[bytes, int] = {}
    size = 0

    def put(numbers: Words) -> int:
        """Append numbers; the same times of several channels are there once."""
        nonlocal size
        key = numbers.tobytes()
        if key not in places:
            places[key] = size
            words.append(numbers)
            size += len(numbers)
        return places[key]

    slices, blocks = [], []
    for number, run in enumerate(campaign.runs):
        counts = slice_counts(run, most)
        edges = slice_edges(run, counts)
        slices.append(counts)
        for track in run.tracks:
            block = _block(track, edges, most)
            at = put(block.values)
            row = [number, block.line, block.kind, block.samples, block.base, block.step, at]
            blocks.append(row if block.times is None else [*row, put(block.times), block.tick_s])
    whole = {**head, "slices": slices, "blocks": blocks}
    text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
    numbers = np.concatenate(words).astype("<u2").view(np.uint8).reshape(-1, 2)
    body = struct.pack("<I", len(text)) + text + numbers.T.tobytes()
    return base64.b64encode(gzip.compress(body, 6, mtime=0)).decode("ascii")


def slice_counts(run: Run, most: int) -> list[int]:
    """Return the number of slices before, in and after the window: at most ``most``, or one each.

    They are of about one width, and edges of the window are edges of slices, so that the joules
    of a window are exact however wide the slices.
    """
    parts = np.diff(_bounds(run))
    share = parts / max(float(parts.sum()), 1e-12)
    return [max(1, int(most * s)) if s > 0 else 0 for s in share]


def slice_edges(run: Run, counts: list[int]) -> Floats:
    """Return the edges of a run's slices in seconds of its record, float64[n+1]."""
    bounds = _bounds(run)
    parts = [
        np.linspace(left, right, count, endpoint=False)
        for left, right, count in zip(bounds, bounds[1:], counts, strict=False)
        if count
    ]
    return np.concatenate([*parts, [bounds[-1]]])


def _bounds(run: Run) -> list[float]:
    start_s, end_s = run.window_s or (0.0, run.length_s)
    return [0.0, start_s, end_s, run.length_s]


def _block(track: Track, edges: Floats, most: int) -> Block:
    if len(track.t_s) <= 2 * most:
        return _sample_block(track)
    return _slice_block(track, edges)


def _sample_block(track: Track) -> Block:
    base, step = _scale(track.y, track.y)
    known = np.isfinite(track.y)
    levels = np.full(len(track.y), MISSING, np.int64)
    levels[known] = np.rint((track.y[known] - base) / step)
    # Any uint16 difference can be said: the tick is as long as the longest pause needs.
    tick_s = max(TICK_S, float(np.diff(track.t_s, prepend=0.0).max()) / (MISSING - 1))
    ticks = np.rint(track.t_s / tick_s).astype(np.int64)
    kind = HOLD if track.holds else LINE
    return Block(track.line, kind, len(track.y), base, step, _steps(levels), tick_s, _steps(ticks))


def _slice_block(track: Track, edges: Floats) -> Block:
    """Return means, and how far below and above them the extremes lie, and the covered share."""
    sliced = _held_means if track.holds else means_between
    mean, low, high, covered_s = sliced(track.t_s, track.y, edges)
    known = np.isfinite(mean)
    mean, low, high = (np.where(known, part, np.nan) for part in (mean, low, high))
    base, step = _scale(low, high)
    base -= step  # what is carried over may take a mean one level below the least
    level, least, largest = (
        np.where(known, (part - base) / step, 0.0) for part in (mean, low, high)
    )
    # What rounding takes from one mean the next one gets: their sum stays exact.
    means = np.diff(np.rint(np.cumsum(level)), prepend=0.0)
    below = np.clip(means - np.floor(least + 1e-6), 0, None) * known
    above = np.clip(np.ceil(largest - 1e-6) - means, 0, None) * known
    share = np.rint(np.clip(covered_s / np.diff(edges), 0.0, 1.0) * LEVELS) * known
    values = [_steps(means.astype(np.int64)), _words(below), _words(above), _words(share)]
    return Block(track.line, SLICES, len(mean), base, step, np.concatenate(values))


def _held_means(t_s: Floats, y: Floats, edges: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mean, least, largest, covered seconds of values that hold since the time before."""
    known = np.isfinite(y[1:])
    held, dt = np.where(known, y[1:], 0.0), np.diff(t_s)
    area_to = np.concatenate([[0.0], np.cumsum(held * dt)])
    covered_to = np.concatenate([[0.0], np.cumsum(known * dt)])
    covered = np.diff(np.interp(edges, t_s, covered_to))
    area = np.diff(np.interp(edges, t_s, area_to))
    first = np.clip(np.searchsorted(t_s, edges[:-1], side="right") - 1, 0, len(held) - 1)
    last = np.clip(np.searchsorted(t_s, edges[1:], side="left"), first + 1, len(held))
    # One more value at the end: reduceat wants every index to be inside.
    pairs = np.stack([first, last], axis=1).ravel()
    low = np.minimum.reduceat(np.append(np.where(known, held, np.inf), np.inf), pairs)[::2]
    high = np.maximum.reduceat(np.append(np.where(known, held, -np.inf), -np.inf), pairs)[::2]
    none = covered <= 0
    mean = np.where(none, np.nan, area / np.where(none, 1.0, covered))
    return mean, low, high, covered


def _scale(low: Floats, high: Floats) -> tuple[float, float]:
    """Return the least value and the step of the levels above it."""
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return 0.0, 1.0
    base, top = float(low[known].min()), float(high[known].max())
    step = _short((top - base) / LEVELS) or 1.0
    # Rounded down, so that no value lies below it.
    return _short(base - 1e-6 * abs(base)) if abs(base) > 1e-6 else min(0.0, base), step


def _short(value: float) -> float:
    """Round to seven digits: the head has two such numbers for every block."""
    return float(f"{value:.7g}")


def _steps(levels: npt.NDArray[np.int64]) -> Words:
    return np.diff(levels, prepend=0).astype(np.uint16)  # modulo 65536


def _words(levels: Floats) -> Words:
    return levels.astype(np.uint16)
