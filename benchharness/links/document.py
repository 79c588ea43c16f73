"""The links of a campaign as they are stored with it, by the text that named them.

So a campaign that is resumed has the links that it began with, whatever has become of their files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.links.records import LinkTrace

# What a specification names, for instances in turn; None is this machine's own network.
Links = tuple[LinkTrace | None, ...] | None


def links_document(links: Mapping[str, Links]) -> dict[str, Any]:
    """Return what is stored of links; those of no network are nothing to be kept."""
    return {
        text: [trace and trace.to_json() for trace in traces]
        for text, traces in links.items()
        if traces is not None
    }


def links_from(document: Mapping[str, Any]) -> dict[str, Links]:
    """Return the links of a document. Raises UsageError for what are none."""
    return {
        text: tuple(trace and LinkTrace.from_json(trace) for trace in traces)
        for text, traces in document.items()
    }
