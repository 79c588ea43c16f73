"""Hundreds of variants: what is looked up for each of them does not look through all runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchharness.model import CampaignSummary, MeasurementClass, TrialSummary
from benchharness.report.answer_table import answer_tables
from benchharness.report.derive_variants import of_variants
from benchharness.report.document import to_document
from benchharness.report.html import render_html
from benchharness.report.metrics import headline_key
from tests.unit.report_samples import Kind, sample_campaign


class Counted(tuple[TrialSummary, ...]):
    """Trials that count how often they are looked through."""

    __slots__ = ()
    times = 0

    def __iter__(self) -> Iterator[TrialSummary]:
        type(self).times += 1
        return super().__iter__()


def many(variants: int) -> CampaignSummary:
    kinds = [Kind(f"v{i:03}", 1.0 + 0.01 * i, 6.0, 600.0, 0.0, None) for i in range(variants)]
    return sample_campaign(repeat=2, kinds=kinds)


def looked_through(variants: int) -> int:
    """Return how often a page, the terminal's table and the document go through all trials."""
    summary = many(variants)
    trials = type("Trials", (Counted,), {"__slots__": (), "times": 0})(summary.trials)
    object.__setattr__(summary, "trials", trials)
    render_html(summary)
    answer_tables(summary)
    to_document(summary)
    times: int = trials.times
    return times


def test_what_ranks_is_found_once_for_each_summary() -> None:
    summary = many(3)
    assert headline_key(summary) == "energy_net_j"
    assert headline_key(replace(summary, metric="duration_s")) == "duration_s"
    assert headline_key(summary) == "energy_net_j"
    assert summary == many(3)  # what is kept is no part of it


@pytest.mark.slow
def test_all_runs_are_gone_through_as_often_for_many_variants_as_for_few() -> None:
    assert looked_through(60) <= looked_through(30)


def test_the_trials_of_each_variant_are_found_at_once() -> None:
    summary = many(5)
    assert [len(summary.trials_of(index)) for index in range(6)] == [2, 2, 2, 2, 2, 0]
    assert [t.variant for t in summary.trials_of(3)] == [3, 3]
    found = of_variants([{"index": 3}, {"index": 9}], iter(summary.trials))
    assert [trial.trial_id for trial in found[0].trials] == [
        t.trial_id for t in summary.trials_of(3)
    ]
    assert found[1].trials == []
    assert found[0].classes == {MeasurementClass.MEASURED}
