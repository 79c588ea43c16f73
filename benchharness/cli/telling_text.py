"""A sentence about what so many repetitions tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.plan.stop import percent
from benchharness.report.commands import command
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
            f"; its {told.lasting} leaves ± {percent(told.shared_rel)} however often it is repeated"
        )
    return f"{_about(told)}: {said}"


def advice_command(told: Telling) -> str | None:
    """Return the command that says what would tell half of what this tells; None for no need."""
    if told.power_w is None or told.better is not None or told.estimated:
        return None
    if told.shared_rel <= told.spread_rel:
        return None
    wished = min(0.5, (told.difference or 1.0) / 2.0)
    works_w, rests_w = told.power_w
    words = ["--meter", told.option or str(told.meter), "--difference", f"{100.0 * wished:.2g}%"]
    words += ["--power", f"{works_w:.6g}"]
    words += [] if rests_w is None else ["--idle-power", f"{rests_w:.6g}"]
    return command("advise", *words, results=None)


def _about(told: Telling) -> str:
    about = [] if told.meter is None else [told.meter]
    if told.window_s is not None:
        about.append(f"windows of {format_duration(told.window_s)}")
    return ", ".join([*about, f"{told.repetitions} repetitions"])
