"""What is said of a trial's links where they are not as they were wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from benchharness.errors import UnfitError
from benchharness.links.records import LinkTrace
from benchharness.links.shaping import free_share
from benchharness.model import Caution

_MOST_FREE_SHARE = 0.05  # which changes may add to a link's rates


def by_programs(error: UnfitError) -> Caution:
    """Return what is said where the kernel cannot keep the links."""
    message = (
        "the links were kept by the programs themselves, not by the kernel, and nobody "
        f"counted their bytes: {error.what}"
    )
    return Caution("links-by-programs", message, error.remedy)


def plugs_without_links() -> Caution:
    """Return what is said where devices have plugs and their programs were to keep the links."""
    message = "the links were kept by the programs: plugs of devices drew nothing for sending"
    return Caution("links-by-programs", message, "leave them to the kernel: shaping = auto")


def bursts(traces: Mapping[str, LinkTrace]) -> list[Caution]:
    """Say which link changes too often for the kernel to keep its rates."""
    shares = {name: free_share(trace) for name, trace in traces.items()}
    worst = max(shares, key=lambda name: shares[name], default=None)
    if worst is None or shares[worst] <= _MOST_FREE_SHARE:
        return []
    message = (
        f"{worst}'s link changes so often that the kernel may let {shares[worst]:.0%} more "
        "through than its trace says"
    )
    return [Caution("link-bursts", message, "take means over longer times")]


def looked_back(
    fault: str | None, gone: Collection[str], traces: Mapping[str, LinkTrace], *, begun: bool
) -> list[Caution]:
    """Say what has not become of the traces: a fault, interfaces that are gone, no window."""
    found: list[Caution] = []
    if fault is not None:
        message = f"a link did not get the rate that its trace has: {fault}"
        found.append(Caution("link-rate", message, "repeat the trial"))
    if gone:
        message = f"{min(gone)}'s interface went while the trial ran, and with it its link"
        found.append(Caution("links-gone", message, "repeat the trial"))
    changing = [name for name, trace in traces.items() if not trace.is_constant]
    if changing and not begun:
        message = f"no program marked a window: {changing[0]}'s link kept its first rates"
        remedy = "mark one: benchharness.events.window()"
        found.append(Caution("links-not-played", message, remedy))
    return found
