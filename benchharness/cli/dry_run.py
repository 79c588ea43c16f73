"""``run --dry-run``: what a request would do, how long it takes, and what it cannot tell apart.

Nothing is measured and no meter is opened: what an instrument can do is what its file declares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.cli.earlier import Known, known_variants
from benchharness.cli.families import comparisons
from benchharness.cli.growing import looked_at
from benchharness.cli.telling import Telling, telling_of

if TYPE_CHECKING:
    from benchharness.cli.request import Request
    from benchharness.meters.base import Meter
    from benchharness.trial.spec import TrialOptions

_LONGEST_DITHER_S = 2.0
_START_S = 0.25  # of the sampler and the programs, as seen on small machines


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with all that can be said of it beforehand.

    ``missing`` are lacks by the variant's index; ``beside_s`` is what each trial takes beside its
    windows. ``least`` and ``most`` repetitions differ where a rule decides; most None: budgets do.
    """

    request: Request
    meters: Sequence[Meter]
    options: TrialOptions
    known: Mapping[int, Known]
    missing: Mapping[int, str]
    beside_s: float
    least: int
    most: int | None
    metric: str
    telling: Sequence[Telling]

    @property
    def block_s(self) -> float | None:
        """Return how long a block takes, None where the window of a variant is not known."""
        found = [self.known.get(variant.index) for variant in self.request.table.variants]
        windows_s = [known.window_s for known in found if known is not None]
        if len(windows_s) < len(found):
            return None
        return sum(self.beside_s + (1 + self.options.warmup) * window for window in windows_s)

    @property
    def least_block_s(self) -> float:
        """Return how long a block takes at least: windows that are not known take no time."""
        windows_s = sum(known.window_s for known in self.known.values())
        count = len(self.request.table.variants)
        return count * self.beside_s + (1 + self.options.warmup) * windows_s

    @property
    def block_j(self) -> float | None:
        """Return the gross joules of a block's windows, None where any is not known."""
        found = [self.known.get(variant.index) for variant in self.request.table.variants]
        joules = [known.energy_j for known in found if known and known.energy_j is not None]
        return sum(joules) if joules and len(joules) == len(found) else None


def plan_of(request: Request, results: Path) -> Plan:
    """Return the plan. Raises UsageError for a meter or participants that cannot be."""
    from benchharness.cli.participants import check_participants
    from benchharness.cli.session import trial_options
    from benchharness.cli.variants import without_needs
    from benchharness.meters.instrument import load_meter
    from benchharness.testbed.plugs import instruments
    from benchharness.trial.equip import NO_METER, chosen_instruments

    check_participants(request.manifests, request.table.variants, request.testbed)
    names = request.options.meters
    devices = [] if request.testbed is None else instruments(request.testbed)
    chosen = [] if list(names) == [NO_METER] else chosen_instruments(names, devices)
    meters = [load_meter(instrument) for instrument in chosen]
    options = trial_options(request.options, meters)
    known = known_variants(results, request)
    metric = looked_at(request.spec())
    least, most = repetitions_of(request)
    return Plan(
        request=request,
        meters=meters,
        options=options,
        known=known,
        missing={index: error.line() for index, error in without_needs(request).items()},
        beside_s=_beside_s(options, meters),
        least=least,
        most=most,
        metric=metric,
        telling=telling_of(
            metric, meters, known, options.idle_s, most or least, comparisons(request)
        ),
    )


def repetitions_of(request: Request) -> tuple[int, int | None]:
    """Return the least and the most repetitions; equal for a fixed number."""
    rule = request.goals.stop
    if not rule.grows:
        return request.options.repeat, request.options.repeat
    return rule.least, rule.most


def _beside_s(options: TrialOptions, meters: Sequence[Meter]) -> float:
    """Return what a trial takes beside its windows: settling, rest, start and cool-down."""
    periods_s = [meter.capabilities().period_s or 0.0 for meter in meters]
    dither_s = min(max(periods_s, default=0.0), _LONGEST_DITHER_S) / 2.0
    settlings = 4 if options.warmup else 3
    rest_s = settlings * options.settle_s + 2.0 * options.idle_s
    return rest_s + dither_s + _START_S + options.cooldown_s
