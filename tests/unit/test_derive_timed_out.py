"""Runs that were killed for their time are the slow ones: what is left is compared with nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.model import CampaignSummary, Status
from benchharness.report.answer_table import answer_tables
from benchharness.report.comparison_sentences import sentences
from benchharness.report.comparison_variants import compare_variants
from benchharness.report.derive import derive_campaign
from benchharness.report.groups import groups
from benchharness.report.latex_caption import table_notes
from benchharness.report.metrics import standings
from benchharness.report.pairs import pair_matrix
from benchharness.report.timed_out import TIMED_OUT
from benchharness.report.variant_notes import variant_notes
from benchharness.standing import Standing, Word
from tests.unit.derive_store import Trial, campaign

WHY = "2 of 10 runs of cut timed out: the mean of the others is too low; give a longer --timeout"


def runs(busy_w: float, count: int, killed: int = 0) -> list[Trial]:
    good = [
        Trial(busy_w=busy_w + 0.02 * (i % 5 - 2), duration_s=20.0 + i % 3) for i in range(count)
    ]
    late = Trial(status=Status.TIMEOUT, reason="killed after 60 s", duration_s=60.0)
    return good[killed:] + [late] * killed


def derived(
    tmp_path: Path, variants: Mapping[str, Sequence[Trial]], **spec: Any
) -> CampaignSummary:
    with campaign(tmp_path, variants, **spec) as store:
        return derive_campaign(store, "last")


def standing(summary: CampaignSummary, label: str, metric: str) -> Standing | None:
    variant = next(v for v in summary.variants if v.label == label)
    return variant.metrics[metric].standing


VARIANTS = {"cut": runs(6.0, 10, 2), "a": runs(8.0, 10), "b": runs(9.0, 10), "c": runs(10.0, 10)}


def test_neither_its_time_nor_its_joules_are_compared(tmp_path: Path) -> None:
    summary = derived(tmp_path, VARIANTS)
    for metric in ("duration_s", "cpu_s", "energy_net_j", "energy_gross_j"):
        found = standing(summary, "cut", metric)
        assert found is not None
        assert (found.word, found.reason, found.ratio) == (Word.NOT_COMPARABLE, WHY, None)
        assert summary.variants[0].metrics[metric].n == 8  # and they are shown all the same
    memory = standing(summary, "cut", "memory_peak_bytes")
    assert memory is not None
    assert memory.word is not Word.NOT_COMPARABLE
    # The reference is the lowest of the others, and three pairs hold together.
    net = standing(summary, "b", "energy_net_j")
    assert net is not None
    assert (net.word, net.reference, net.comparisons) == (Word.HIGHER, 1, 3)


def test_the_sentence_names_the_least_of_the_others(tmp_path: Path) -> None:
    said = derived(tmp_path, VARIANTS).verdict
    assert said.startswith("a uses the least net energy: ")
    assert said.endswith("; cut is not compared: 2 of 10 runs timed out; give a longer --timeout")


def test_with_a_baseline_that_timed_out_nothing_is_compared(tmp_path: Path) -> None:
    summary = derived(tmp_path, VARIANTS, baseline={"runtime": "cut"})
    assert summary.verdict == (
        "Nothing is compared with cut, the baseline; "
        "cut is not compared: 2 of 10 runs timed out; give a longer --timeout"
    )
    found = standing(summary, "b", "duration_s")
    assert found is not None
    assert (found.word, found.reason) == (Word.NOT_COMPARABLE, WHY)


def test_one_that_is_left_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    summary = derived(tmp_path, {"cut": runs(6.0, 10, 2), "a": runs(8.0, 10)})
    assert standing(summary, "a", "duration_s") is None
    assert [sign.key for sign in standings(summary, "duration_s").values()] == ["missing", "alone"]
    assert "a: net energy" in summary.verdict
    both = tmp_path / "both"
    both.mkdir()
    summary = derived(both, {"cut": runs(6.0, 10, 2), "too": runs(8.0, 10, 1)})
    assert summary.verdict == (
        "Nothing is compared: 2 of 10 runs of cut timed out; 1 of 10 runs of too timed out; "
        "give a longer --timeout"
    )


def test_every_output_says_so(tmp_path: Path) -> None:
    summary = derived(tmp_path, VARIANTS)
    (_, table), *_ = answer_tables(summary)
    cut = next(row for row in table.rows if row[0].text.startswith("cut"))
    assert cut[0].text == f"cut {TIMED_OUT}"
    assert cut[-1].text == "⊘ not comparable"
    assert f"⊘  not comparable: {WHY}" in table.notes
    (mark,) = (note for note in table.notes if note.startswith("x  timed out in 2 of "))
    assert mark.endswith("; give a longer --timeout")
    letters, notes = variant_notes(summary, summary.variants, "energy_net_j")
    assert TIMED_OUT in letters[0]
    assert any(WHY in note.text for note in notes)
    assert any("2 of 10 runs of cut timed out" in note for note in table_notes(summary))
    (group,) = groups(summary.variants)
    matrix = pair_matrix(summary, group, "energy_net_j")
    assert matrix is not None
    assert len(matrix.pairs) == 3
    comparison = compare_variants(summary)
    assert any(f"not comparable, {WHY} (" in said for said in sentences(comparison))
    pairs = comparison.pairs
    of_cut = [p for p in pairs if "cut" in (p.a.name, p.b.name)]
    assert len(of_cut) == 3
    assert {c.word for p in of_cut for c in p.changes if c.metric != "memory_peak_bytes"} == {
        Word.NOT_COMPARABLE
    }


@pytest.mark.parametrize("status", [Status.FAILED, Status.INVALID])
def test_other_failures_are_no_reason(tmp_path: Path, status: Status) -> None:
    bad = [replace(t, status=status, reason="exit 1") for t in runs(8.0, 2)]
    summary = derived(tmp_path, {"a": runs(8.0, 8) + bad, "b": runs(9.0, 10)})
    found = standing(summary, "b", "energy_net_j")
    assert found is not None
    assert found.word is Word.HIGHER
