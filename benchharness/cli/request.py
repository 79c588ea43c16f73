"""What the user asked to be measured: a workload, a campaign file, or a command.

A request is also what is stored with a campaign, so that it can be finished later
(:mod:`benchharness.cli.stored_request`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchharness.cli.goal_options import layer_from_arguments
from benchharness.cli.run_options import Options
from benchharness.cli.testbeds import on_testbed
from benchharness.errors import UsageError
from benchharness.links.document import Links, links_document
from benchharness.model import Factors
from benchharness.plan.baseline import settled_baseline
from benchharness.plan.campaign import Campaign, find_campaign, load_campaign
from benchharness.plan.factor_options import parse_set, parse_vary
from benchharness.plan.factors import satisfied
from benchharness.plan.goals import Goals, Layer, combine_layers
from benchharness.plan.manifest import command_workload, find_workload
from benchharness.plan.overrides import only, override
from benchharness.plan.quantities import read_share
from benchharness.plan.records import Manifest
from benchharness.plan.run_table import RunTable, Variant, fresh_seed, plan_run
from benchharness.plan.testbed_file import find_testbed
from benchharness.testbed.document import testbed_document
from benchharness.testbed.records import Testbed

_OPTIONS = ("warmup", "idle_s", "probe_hz", "seed", "timeout_s")
_PILOT_WIDTH = 0.05  # what a pilot's proposal is for, where nobody says
_NO_METER = ("none",)


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
    """The workloads by name, their run table, and how to measure it.

    With a testbed, ``device_cores`` is the share of this machine that each device has, in cores.
    ``links`` are those that have been read, by their text.
    """

    manifests: Mapping[str, Manifest]
    table: RunTable
    options: Options
    title: str
    source: Mapping[str, Any]
    left_out: tuple[LeftOut, ...] = ()
    goals: Goals = field(default_factory=Goals)
    pilot_width: float | None = None  # None: no pilot
    testbed: Testbed | None = None
    device_cores: Mapping[str, float] = field(default_factory=dict)
    links: Mapping[str, Links] = field(default_factory=dict)

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
            **self.goals.spec(),
            **({} if self.pilot_width is None else {"pilot": {"width": self.pilot_width}}),
            **self._testbed_spec(),
            **({} if not (links := links_document(self.links)) else {"links": links}),
        }

    def _testbed_spec(self) -> dict[str, Any]:
        if self.testbed is None:
            return {}
        return {"testbed": testbed_document(self.testbed, self.device_cores)}

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
    said = layer_from_arguments(args)
    campaign_file = None
    if args.program is None and args.target is not None:
        campaign_file = find_campaign(args.target)
    if campaign_file is not None:
        return _campaign(args, campaign_file, options, said)
    if args.only:
        raise UsageError(
            "only a campaign file has several workloads", where="--only", remedy="leave it out"
        )
    plan = _command if args.program is not None else _workload
    goals = combine_layers([said])
    request = plan(args, replace(options, repeat=goals.repeat_planned))
    return _settled(on_testbed(request, _named_testbed(args)), goals, args, [said])


def _named_testbed(args: argparse.Namespace) -> Testbed | None:
    return None if args.testbed is None else find_testbed(args.testbed, "--testbed")


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


def _campaign(args: argparse.Namespace, file: Path, options: Options, said: Layer) -> Request:
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
    layers = [*campaign.goals, said]
    goals = combine_layers(layers)
    options = replace(options, repeat=goals.repeat_planned, **from_file)
    parts = campaign.parts
    if args.only:
        parts = only(parts, [name.strip() for each in args.only for name in each.split(",")])
    parts = override(parts, parse_set(args.set), parse_vary(args.vary))
    table = replace(campaign, parts=parts).plan(options.repeat, options.seed, quick=options.quick)
    manifests = {part.manifest.name: part.manifest for part in parts}
    title = args.title or campaign.title
    request = Request(manifests, table, options, title, _source(campaign, manifests))
    request = on_testbed(request, _named_testbed(args) or campaign.testbed)
    return _settled(request, goals, args, layers)


def _settled(
    request: Request, goals: Goals, args: argparse.Namespace, layers: Sequence[Layer]
) -> Request:
    """Return the request with its goals, checked against what there is to compare."""
    baseline = settled_baseline(goals, request.manifests, request.table.variants)
    request = replace(request, goals=replace(goals, baseline=baseline))
    if request.options.meters == _NO_METER:
        if (goals.metric or "").startswith("energy"):
            raise UsageError(
                "energy cannot be looked at without a meter",
                where="metric",
                remedy="leave out --meter none, or take another metric",
            )
        if goals.stop.energy_j is not None:
            raise UsageError(
                "a budget of energy needs a meter",
                where="energy_j",
                remedy="leave out --meter none, or the budget",
            )
    if args.pilot is None:
        return request
    widths = [layer.stop["width"] for layer in layers if "width" in layer.stop]
    if args.until_width is not None:
        widths.append(read_share(args.until_width, "--until-width"))
    return replace(request, pilot_width=widths[-1] if widths else _PILOT_WIDTH)


def _source(campaign: Campaign, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """Return where the workloads come from; a single one is as if it had been named itself."""
    files = {name: str(manifest.file) for name, manifest in manifests.items()}
    file = str(campaign.file.resolve())
    if len(files) == 1:
        return {"kind": "workload", "workload": next(iter(files.values())), "campaign": file}
    return {"kind": "campaign", "campaign": file, "workloads": files}
