"""What is asked of a summary again and again is worked out once: a summary never changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from benchharness.model import CampaignSummary

_Found = TypeVar("_Found")


def once_each(
    worked_out: Callable[[CampaignSummary], _Found],
) -> Callable[[CampaignSummary], _Found]:
    """Keep what a function finds with the summary itself, as ``cached_property`` does."""
    name = f"_{worked_out.__module__}.{worked_out.__qualname__}"

    @wraps(worked_out)
    def remembered(summary: CampaignSummary) -> _Found:
        kept = summary.__dict__
        if name not in kept:
            kept[name] = worked_out(summary)
        found: _Found = kept[name]
        return found

    return remembered
