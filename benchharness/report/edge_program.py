"""What a workload's program says of itself: its metrics, a table a workload, as the edge table has.

The harness did not measure these figures; it passes them on. Sizes of files are left out, since
the table of sizes has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, TrialSummary
from benchharness.report.text import Unit, column_unit, plain

RATE, PEAK, OF_PEAK = "gflops", "peak_gflops", "peak_percent"
_SIZES = frozenset({"module_bytes", "host_bytes", "aot_bytes", "nn_bytes"})
_BASES = {"_s": "s", "_j": "J", "_w": "W", "_bytes": "B"}
_TITLES = {RATE: "speed", PEAK: "peak", OF_PEAK: "of peak"}
_MOST = 16  # columns of a workload; a program may say hundreds of things
CAPTION = "what the program says"
NOTE = "as the program tells it, by its own clock; mean over the good runs"
PEAK_NOTE = (
    "peak: the most float64 multiply-adds in registers that this machine was measured to do on as "
    "many cores as the run used, each counted as two operations; of peak: speed by it, run by run"
)


@dataclass(frozen=True, slots=True)
class SaidColumn:
    """A column of what the programs of a workload say: its name in ``TrialSummary.metrics``."""

    name: str
    title: str
    unit: Unit
    importance: int


def said_of(trial: TrialSummary) -> dict[str, float]:
    """Return a run's metrics but sizes of files, and its speed in per cent of the peak."""
    found = {name: value for name, value in trial.metrics.items() if name not in _SIZES}
    rate, peak = found.get(RATE), found.get(PEAK)
    if rate is not None and peak and OF_PEAK not in found:
        found[OF_PEAK] = 100 * rate / peak
    return found


def said_names(summary: CampaignSummary) -> list[str]:
    """Return the names of what was said in any run: the speed and its share of the peak first."""
    names = dict.fromkeys(name for trial in summary.trials for name in said_of(trial))
    first = [name for name in (RATE, OF_PEAK, PEAK) if name in names]
    return [*first, *(name for name in names if name not in first)]


def said_columns(sizes: Mapping[str, Sequence[float]]) -> list[SaidColumn]:
    """Return the columns, at most 16, from the magnitudes of each name's figures.

    Columns of one kind, such as seconds, have one unit, so that they can be added up by eye.
    Short names matter more when room is short: ``inference_s`` more than ``inference_min_s``.
    """
    shown = dict(list(sizes.items())[:_MOST])
    units = {
        suffix: column_unit(
            [v for n, values in shown.items() if _suffix(n) == suffix for v in values], base
        )
        for suffix, base in _BASES.items()
    }
    found = []
    for place, name in enumerate(shown):
        title, unit = _title_and_unit(name, units)
        words = 1 if name in _TITLES else title.count(" ") + 1
        found.append(SaidColumn(name, title, unit, max(1, 96 - 16 * (words - 1) - place)))
    return found


def _suffix(name: str) -> str:
    return next((s for s in _BASES if name.endswith(s) and name != s), "")


def _title_and_unit(name: str, units: Mapping[str, Unit]) -> tuple[str, Unit]:
    if name == RATE or name.endswith("_gflops"):
        return _TITLES.get(name, _words(name, "_gflops")), Unit("GFLOP/s", 1.0)
    if name.endswith("_percent"):
        return _TITLES.get(name, _words(name, "_percent")), Unit("%", 1.0)
    suffix = _suffix(name)
    return _words(name, suffix), units.get(suffix, Unit("", 1.0))


def _words(name: str, suffix: str) -> str:
    return plain(name.removesuffix(suffix).replace("_", " "), 30)
