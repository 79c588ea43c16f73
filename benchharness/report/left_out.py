"""What a campaign was to run and could not, as notes: the variants left out, by their reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.model import Caution
from benchharness.stats.saying import listed


def left_out_cautions(spec: Mapping[str, Any]) -> list[Caution]:
    """Return a note for each reason for which variants were left out (--skip-missing)."""
    by_reason: dict[str, list[str]] = {}
    for variant in spec.get("left_out", ()):
        by_reason.setdefault(variant["reason"], []).append(variant["label"])
    found = []
    for reason, labels in by_reason.items():
        what, _, remedy = reason.partition("; ")
        found.append(Caution("left-out", f"left out: {listed(labels)}: {what}", remedy or None))
    return found
