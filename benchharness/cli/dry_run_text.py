"""A dry run for people and for programs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from benchharness.cli.columns import columns
from benchharness.cli.families import comparisons
from benchharness.cli.participants import power_modes
from benchharness.cli.telling_text import advice_command, alone_text, telling_text
from benchharness.cli.testbeds import testbed_text
from benchharness.plan.run_table import block
from benchharness.plan.stop import percent
from benchharness.units import format_duration, format_si

if TYPE_CHECKING:
    from benchharness.cli.dry_run import Plan
    from benchharness.cli.telling import Telling
    from benchharness.plan.run_table import Variant

_SHOWN = 8  # variants of which the order of a block is written out
_BLOCKS = 2


def lines(plan: Plan, width: int = 100) -> list[str]:
    """Return the dry run for people, texts wrapped to a width."""
    out = [f"{plan.request.title}: nothing is measured", "", *_table(plan), ""]
    texts = [f"{name}: {text}" for name, text in _facts(plan)]
    texts += ["", "what it tells apart:", *telling_lines(plan)]
    missing = _missing(plan)
    texts += ["", *missing] if missing else []
    for text in texts:
        is_command = text.lstrip().startswith("benchharness ")  # wrapped, it would not run
        out += [text] if is_command else _wrapped(text, width)
    return out


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="    ") or [""]


def _table(plan: Plan) -> list[str]:
    if not plan.known:
        lacks = plan.missing
        return [
            each.label + ("  (lacks something)" if each.index in lacks else "")
            for each in plan.request.table.variants
        ]
    rows = [["variant", "window", "energy", "known from"]]
    for variant in plan.request.table.variants:
        known = plan.known.get(variant.index)
        label = variant.label + ("  (lacks something)" if variant.index in plan.missing else "")
        if known is None:
            rows.append([label, "unknown", "unknown", "–"])
            continue
        energy = "unknown" if known.energy_j is None else format_si(known.energy_j, "J")
        trials = "1 trial" if known.trials == 1 else f"{known.trials} trials"
        origin = f"{known.campaign_id}, {trials}"
        rows.append([label, format_duration(known.window_s), energy, origin])
    return columns(rows)


def _facts(plan: Plan) -> list[tuple[str, str]]:
    request = plan.request
    facts = [("trials", trials_text(plan))]
    facts += [(f"order of block {n + 1}", text) for n, text in enumerate(_order(plan))]
    facts.append(("seed", f"{request.options.seed} (the same order again: --seed N)"))
    names = [each.instrument.name for each in plan.meters]
    facts.append(("meter", " and ".join(names) or "none: time, memory and CPU only"))
    if request.testbed is not None:
        facts.append(("testbed", testbed_text(request.testbed, request.device_cores)))
        facts += [("power modes", text) for text in _power_modes(plan)]
    facts.append(("beside each window", f"{format_duration(plan.beside_s)} of rest and starts"))
    prepared = sum(
        request.manifests[each.workload].prepare is not None for each in request.table.variants
    )
    if prepared:
        facts.append(("not tried", f"the preparation of {prepared} variants (builds, runtimes)"))
    facts.append(("duration", duration_text(plan)))
    facts.append(("energy", energy_text(plan)))
    if request.goals.baseline:
        levels = [f"{name}={level}" for name, level in request.goals.baseline.items()]
        facts.append(("baseline", " and ".join(levels)))
    if request.goals.margin is not None:
        facts.append(("margin", f"differences within {percent(request.goals.margin)} are the same"))
    return facts


def _power_modes(plan: Plan) -> list[str]:
    """Return, once for all variants of which it is true, which devices are in which mode."""
    found: dict[str, list[str]] = {}
    for variant in plan.request.table.variants:
        modes = _modes_of(plan, variant)
        if modes:
            text = ", ".join(f"{device} in {mode}" for device, mode in modes.items())
            found.setdefault(text, []).append(variant.label)
    every = len(plan.request.table.variants)
    return [
        text if len(labels) == every else f"{text}: {', '.join(labels)}"
        for text, labels in found.items()
    ]


def _modes_of(plan: Plan, variant: Variant) -> dict[str, str]:
    request = plan.request
    return power_modes(request.manifests[variant.workload], variant, request.testbed)


def trials_text(plan: Plan) -> str:
    """Return how many trials there will be: ``3 variants x 10 repetitions = 30``."""
    k = len(plan.request.table.variants)
    variants = "1 variant" if k == 1 else f"{k} variants"
    if plan.most == plan.least:
        times = "1 repetition" if plan.least == 1 else f"{plan.least} repetitions"
        return f"{variants} x {times} = {k * plan.least}"
    if plan.most is None:
        return f"{variants}, {plan.least} repetitions or more, as the budget allows"
    return (
        f"{variants} x {plan.least} to {plan.most} repetitions = {k * plan.least} to "
        f"{k * plan.most}"
    )


def _order(plan: Plan) -> list[str]:
    table = plan.request.table
    if len(table.variants) == 1:
        return []
    shown = min(_BLOCKS, plan.most or _BLOCKS)
    texts = []
    for repetition in range(shown):
        places = [place for place, _ in block(len(table.variants), repetition, table.seed)]
        labels = [table.variants[place].label for place in places[:_SHOWN]]
        more = len(places) - len(labels)
        texts.append(", ".join(labels) + (f" and {more} more" if more else ""))
    return texts


def duration_text(plan: Plan) -> str:
    """Return how long it takes, or at least, and from what that is known."""
    block_s, rule = plan.block_s, plan.request.goals.stop
    each_s = plan.least_block_s if block_s is None else block_s
    prefix = "at least " if block_s is None else "about "
    text = f"{prefix}{format_duration(plan.least * each_s)}"
    if plan.most is not None and plan.most != plan.least:
        text += f", with {plan.most} repetitions {format_duration(plan.most * each_s)}"
    if block_s is not None:
        text += ", from earlier campaigns"
    else:
        unknown = len(plan.request.table.variants) - len(plan.known)
        which = "the window of 1 variant" if unknown == 1 else f"the windows of {unknown} variants"
        text += f" and {which} on top: no earlier campaign of the results file has them"
    if rule.time_s is not None:
        text += f"; no block begins that would not fit into {format_duration(rule.time_s)}"
    return text


def energy_text(plan: Plan) -> str:
    """Return the joules of all windows, or why nobody knows them; with the budget."""
    block_j, budget_j = plan.block_j, plan.request.goals.stop.energy_j
    if block_j is None:
        text = "not known before a trial of every variant has had a meter"
    else:
        text = f"about {format_si(plan.least * block_j, 'J')} in the windows"
        if plan.most is not None and plan.most != plan.least:
            text += f", with {plan.most} repetitions {format_si(plan.most * block_j, 'J')}"
    if budget_j is not None:
        text += f"; no block begins that would not fit into {format_si(budget_j, 'J')}"
    return text


def telling_lines(plan: Plan) -> list[str]:
    """Return which differences stay undecided, with what is assumed for that."""
    if plan.most == 1:
        return ["  one repetition has no spread, and so no interval: add --repeat 5"]
    alone = not comparisons(plan.request)
    found = [line for each in plan.telling for line in _telling(each, alone=alone)]
    if plan.meters and all(each.meter is None for each in plan.telling):
        found.append("  energy: the meter has too few readings in windows as short as these")
    assumed = dict.fromkeys(said for each in plan.telling for said in each.assumed)
    if assumed:
        found.append(f"  assumed: {'; '.join(assumed)}")
    if alone:
        return [*found, "  one variant alone: there is nothing to compare it with; --vary a factor"]
    return [*found, "  with a chance of 80 %, all intervals together at 95 %"]


def _telling(told: Telling, *, alone: bool) -> list[str]:
    """Return what is told of one metric, and the command that says what would help."""
    if alone:
        return [f"  {told.what}: {alone_text(told)}"]
    advice = advice_command(told)
    text = f"  {told.what}: {telling_text(told)}"
    return [text] if advice is None else [f"{text}; what would help:", f"    {advice}"]


def _missing(plan: Plan) -> list[str]:
    found = dict.fromkeys(plan.missing.values())
    if not found:
        return []
    count = len(plan.missing)
    lack = "1 variant lacks" if count == 1 else f"{count} variants lack"
    return [f"{lack} something (--skip-missing leaves them out):", *(f"  {each}" for each in found)]


def document(plan: Plan) -> dict[str, Any]:
    """Return the dry run for programs; missing is null."""
    table = plan.request.table
    shown = min(_BLOCKS, plan.most or _BLOCKS)
    return {
        "dry_run": True,
        "title": plan.request.title,
        "seed": table.seed,
        "repetitions": {"least": plan.least, "most": plan.most},
        "trials": {
            "least": plan.least * len(table.variants),
            "most": None if plan.most is None else plan.most * len(table.variants),
        },
        "variants": [_variant(plan, index) for index in range(len(table.variants))],
        "order": [
            [index for index, _ in block(len(table.variants), repetition, table.seed)]
            for repetition in range(shown)
        ],
        "meters": [each.instrument.name for each in plan.meters],
        "testbed": plan.request.spec().get("testbed"),
        "beside_window_s": plan.beside_s,
        "block_s": plan.block_s,
        "block_energy_j": plan.block_j,
        **plan.request.goals.spec(),
        "metric": plan.metric,
        "differences": [_told(each) for each in plan.telling],
    }


def _variant(plan: Plan, index: int) -> dict[str, Any]:
    variant = plan.request.table.variants[index]
    known = plan.known.get(variant.index)
    return {
        "label": variant.label,
        "workload": variant.workload,
        "factors": dict(variant.factors),
        "window_s": None if known is None else known.window_s,
        "energy_j": None if known is None else known.energy_j,
        "known_from": None if known is None else known.campaign_id,
        "missing": plan.missing.get(variant.index),
        "power_modes": _modes_of(plan, variant),
    }


def _told(told: Telling) -> dict[str, Any]:
    return {
        "of": told.what,
        "meter": told.meter,
        "window_s": told.window_s,
        "repetitions": told.repetitions,
        "difference": told.difference,
        "better": None
        if told.better is None
        else {"difference": told.better[0], "repetitions": told.better[1]},
        "shared_u_rel": told.shared_rel,
        "spread_rel": told.spread_rel,
        "assumed": list(told.assumed),
    }
