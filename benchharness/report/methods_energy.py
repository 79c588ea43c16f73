"""How the joules were obtained, in sentences: instrument, estimator, idle power, uncertainty."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchharness.energy.observed import ASSUMED_GAIN_BOUND, ASSUMED_MODEL_BOUND
from benchharness.model import CampaignSummary, EnergyFigure, MeasurementClass
from benchharness.report.energy_budget import figure_budget, good_figures
from benchharness.report.energy_flags import coverage_text
from benchharness.report.methods_parts import (
    Amount,
    Part,
    Sentence,
    as_text,
    listed,
    percent,
    si,
)
from benchharness.report.phases import HARNESS
from benchharness.report.text import plain

_ESTIMATED = MeasurementClass.ESTIMATED.value
_ALIKE = 3  # so many meters are described together
_MOST_NAMED = 12  # targets that are named one by one


def energy_sentences(summary: CampaignSummary) -> Iterator[Sentence]:
    """Yield what a reader must know of the joules; nothing where there are none."""
    figures = [f for variant in summary.variants for f in good_figures(summary, variant)]
    if not figures:
        yield ("Energy was not measured.",)
        return
    for alike in _alike(summary.meters):
        yield from _instrument(alike[0]) if len(alike) == 1 else _instruments(alike)
    yield _estimator(figures)
    yield from _idle(summary, figures)
    yield from _uncertainty(figures)


def _alike(meters: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the meters, those together that differ in their target alone: three or more."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for meter in meters:
        facts = [as_text(fact) for fact in _facts(meter)]
        groups.setdefault(repr((meter.get("driver"), meter.get("class"), facts)), []).append(meter)
    found = []
    for members in groups.values():
        found += [members] if len(members) >= _ALIKE else [[meter] for meter in members]
    return found


def _instruments(meters: Sequence[Mapping[str, Any]]) -> Iterator[Sentence]:
    """Describe meters that differ in their target alone."""
    first, count = meters[0], len(meters)
    driver = f" (driver {plain(first['driver'], 40)})" if first.get("driver") else ""
    targets = [(plain(m.get("target") or m.get("name") or "board", 40),) for m in meters]
    named = listed(targets) if count <= _MOST_NAMED else (f"{count} devices",)
    what = f"{count} {{}}meters alike{driver}"
    cls = first.get("class")
    if cls == _ESTIMATED:
        yield (
            "No instrument measured the energy of ", *named, f": {what.format('')} estimated it "
            "from CPU use by a model of the board.",
        )  # fmt: skip
    elif cls == MeasurementClass.EMULATED.value:
        yield (
            "The powers of ", *named, f" come from {what.format('emulated ')}: no instrument "
            "measured these joules.",
        )  # fmt: skip
    elif cls == MeasurementClass.REPLAYED.value:
        yield (
            "The powers of ", *named, f" were replayed by {what.format('')} from recordings and "
            "not measured in this campaign.",
        )  # fmt: skip
    else:
        yield ("The powers of ", *named, f" were measured by {what.format('')}.")
    if facts := _facts(first):
        yield ("Each has ", *listed(facts), ".")


def _instrument(meter: Mapping[str, Any]) -> Iterator[Sentence]:
    name = plain(meter.get("name") or "a meter", 60)
    driver = meter.get("driver")
    shown = f"{name} (driver {plain(driver, 40)})" if driver and driver != name else name
    target = plain(meter.get("target") or "board", 40)
    cls = meter.get("class")
    if cls == _ESTIMATED:
        yield (
            f"No instrument measured the energy of the {target}: {shown} estimated it from CPU "
            "use by a model of the board.",
        )
    elif cls == MeasurementClass.EMULATED.value:
        yield (
            f"The power of the {target} comes from an emulated meter, {shown}: no instrument "
            "measured these joules.",
        )
    elif cls == MeasurementClass.REPLAYED.value:
        yield (
            f"The power of the {target} was replayed by {shown} from a recording and not "
            "measured in this campaign.",
        )
    else:
        yield (f"The power of the {target} was measured by {shown}.",)
    facts = _facts(meter)
    if facts:
        yield ("It has ", *listed(facts), ".")


def _facts(meter: Mapping[str, Any]) -> list[Sentence]:
    """Return period, steps, gain bound, delay and calibration, as far as they are known."""
    if meter.get("class") == _ESTIMATED:
        return [_gain(meter)]
    facts: list[Sentence] = []
    if (period_s := meter.get("period_s")) is not None:
        facts.append(("a reading each ", si(period_s, "s")))
    if (step_w := meter.get("power_resolution_w")) is not None:
        facts.append(("steps of ", si(step_w, "W")))
    if meter.get("has_counter", True) and (step_j := meter.get("energy_resolution_j")) is not None:
        facts.append(("a counter with steps of ", si(step_j, "J")))
    facts.append(_gain(meter))
    if (latency_s := meter.get("latency_s")) is not None:
        facts.append(("a calibrated delay of ", si(latency_s, "s")))
    elif (bound_s := meter.get("latency_bound_s")) is not None:
        facts.append(("a delay of at most ", si(bound_s, "s")))
    if date := meter.get("calibration_date"):
        facts.append((f"a calibration of {plain(date, 40)}",))
    return facts


def _gain(meter: Mapping[str, Any]) -> Sentence:
    bound = meter.get("gain_bound")
    what = "a model error" if meter.get("class") == _ESTIMATED else "a gain error"
    if bound is not None:
        return (f"{what} of at most ", percent(bound))
    assumed = ASSUMED_MODEL_BOUND if meter.get("class") == _ESTIMATED else ASSUMED_GAIN_BOUND
    return (f"{what} that is not stated and was taken as at most ", percent(assumed))


def _estimator(figures: list[EnergyFigure]) -> Sentence:
    counts = Counter(figure.method for figure in figures).most_common()
    ways: list[Sentence] = [
        (plain(method, 60) + (f" in {count} runs" if len(counts) > 1 else ""),)
        for method, count in counts
    ]
    coverage = coverage_text(figures)
    vouched: Sentence = (
        ("; readings vouch for ", Amount(coverage, "%"), " of each window")
        if coverage[:1].isdigit() and " " not in coverage
        else (f"; readings vouch for {coverage} % of each window",)
        if coverage[:1].isdigit()
        else ()
    )
    return (
        "Gross energy is the integral of power over the window (",
        *listed(ways),
        ")",
        *vouched,
        ".",
    )


def _idle(summary: CampaignSummary, figures: list[EnergyFigure]) -> Iterator[Sentence]:
    net = [f for f in figures if f.net_j is not None and f.idle_power_w is not None]
    if not net:
        yield ("Idle power was not subtracted: all energies are gross.",)
        return
    powers = [f.idle_power_w.value for f in net if f.idle_power_w is not None]
    where = _idle_stages(summary)
    parts: list[Part] = [
        "Net energy is gross energy less the idle power times the window; the idle power was taken "
    ]
    if where:
        parts += [*where, " each run, "]
    parts += ["in the median ", si(statistics.median(powers), "W"), "."]
    yield tuple(parts)
    without = len(figures) - len(net)
    if without:
        runs = "run has" if without == 1 else "runs have"
        yield (f"{without} {runs} gross energy only.",)


def _idle_stages(summary: CampaignSummary) -> Sentence:
    stages: list[Sentence] = []
    for stage, word in (("idle_before", "before"), ("idle_after", "after")):
        lengths = [
            (span.end_ns - span.start_ns) / 1e9
            for trial in summary.trials
            for span in trial.spans
            if span.source == HARNESS and span.name == stage and span.end_ns is not None
        ]
        if lengths:
            stages.append(("for ", si(statistics.median(lengths), "s", 2), f" {word}"))
    return listed(stages) if stages else ()


def _uncertainty(figures: list[EnergyFigure]) -> Iterator[Sentence]:
    views = [view for figure in figures if (view := figure_budget(figure)) is not None]
    factors = sorted(view.k for view in views if view.k is not None)
    if not views or not factors:
        return
    ends = list(dict.fromkeys(f"{k:.2f}" for k in (factors[0], factors[-1])))
    parts: list[Part] = [
        "The uncertainty of a run's energy is the combined one of its terms (GUM), expanded with "
        f"k = {' to '.join(ends)} for a coverage of ",
        Amount("95", "%"),
    ]
    shares = [view.relative for view in views if view.relative is not None]
    if shares:
        parts += ["; in the median it is ", percent(statistics.median(shares))]
    largest = Counter(view.dominant.name for view in views if view.dominant is not None)
    if largest:
        name, count = largest.most_common(1)[0]
        where = "all runs" if count == len(views) else f"{count} of {len(views)} runs"
        parts.append(f", and its largest term is {plain(name, 60)} in {where}")
    yield (*parts, ".")
