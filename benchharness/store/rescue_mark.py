"""Campaigns that lost trials with the damage say so: in their state, and in what they planned."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

LOST_TRIALS = "lost_trials"  # a key of the stored specification: {"lost": 4, "planned": 15}


def mark_lost_trials(connection: sqlite3.Connection) -> None:
    """Mark each campaign of which fewer trials are left than were planned as interrupted.

    The caller holds a transaction, and every specification is JSON.
    """
    rows = connection.execute(
        "SELECT c.id, spec, count(t.id), coalesce(max(run_index) + 1, 0) FROM campaign c"
        " LEFT JOIN trial t ON t.campaign_id = c.id AND replaced_by IS NULL GROUP BY c.id"
    ).fetchall()
    for campaign_id, spec, left, last in rows:
        told = json.loads(spec)
        planned = max(_planned(told), last)
        if left < planned:
            told[LOST_TRIALS] = {"lost": planned - left, "planned": planned}
            connection.execute(
                "UPDATE campaign SET spec = ?, state = 'interrupted' WHERE id = ?",
                (json.dumps(told), campaign_id),
            )


def lost_lines(path: Path) -> list[str]:
    """Return a line for each campaign of the file that has lost trials."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT id, spec FROM campaign ORDER BY seq").fetchall()
    found = [(campaign_id, lost_text(json.loads(spec))) for campaign_id, spec in rows]
    return [f"campaign {campaign_id}: {text}" for campaign_id, text in found if text]


def lost_text(spec: Mapping[str, Any]) -> str:
    """Return what a campaign has lost, in words; "" for nothing."""
    lost = spec.get(LOST_TRIALS)
    if not lost:
        return ""
    return f"{lost['lost']} of {lost['planned']} planned trials were lost with a damaged file"


def _planned(spec: Mapping[str, Any]) -> int:
    """Return how many trials a fixed number of repetitions makes; 0 where a rule decides."""
    try:
        grows = {"width", "time_s", "energy_j"} & set(spec.get("stop") or {})
        return 0 if grows else int(spec["repeat"]) * len(spec["variants"])
    except (KeyError, TypeError, ValueError):
        return 0
