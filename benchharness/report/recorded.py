"""Recordings out of a results file: what a meter said in a stored trial, for ``replay``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchharness.errors import UnknownNameError, UsageError
from benchharness.meters.replay_recording import Recording
from benchharness.model import Reading
from benchharness.report.derive_energy import capabilities_of
from benchharness.store.database import Store
from benchharness.store.records import StreamRecord, TrialRecord

_CHANNELS = ("power_w", "energy_j")


def read_stored(path: Path, options: Mapping[str, str]) -> Recording:
    """Read a meter's readings of one trial, with the capabilities that were stored with them.

    ``options``: ``campaign`` (an id, the beginning of one, or "last"), ``trial`` (the number of
    the run as reports show it, from 1) and ``meter``, each only needed where there are several.
    Raises UsageError with the names that there are.
    """
    where = str(path)
    with Store.open(path, create=False, read_only=True) as store:
        campaign = store.campaign(options.get("campaign", "last"))
        trial = _trial(store.trials(campaign.id), options.get("trial"), where)
        meters = [s for s in store.streams(trial.trial_id) if s.source == "meter"]
        stream = _meter(meters, options.get("meter"), where)
        there = [c.name for c in stream.channels if c.name in _CHANNELS]
        times_ns, columns = store.read_stream(stream.stream_id, there)
    values = [_values(columns[name].tolist()) if name in there else None for name in _CHANNELS]
    readings = tuple(
        Reading(t_ns, *(None if column is None else column[place] for column in values))
        for place, t_ns in enumerate(times_ns.tolist())
    )
    can = capabilities_of(stream.meta)
    source = (
        f"{can.measurement_class.value} readings of meter {stream.name} "
        f"in run {trial.index + 1} of campaign {campaign.id}"
    )
    return Recording(tuple(sorted(readings, key=lambda r: r.t_ns)), source, can)


def _trial(trials: Sequence[TrialRecord], wanted: str | None, where: str) -> TrialRecord:
    if wanted is None and len(trials) == 1:
        return trials[0]
    if wanted is None:
        raise UsageError(
            f"the campaign has {len(trials)} runs", where=where, remedy="choose one: ?trial=1"
        )
    for trial in trials:
        if str(trial.index + 1) == wanted:
            return trial
    raise UsageError(
        f"there is no run {wanted}", where=where, remedy=f"choose one from 1 to {len(trials)}"
    )


def _meter(meters: Sequence[StreamRecord], wanted: str | None, where: str) -> StreamRecord:
    names = [meter.name for meter in meters]
    if not meters:
        raise UsageError("the run was made without a meter", where=where, remedy="choose another")
    if wanted is None and len(meters) == 1:
        return meters[0]
    if wanted is None:
        raise UsageError(
            f"the run has the meters {', '.join(names)}", where=where, remedy="add &meter=NAME"
        )
    if wanted not in names:
        raise UnknownNameError("meter of the run", wanted, names, where=where)
    return meters[names.index(wanted)]


def _values(column: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column]
