"""The campaign's document with every event and observation, written stream by stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.document import json_types, to_document

if TYPE_CHECKING:
    from benchharness.store.database import Store
    from benchharness.store.records import EventRecord


def write_raw_json(summary: CampaignSummary, store: Store, path: Path) -> Path:
    """Write ``{..., "observations": [...], "events": [...]}``; a missing value is null.

    One stream is in memory at a time. Raises UsageError when the file cannot be written.
    """
    head = json.dumps(to_document(summary), allow_nan=False)
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(head[:-1] + ', "observations": [')
            for place, stream in enumerate(_streams(summary, store)):
                file.write((", " if place else "") + json.dumps(stream, allow_nan=False))
            file.write('], "events": [')
            for place, event in enumerate(_events(summary, store)):
                file.write((", " if place else "") + json.dumps(event, allow_nan=False))
            file.write("]}\n")
    except OSError as error:
        raise UsageError(
            f"cannot write JSON: {error.strerror}", where=str(path), remedy="choose another file"
        ) from error
    return path


def _streams(summary: CampaignSummary, store: Store) -> Iterator[dict[str, Any]]:
    for trial in summary.trials:
        for stream in store.streams(trial.trial_id):
            times_ns, columns = store.read_stream(stream.stream_id)
            yield {
                "trial": trial.index,
                "source": stream.source,
                "name": stream.name,
                "meta": json_types(stream.meta),
                "units": {channel.name: channel.unit for channel in stream.channels},
                "t_ns": times_ns.tolist(),
                "channels": {name: json_types(v.tolist()) for name, v in columns.items()},
            }


def _events(summary: CampaignSummary, store: Store) -> Iterator[dict[str, Any]]:
    for trial in summary.trials:
        for event in store.events(trial.trial_id):
            yield {"trial": trial.index, **event_fields(event)}


def event_fields(event: EventRecord) -> dict[str, Any]:
    """Return an event as JSON types, in the order of its fields."""
    names = ("t_ns", "participant", "kind", "edge", "name", "value", "text", "unit", "step")
    return {name: json_types(getattr(event, name)) for name in names}
