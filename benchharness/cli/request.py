"""What the user asked to be measured: a workload, a campaign file, a command, or a stored one.

A request is also what is stored with a campaign, so that it can be finished later.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchharness.errors import UsageError
from benchharness.plan.campaign import find_campaign, load_campaign
from benchharness.plan.manifest import command_workload, find_workload
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import (
    RunTable,
    Variant,
    fresh_seed,
    parse_set,
    parse_vary,
    plan_run,
)

_OPTIONS = ("repeat", "warmup", "idle_s", "probe_hz", "seed", "timeout_s")


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure. ``idle_s`` None: chosen for the meter; no ``meters``: the best there is."""

    repeat: int = 1
    warmup: int = 0
    idle_s: float | None = None
    cooldown_s: float | None = None
    probe_hz: float = 10.0
    seed: int = 0
    timeout_s: float | None = None
    quick: bool = False
    meters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, naming the option."""
        for option, value, low in (
            ("--repeat", self.repeat, 1),
            ("--warmup", self.warmup, 0),
            ("--idle", self.idle_s, 0),
            ("--cooldown", self.cooldown_s, 0),
        ):
            if value is not None and not low <= value < float("inf"):
                raise UsageError(f"{value} is below {low}", where=option)
        if not 0 < self.probe_hz <= 1000:
            raise UsageError(
                f"{self.probe_hz:g} is not a rate", where="--probe-hz", remedy="use 0.1 to 1000"
            )
        if self.timeout_s is not None and not 0 < self.timeout_s < float("inf"):
            raise UsageError(
                f"{self.timeout_s:g} s is no time", where="--timeout", remedy="use more than 0"
            )


@dataclass(frozen=True, slots=True)
class Request:
    """A manifest, its run table, and how to measure it."""

    manifest: Manifest
    table: RunTable
    options: Options
    title: str
    source: Mapping[str, Any]

    def spec(self) -> dict[str, Any]:
        """Return what is stored with the campaign; ``from_spec`` is the way back."""
        return {
            "workload": self.manifest.name,
            "title": self.title,
            "source": dict(self.source),
            "variants": [
                {"index": v.index, "label": v.label, "factors": dict(v.factors)}
                for v in self.table.variants
            ],
            "repeat": self.options.repeat,
            "seed": self.options.seed,
            "quick": self.options.quick,
            "options": asdict(self.options),
        }


def request_from_arguments(args: argparse.Namespace) -> Request:
    """Plan what the command line asks for. Raises UsageError."""
    options = Options(
        **{name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None},
        cooldown_s=args.cooldown_s,
        quick=args.quick,
        meters=tuple(args.meter or ()),
    )
    if args.seed is None:
        options = replace(options, seed=fresh_seed())
    if args.program is not None:
        return _command(args, options)
    if args.target is None:
        raise UsageError(
            "nothing to run",
            remedy="name a workload (benchharness list workloads), a campaign file, "
            "or write: benchharness run -- PROGRAM ARGUMENTS",
        )
    campaign_file = find_campaign(args.target)
    if campaign_file is not None:
        return _campaign(args, campaign_file, options)
    manifest = find_workload(args.target)
    table = plan_run(
        manifest,
        parse_set(args.set),
        parse_vary(args.vary),
        options.repeat,
        options.seed,
        quick=options.quick,
    )
    source = {"kind": "workload", "workload": str(manifest.file)}
    return Request(manifest, table, options, args.title or manifest.title, source)


def request_from_spec(spec: Mapping[str, Any]) -> Request:
    """Rebuild a stored request, with the workload as it is now. Raises UsageError."""
    source = spec["source"]
    if source["kind"] == "command":
        folder = Path(source["folder"])
        if Path.cwd() != folder:
            raise UsageError(
                "the command was started in another folder",
                where=str(folder),
                remedy="go there and resume again",
            )
        manifest = command_workload(source["argv"])
    else:
        manifest = find_workload(source["workload"])
    stored = dict(spec["options"])
    stored["meters"] = tuple(stored["meters"])
    variants = tuple(Variant(v["index"], v["label"], v["factors"]) for v in spec["variants"])
    table = RunTable(variants, (), spec["seed"])
    return Request(manifest, table, Options(**stored), spec["title"], source)


def _command(args: argparse.Namespace, options: Options) -> Request:
    if args.target is not None:
        raise UsageError(
            f"both a workload ({args.target}) and a command after --", remedy="name one of the two"
        )
    manifest = command_workload(args.program)
    table = plan_run(
        manifest, parse_set(args.set), parse_vary(args.vary), options.repeat, options.seed
    )
    source = {"kind": "command", "argv": list(args.program), "folder": str(Path.cwd())}
    return Request(manifest, table, options, args.title or manifest.title, source)


def _campaign(args: argparse.Namespace, file: Path, options: Options) -> Request:
    """Plan a campaign file; what the command line says comes before what the file says."""
    campaign = load_campaign(file)
    if args.quick:
        campaign = campaign.under_quick()
    from_file = {
        name: getattr(campaign, name)
        for name in _OPTIONS
        if getattr(args, name) is None and getattr(campaign, name) is not None
    }
    if not options.meters and campaign.meters:
        from_file["meters"] = campaign.meters
    options = replace(options, **from_file)
    fixed: dict[str, Any] = {**campaign.set, **parse_set(args.set)}
    varied: dict[str, Any] = {**campaign.vary, **parse_vary(args.vary)}
    for name in parse_set(args.set):
        varied.pop(name, None)
    for name in parse_vary(args.vary):
        fixed.pop(name, None)
    table = plan_run(
        campaign.manifest,
        fixed,
        varied,
        options.repeat,
        options.seed,
        quick=options.quick,
        exclude=campaign.exclude,
        places=campaign.places,
    )
    workload = str(campaign.manifest.file)
    source = {"kind": "workload", "workload": workload, "campaign": str(file.resolve())}
    return Request(campaign.manifest, table, options, args.title or campaign.title, source)
