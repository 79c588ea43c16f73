"""A stored campaign becomes a request again, with its workloads as they are now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from benchharness.cli.request import Request
from benchharness.cli.run_options import Options
from benchharness.errors import UsageError
from benchharness.links.document import links_from
from benchharness.plan.goals import goals_from_spec
from benchharness.plan.manifest import command_workload, find_workload
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import RunTable, Variant
from benchharness.testbed.document import require_room, testbed_from, usable_cores


def request_from_spec(spec: Mapping[str, Any], wanted: Collection[int] | None = None) -> Request:
    """Rebuild a stored request, for the variants that are ``wanted`` (None: all).

    Raises UsageError if a workload or the folder of a command is not there any more, UnfitError
    if this machine has too few cores for the devices of its testbed.
    """
    refuse_lost(spec)
    _refuse_foreign(spec["source"])
    manifests = _manifests(spec["source"])
    first = next(iter(manifests))
    variants = tuple(
        Variant(each["index"], each["label"], each["factors"], each.get("workload", first))
        for each in spec["variants"]
        if wanted is None or each["index"] in wanted
    )
    stored = dict(spec["options"])
    stored["meters"] = tuple(stored["meters"])
    table = RunTable(variants, (), spec["seed"])
    testbed, cores = testbed_from(spec["testbed"]) if "testbed" in spec else (None, {})
    require_room(cores, usable_cores())
    return Request(
        manifests,
        table,
        Options(**stored),
        spec["title"],
        spec["source"],
        goals=goals_from_spec(spec),
        pilot_width=(spec.get("pilot") or {}).get("width"),
        testbed=testbed,
        device_cores=cores,
        links=links_from(spec.get("links", {})),
    )


def refuse_lost(spec: Mapping[str, Any]) -> None:
    """Raise UsageError where a rescue of a damaged file has left no request."""
    if "source" not in spec:
        raise UsageError(
            "what the campaign was asked for is not stored",
            remedy="run it anew; 'benchharness show' tells what was measured",
        )


def _refuse_foreign(source: Mapping[str, Any]) -> None:
    """Raise UsageError for trials that this program did not start itself."""
    if source["kind"] == "import":
        what = f"was imported from {source['program']}, which has to run it"
        remedy = "run it there again, and import the files together"
    elif source["kind"] == "python":
        what, remedy = "was measured from Python code, which has to run", "run that code again"
    else:
        return
    raise UsageError(f"the campaign {what}", remedy=remedy)


def _manifests(source: Mapping[str, Any]) -> dict[str, Manifest]:
    if source["kind"] == "command":
        folder = Path(source["folder"])
        if Path.cwd() != folder:
            raise UsageError(
                "the command was started in another folder",
                where=str(folder),
                remedy="go there and resume again",
            )
        manifests = [command_workload(source["argv"])]
    elif source["kind"] == "campaign":
        manifests = [find_workload(file) for file in source["workloads"].values()]
    else:
        manifests = [find_workload(source["workload"])]
    return {manifest.name: manifest for manifest in manifests}
