"""Links of a campaign: what must be there before its first trial."""

from __future__ import annotations

from collections.abc import Iterable

from benchharness.trial.spec import VariantSpec


def require_links(specs: Iterable[VariantSpec]) -> None:
    """Raise UnfitError if links are to be kept by the kernel alone and it cannot."""
    links = (each.link for spec in specs for each in spec.participants)
    if any(link is not None and link.shaping == "kernel" for link in links):
        from benchharness.links.hindrance import kernel_hindrance, required

        hindrance = kernel_hindrance()
        if hindrance is not None:
            raise required(hindrance)
