"""The history of a variant: what belongs together, where it steps, what is left out, the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchharness.errors import BenchharnessError, UnknownNameError
from benchharness.model import Status
from benchharness.report.history import History, build_history
from benchharness.report.history_read import read_campaigns
from benchharness.report.history_text import (
    ASCII_BARS,
    answer,
    history_document,
    last_words,
    lines_table,
    spark,
    steps_table,
)
from benchharness.report.html import SIZE_LIMIT_BYTES
from benchharness.report.html_history import render_history
from benchharness.stats.against_level import against_level
from benchharness.store.database import Store
from tests.unit.history_samples import add_campaign, campaign_id, write_history
from tests.unit.report_samples import HOSTILE


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHHARNESS_CACHE", str(tmp_path / "cache"))


def history_of(
    path: Path, name: str | None = None, metric: str = "duration_s", last: int | None = None
) -> History:
    found = read_campaigns([path], name, energy=metric == "energy")
    return build_history(found.entries, metric, found.skipped, last)


def stepped(path: Path) -> Path:
    """Twelve campaigns; native takes 5 % more from the eighth on."""
    return write_history(path, 12, lambda k: 2.0 if k < 7 else 2.1)


def test_a_step_is_found_where_it_is(tmp_path: Path) -> None:
    history = history_of(stepped(tmp_path / "r.db"))
    assert history.campaigns == 12
    by_label = {series.label: series for series in history.series}
    assert not by_label["steady"].changes
    native = by_label["native"]
    (change,) = native.changes
    assert change.index == 7
    assert change.ratio is not None
    assert change.ratio.low is not None
    assert change.ratio.high is not None
    assert change.ratio.ratio == pytest.approx(1.05, abs=0.005)
    assert 1.04 < change.ratio.low < change.ratio.high < 1.06
    assert native.points[7].campaign_id == campaign_id(7)
    assert native.points[7].commit == "0000007"
    assert native.near(change) == ()
    assert answer(history).startswith("Last step: native, time +4.9\u00a0% (95 % interval +4.5 to")
    assert f"since campaign {campaign_id(7)}, 2026-01-08, commit 0000007." in answer(history)
    assert native.last is not None
    assert "as before" in last_words(native)


def test_a_step_with_another_kernel_is_not_blamed_on_the_code(tmp_path: Path) -> None:
    path = write_history(
        tmp_path / "r.db",
        12,
        lambda k: 2.0 if k < 7 else 2.1,
        lambda k: {"kernel": "6.6.31" if k < 7 else "6.12.1"},
    )
    history = history_of(path)
    native = next(series for series in history.series if series.label == "native")
    assert native.near(native.changes[0]) == ("kernel changed: 6.6.31 to 6.12.1",)
    assert answer(history).endswith("the machine changed there too (it did at 1 of 12 campaigns).")
    assert "kernel changed" in steps_table(history).rows[0][-1].text
    page = render_history(history, title="nightly")
    assert 'class="machine"' in page
    assert "kernel changed: 6.6.31 to 6.12.1" in page


def test_the_last_campaign_against_the_level_before_it(tmp_path: Path) -> None:
    path = write_history(tmp_path / "r.db", 12, lambda k: 2.0 if k < 11 else 2.2)
    native = next(s for s in history_of(path).series if s.label == "native")
    assert not native.changes  # one campaign alone is an outlier
    assert "is above the level before it (+10" in last_words(native)
    assert last_words(native).endswith("three in a row may be a step")


def test_nothing_is_left_out_silently(tmp_path: Path) -> None:
    path = stepped(tmp_path / "r.db")
    with Store.open(path) as store:
        add_campaign(store, 20, {"native": [9.0]}, spec={"quick": True})
        add_campaign(store, 21, {"native": [9.0]}, status=Status.FAILED)
        add_campaign(store, 22, {"native": [2.1, 2.1]}, environment={"machine": "another"})
        add_campaign(store, 23, {"native": [2.1, 2.1]})
        store._connection.execute(
            "UPDATE campaign SET spec = '{\"variants\": [{}]}' WHERE id = ?", (campaign_id(23),)
        )
    history = history_of(path)
    reasons = {each.what: each.reason for each in history.skipped}
    assert reasons[campaign_id(20)] == "a quick run"
    assert reasons[campaign_id(21)] == "no good run"
    assert reasons[campaign_id(23)].startswith("cannot be read: KeyError")
    # Another machine is another series, of one campaign.
    assert sorted(len(series.points) for series in history.series) == [1, 12, 12]
    assert "a quick run" in render_history(history, title="nightly")


def test_names_choose_and_an_unknown_one_is_an_error(tmp_path: Path) -> None:
    path = stepped(tmp_path / "r.db")
    with Store.open(path) as store:
        add_campaign(store, 30, {"native": [3.0, 3.0]}, title="other")
    assert history_of(path, "other").campaigns == 1
    assert history_of(path, "nightly").campaigns == 12
    assert history_of(path, "matrix").campaigns == 13
    with pytest.raises(UnknownNameError, match="did you mean 'nightly'"):
        history_of(path, "nigthly")
    assert [len(s.points) for s in history_of(path, last=4).series] == [4, 4]


def test_several_files_and_a_broken_one(tmp_path: Path) -> None:
    path = stepped(tmp_path / "r.db")
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    broken = tmp_path / "broken.db"
    broken.write_bytes(path.read_bytes()[:5000])
    found = read_campaigns([path, copy, broken], None, energy=False)
    assert len(found.entries) == 12
    assert sum(s.reason.startswith("in two of the files") for s in found.skipped) == 12
    assert any(s.what.startswith("broken.db") or "read" in s.reason for s in found.skipped)
    with pytest.raises(BenchharnessError):
        read_campaigns([tmp_path / "none.db"], None, energy=False)


def test_joules_that_are_missing_have_a_reason(tmp_path: Path) -> None:
    history = history_of(stepped(tmp_path / "r.db"), metric="energy")
    assert history.series == ()
    assert {each.reason for each in history.skipped} == {"no joules: no meter was used"}
    assert answer(history) == "No campaign to make a history of."


def test_a_steady_history_of_few_runs_is_rarely_marked() -> None:
    """The spread of three runs is not known well enough to weigh campaigns by it."""
    from benchharness.report.history import Point, _pooled
    from benchharness.stats.change_points import change_points

    rng = np.random.default_rng(3)
    marked = 0
    for _ in range(200):
        values = rng.normal(1.0, 0.02, (60, 3))
        points = [
            Point("", "", None, 3, float(v.mean()), None, None, float(v.std(ddof=1) / 3**0.5))
            for v in values
        ]
        marked += bool(change_points([p.mean for p in points], _pooled(points)))
    assert marked / 200 <= 0.04


def test_the_page_is_one_safe_file(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    with Store.open(path) as store:
        for number in range(8):
            add_campaign(
                store, number, {HOSTILE: [1.0, 1.01], "native": [1.0, 1.02]}, title=HOSTILE
            )
    page = render_history(
        history_of(path), title=HOSTILE, command=f"benchharness history {HOSTILE}"
    )
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;" in page
    assert not re.search(r"(src|href)=\"(?!#|data:,)", page)
    assert page.count("<svg") == page.count("</svg>") == 2
    assert page.count("<h1") == 1


def test_spark_lines() -> None:
    assert spark([1.0, 1.0, 2.0], 8) == "▁▁█"
    assert spark([1.0] * 100, 10) == "▁" * 10
    assert spark([100.0, 100.5], 8) == "▁▂"  # half a per cent is next to nothing
    assert set(spark([1.0, 2.0, 3.0], 3, ASCII_BARS)) <= set(ASCII_BARS)


def test_lines_and_document(tmp_path: Path) -> None:
    history = history_of(stepped(tmp_path / "r.db"))
    table = lines_table(history)
    assert {row[0].text for row in table.rows} == {"steady", "native"}
    document = json.loads(json.dumps(history_document(history), allow_nan=False))
    native = next(s for s in document["series"] if s["variant"] == "native")
    assert native["changes"][0]["since"] == campaign_id(7)
    assert native["changes"][0]["after"] == campaign_id(6)
    assert len(native["points"]) == 12
    assert native["points"][0]["n"] == 5


@pytest.mark.slow
def test_a_thousand_campaigns_are_small_and_fast(tmp_path: Path) -> None:
    import time

    path = write_history(tmp_path / "r.db", 1000, lambda k: 2.0 if k < 600 else 2.03)
    began_s = time.perf_counter()
    history = history_of(path)
    page = render_history(history, title="nightly")
    taken_s = time.perf_counter() - began_s
    native = next(s for s in history.series if s.label == "native")
    assert [change.index for change in native.changes] == [600]
    assert len(page.encode()) < SIZE_LIMIT_BYTES // 4
    assert taken_s < 10.0  # 1 s where nothing else runs


def test_many_variants_have_no_more_false_alarms_than_one(tmp_path: Path) -> None:
    """Thirty steady variants: each alone would be said to be out of level with 5 %."""
    rng = np.random.default_rng(31)
    path = tmp_path / "r.db"
    with Store.open(path) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        for number in range(12):
            means = rng.normal(1.0, 0.01, (30, 2))
            add_campaign(store, number, {f"v{i}": m.tolist() for i, m in enumerate(means)})
    history = history_of(path)
    out = [s for s in history.series if "outside what that level" in last_words(s)]
    assert len(history.series) == 30
    assert not out
    assert not any(series.changes for series in history.series)
    one = history_of(path, last=12).series[0].last
    alone = against_level(
        history.series[0].points[-1].mean, [p.mean for p in history.series[0].points[:-1]]
    )
    assert one is not None
    assert alone is not None
    assert one.low is not None
    assert alone.low is not None
    assert one.low < alone.low  # wider, at 1 - 0.05/30


def test_the_commit_of_the_source_stands_before_that_of_benchharness(tmp_path: Path) -> None:
    path = write_history(
        tmp_path / "r.db", 3, lambda _: 2.0, lambda k: {"source_commit": f"feed{k:08x}+"}
    )
    points = history_of(path).series[0].points
    assert [point.commit for point in points] == [f"feed{k:08x}+" for k in range(3)]
