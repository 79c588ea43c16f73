"""``benchharness list``: workloads, meters, campaigns, runtimes and published results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from benchharness.cli.common import (
    EXIT_CODES,
    HelpFormatter,
    add_results_option,
    results_path,
)
from benchharness.cli.links import list_links
from benchharness.report.commands import DEFAULT_RESULTS

if TYPE_CHECKING:
    from benchharness.errors import BenchharnessError
    from benchharness.plan.factors import Factor
    from benchharness.plan.records import Manifest
    from benchharness.plan.runtimes import Runtime

Entries = list[dict[str, Any]]
Answer = tuple[Entries, list[list[str]], str]  # for --json, for people, what to say if empty


EXAMPLES = """\
examples:
  benchharness list workloads
  benchharness list campaigns --results lab.db
  benchharness list runtimes --json

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "list",
        help="list workloads, meters, campaigns, runtimes, published results, testbeds or links",
        description="Lists what there is. Campaigns are those of the results file, newest first.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("what", choices=tuple(_LISTS), metavar="|".join(_LISTS))
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one list; 2 if one of its files is broken, after the others."""
    from benchharness.cli.columns import columns

    broken: list[BenchharnessError] = []
    entries, rows, nothing = _LISTS[args.what](args, broken)
    if args.json:
        import json

        print(json.dumps({args.what: entries}, indent=2, ensure_ascii=False))
    elif rows:
        print("\n".join(columns(rows)))
    else:
        print(nothing, file=sys.stderr)
    for error in broken:
        print(f"benchharness: {error.line()}", file=sys.stderr)
    return 2 if broken else 0


def _workloads(_args: argparse.Namespace, broken: list[BenchharnessError]) -> Answer:
    from benchharness.errors import UsageError
    from benchharness.plan.manifest import find_workload, workload_files

    manifests = []
    for name in workload_files():
        try:
            manifests.append(find_workload(name))
        except UsageError as error:
            broken.append(error)
    entries = [
        {
            "name": manifest.name,
            "title": manifest.title,
            "description": manifest.description,
            "folder": str(manifest.folder),
            "factors": [_factor_entry(factor) for factor in manifest.factors.values()],
        }
        for manifest in manifests
    ]
    rows = [[m.name, m.title, _factors_in_words(m)] for m in manifests]
    return entries, rows, "no workloads: is the installation complete?"


def _factor_entry(factor: Factor) -> dict[str, Any]:
    return {
        "name": factor.name,
        "type": factor.kind,
        "default": factor.default,
        "levels": None if factor.levels is None else list(factor.levels),
        "quick": factor.quick,
        "min": factor.minimum,
        "max": factor.maximum,
        "description": factor.description,
        "applies_when": {name: list(levels) for name, levels in factor.applies_when.items()},
    }


def _factors_in_words(manifest: Manifest) -> str:
    """Return ``n=5000 runtime=wasmtime|native``, the default first."""
    from benchharness.plan.templates import as_text

    words = []
    for factor in manifest.factors.values():
        others = [level for level in factor.levels or () if level != factor.default]
        words.append(f"{factor.name}={'|'.join(map(as_text, (factor.default, *others)))}")
    return " ".join(words)


def _meters(_args: argparse.Namespace, broken: list[BenchharnessError]) -> Answer:
    from benchharness.errors import BenchharnessError
    from benchharness.meters.instrument import instrument_files, load_meter, read_instrument
    from benchharness.meters.onboard.found import DRIVERS, find_onboard

    there = {meter.driver: meter for meter in find_onboard()}
    entries: Entries = []
    for path in instrument_files().values():
        try:
            instrument = read_instrument(path)
            meter = load_meter(instrument)
            capabilities = meter.capabilities()
        except BenchharnessError as error:
            broken.append(error)
            continue
        entries.append(
            {
                "name": instrument.name,
                "driver": instrument.driver,
                "target": meter.instrument.target,
                "part_of": meter.instrument.part_of,
                "class": capabilities.measurement_class.value,
                "here": instrument.driver in there if instrument.driver in DRIVERS else None,
                "file": str(path),
            }
        )
    entries.sort(key=lambda entry: entry["name"])
    words = {True: "on this machine", False: "not on this machine", None: ""}
    rows = [[e["name"], e["class"], e["driver"], e["target"], words[e["here"]]] for e in entries]
    return entries, rows, "no meters: is the installation complete?"


def _campaigns(args: argparse.Namespace, _broken: list[BenchharnessError]) -> Answer:
    path = results_path(args)
    nothing = f"no campaigns in {path}; for a first one: benchharness run matrix --quick"
    if str(path) == DEFAULT_RESULTS and not path.exists():
        return [], [], nothing  # nobody has run anything here, which is not an error
    from benchharness.model import Status
    from benchharness.store.database import Store

    entries: Entries = []
    with Store.open(path, create=False, read_only=True) as store:
        for campaign in store.campaigns():
            trials = [t for t in store.trials(campaign.id) if t.replaced_by is None]
            entries.append(
                {
                    "campaign": campaign.id,
                    "created_utc": campaign.created_utc,
                    "state": campaign.state,
                    "trials": len(trials),
                    "ok": sum(trial.status is Status.OK for trial in trials),
                    "title": campaign.title,
                    "workloads": _workload_names(campaign.spec),
                    "command": campaign.command,
                }
            )
    rows = [
        [e["campaign"], e["created_utc"], e["state"], f"{e['ok']}/{e['trials']} ok", e["title"]]
        for e in entries
    ]
    return entries, rows, nothing


def _workload_names(spec: Mapping[str, Any]) -> list[str]:
    """Return the workloads of a stored campaign; an older one has one only."""
    alone = spec.get("workload")
    return list(spec.get("workloads") or ([alone] if alone else []))


def _runtimes(_args: argparse.Namespace, _broken: list[BenchharnessError]) -> Answer:
    from benchharness.plan.runtimes import list_runtimes

    runtimes = list_runtimes()
    entries: Entries = [
        {
            "name": runtime.name,
            "title": runtime.title,
            "version": runtime.version,
            "modes": list(runtime.modes),
            "compilers": list(runtime.compilers),
            "where": runtime.where,
            "install": runtime.install,
        }
        for runtime in runtimes
    ]
    rows = [
        [r.name, r.version or "missing", "; ".join(filter(None, (r.title, _modes(r), r.install)))]
        for r in runtimes
    ]
    return entries, rows, "no runtimes"


def _modes(runtime: Runtime) -> str:
    """Return the modes in words; with a command after them, they are not all there could be."""
    return f"modes {', '.join(runtime.modes)}" if runtime.modes else ""


def _published(_args: argparse.Namespace, broken: list[BenchharnessError]) -> Answer:
    from benchharness.errors import UsageError
    from benchharness.report.published import published_folders
    from benchharness.report.published_read import read_published

    entries: Entries = []
    rows = []
    for name, folder in published_folders().items():
        try:
            published = read_published(folder)
        except UsageError as error:
            broken.append(error)
            continue
        workloads = list(dict.fromkeys(row.workload for row in published.rows))
        entries.append(
            {
                "name": name,
                "title": published.title,
                "section": published.section,
                "workloads": workloads,
                "rows": len(published.rows),
                "findings": len(published.findings),
                "folder": str(folder),
            }
        )
        what = f"{len(published.findings)} findings in its audit"
        rows.append(
            [name, ", ".join(workloads), f"{published.short}, section {published.section}; {what}"]
        )
    return entries, rows, "no published results: is the installation complete?"


def _testbeds(_args: argparse.Namespace, broken: list[BenchharnessError]) -> Answer:
    from benchharness.cli.testbeds import device_share_text
    from benchharness.errors import UsageError
    from benchharness.plan.testbed_file import load_testbed, testbed_files
    from benchharness.testbed.document import testbed_document, usable_cores

    entries: Entries = []
    rows: list[list[str]] = []
    for name, file in testbed_files().items():
        try:
            testbed = load_testbed(file)
        except UsageError as error:
            broken.append(error)
            continue
        cores = testbed.cores(usable_cores())
        document = testbed_document(testbed, cores)
        entries.append({**document, "name": name, "file": str(file)})
        shares = ", ".join(device_share_text(each, cores[each.name]) for each in testbed.devices)
        rows.append([name, testbed.title, f"{shares} cores here"])
    return entries, rows, "no testbeds: is the installation complete?"


_LISTS: dict[str, Callable[[argparse.Namespace, list[BenchharnessError]], Answer]] = {
    "workloads": _workloads,
    "meters": _meters,
    "campaigns": _campaigns,
    "runtimes": _runtimes,
    "published": _published,
    "testbeds": _testbeds,
    "links": list_links,
}
