"""What the user asked to be measured: a workload, a campaign file, or a command.

A request is also what is stored with a campaign, so that it can be finished later
(:mod:`benchharness.cli.stored_request`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchharness.cli.run_options import Options
from benchharness.errors import UsageError
from benchharness.model import Factors
from benchharness.plan.campaign import Campaign, find_campaign, load_campaign
from benchharness.plan.factor_options import parse_set, parse_vary
from benchharness.plan.factors import satisfied
from benchharness.plan.manifest import command_workload, find_workload
from benchharness.plan.overrides import only, override
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import RunTable, Variant, fresh_seed, plan_run

_OPTIONS = ("repeat", "warmup", "idle_s", "probe_hz", "seed", "timeout_s")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variant that cannot be run on this machine, and why, with the remedy."""

    index: int
    label: str
    workload: str
    factors: Factors
    reason: str

    def spec(self) -> dict[str, Any]:
        """Return what is stored of it."""
        kept = ("label", "workload", "factors", "reason")
        return {name: value for name, value in asdict(self).items() if name in kept}


@dataclass(frozen=True, slots=True)
class Request:
    """The workloads by name, their run table, and how to measure it."""

    manifests: Mapping[str, Manifest]
    table: RunTable
    options: Options
    title: str
    source: Mapping[str, Any]
    left_out: tuple[LeftOut, ...] = ()

    def spec(self) -> dict[str, Any]:
        """Return what is stored with the campaign; ``request_from_spec`` is the way back."""
        return {
            "workload": ", ".join(self.manifests),
            "workloads": list(self.manifests),
            "title": self.title,
            "source": dict(self.source),
            "variants": [
                {
                    "index": variant.index,
                    "label": variant.label,
                    "factors": dict(variant.factors),
                    "applies": self._applying(variant),
                    "workload": variant.workload,
                }
                for variant in self.table.variants
            ],
            "left_out": [variant.spec() for variant in self.left_out],
            "repeat": self.options.repeat,
            "seed": self.options.seed,
            "quick": self.options.quick,
            "options": asdict(self.options),
        }

    def _applying(self, variant: Variant) -> list[str]:
        """Return the names of the factors that mean something for a variant."""
        factors = self.manifests[variant.workload].factors
        return [
            name
            for name in variant.factors
            if name not in factors or satisfied(factors[name].applies_when, variant.factors)
        ]

    def without(self, left_out: Iterable[LeftOut]) -> Request:
        """Return the request for the other variants; those left out are kept in mind."""
        gone = tuple(left_out)
        table = self.table.without((each.index for each in gone), self.options.repeat)
        return replace(self, table=table, left_out=(*self.left_out, *gone))


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
    campaign_file = None
    if args.program is None and args.target is not None:
        campaign_file = find_campaign(args.target)
    if campaign_file is not None:
        return _campaign(args, campaign_file, options)
    if args.only:
        raise UsageError(
            "only a campaign file has several workloads", where="--only", remedy="leave it out"
        )
    return _command(args, options) if args.program is not None else _workload(args, options)


def _workload(args: argparse.Namespace, options: Options) -> Request:
    if args.target is None:
        raise UsageError(
            "nothing to run",
            remedy="name a workload (benchharness list workloads), a campaign file, "
            "or write: benchharness run -- PROGRAM ARGUMENTS",
        )
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
    manifests = {manifest.name: manifest}
    return Request(manifests, table, options, args.title or manifest.title, source)


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
    manifests = {manifest.name: manifest}
    return Request(manifests, table, options, args.title or manifest.title, source)


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
    parts = campaign.parts
    if args.only:
        parts = only(parts, [name.strip() for each in args.only for name in each.split(",")])
    parts = override(parts, parse_set(args.set), parse_vary(args.vary))
    table = replace(campaign, parts=parts).plan(options.repeat, options.seed, quick=options.quick)
    manifests = {part.manifest.name: part.manifest for part in parts}
    title = args.title or campaign.title
    return Request(manifests, table, options, title, _source(campaign, manifests))


def _source(campaign: Campaign, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """Return where the workloads come from; a single one is as if it had been named itself."""
    files = {name: str(manifest.file) for name, manifest in manifests.items()}
    file = str(campaign.file.resolve())
    if len(files) == 1:
        return {"kind": "workload", "workload": next(iter(files.values())), "campaign": file}
    return {"kind": "campaign", "campaign": file, "workloads": files}
