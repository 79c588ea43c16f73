"""Links: those that can be named, and what a campaign with links must have before it starts."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchharness.errors import BenchharnessError
    from benchharness.links.records import LinkTrace
    from benchharness.trial.spec import VariantSpec


def require_links(specs: Iterable[VariantSpec]) -> None:
    """Raise UnfitError if links are to be kept by the kernel alone and it cannot."""
    links = (each.link for spec in specs for each in spec.participants)
    if any(link is not None and link.shaping == "kernel" for link in links):
        from benchharness.links.hindrance import kernel_hindrance, required

        hindrance = kernel_hindrance()
        if hindrance is not None:
            raise required(hindrance)


def list_links(
    _args: argparse.Namespace, broken: list[BenchharnessError]
) -> tuple[list[dict[str, Any]], list[list[str]], str]:
    """Return the links that can be named: for --json, for people, what to say if there are none."""
    from benchharness.errors import UsageError
    from benchharness.plan.link_file import link_files, load_link

    entries, rows = [], []
    for name, file in link_files().items():
        try:
            trace = load_link(file)
        except UsageError as error:
            broken.append(error)
            continue
        entries.append({"name": name, **trace.to_json(), "file": str(file)})
        rows.append([name, trace.title, _rates_text(trace)])
    return entries, rows, "no links: is the installation complete?"


def _rates_text(trace: LinkTrace) -> str:
    """Return ``up 5-20, down 2 Mbit/s; 4 rates, again every 60 s``."""
    text = f"up {_span(trace.up_bit_s)}, down {_span(trace.down_bit_s)} Mbit/s"
    if trace.is_constant:
        return text
    again = "" if trace.repeat_s is None else f", again every {trace.repeat_s:g} s"
    return f"{text}; {len(trace.t_s)} rates{again}"


def _span(rates_bit_s: Sequence[float]) -> str:
    least, most = min(rates_bit_s) / 1e6, max(rates_bit_s) / 1e6
    return f"{least:g}" if least == most else f"{least:g}-{most:g}"
