"""A sentence about what so many repetitions tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.plan.stop import percent
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.cli.telling import Telling


def alone_text(told: Telling) -> str:
    """Return how well the mean of a variant will be known."""
    if told.width is None:
        return f"{_about(told)}: no interval"
    return f"{_about(told)}: a 95 % interval about {percent(told.width)} wide"


def telling_text(told: Telling) -> str:
    """Return ``plug-1, windows of 30 s: differences below 4.1 % will stay undecided; ...``."""
    said = "no difference can be told apart"
    if told.difference is not None and told.difference >= 1.0:
        said = f"only differences above {percent(told.difference)} can be told apart"
    elif told.difference is not None:
        said = f"differences below {percent(told.difference)} will stay undecided"
    if told.better is not None:
        said += f"; {told.better[1]} repetitions would tell {percent(told.better[0])}"
    elif told.estimated:
        said += "; an estimate is wrong for each program on its own: connect a plug"
    elif told.shared_rel > told.spread_rel:
        said += (
            f"; its {told.lasting} leaves ± {percent(told.shared_rel)} however often it is "
            f"repeated: benchharness advise --meter {told.meter} says what would help"
        )
    return f"{_about(told)}: {said}"


def _about(told: Telling) -> str:
    about = [] if told.meter is None else [told.meter]
    if told.window_s is not None:
        about.append(f"windows of {format_duration(told.window_s)}")
    return ", ".join([*about, f"{told.repetitions} repetitions"])
