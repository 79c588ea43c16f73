"""The testbed of a campaign as it was stored: what its devices are said to draw, and by whom."""

from __future__ import annotations

from benchharness.report.timeline import SeriesReader
from benchharness.store.database import Store
from benchharness.testbed.document import testbed_from
from benchharness.testbed.records import Testbed


def stored_testbed(reader: SeriesReader | None, campaign_id: str) -> Testbed | None:
    """Return the testbed that a campaign ran on; None without one, or without its results file."""
    if not isinstance(reader, Store):
        return None
    document = reader.campaign(campaign_id).spec.get("testbed")
    return testbed_from(document)[0] if document else None
