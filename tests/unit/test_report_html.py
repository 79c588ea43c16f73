from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, Caution, MeasurementClass, Status
from benchharness.report.html import (
    CONTENT_SECURITY_POLICY,
    SIZE_LIMIT_BYTES,
    first_sentence,
    render_html,
    write_html,
)
from tests.unit.report_samples import (
    HOSTILE,
    KINDS,
    Kind,
    SampleStore,
    assembled,
    sample_campaign,
)

pytestmark = pytest.mark.slow  # together: each renders a page or more

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order, attributes and texts kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []  # the samples, then the timeline's script
        self.feed(text)
        self.close()
        assert not self.stack, f"left open: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> without a start"
        opened = self.stack.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if "script" in self.stack:
            self.scripts.append(data)
        elif "style" not in self.stack:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def values(self, attribute: str) -> Iterator[str]:
        return (a[attribute] or "" for _, a in self.tags if attribute in a)


def page(summary: CampaignSummary, *, observations: bool = True) -> Page:
    return Page(render_html(summary, SampleStore(summary, hz=5.0) if observations else None))


@pytest.fixture(scope="module")
def text() -> str:
    summary = sample_campaign()
    return render_html(summary, SampleStore(summary))


def test_the_page_is_well_formed_and_small(text: str) -> None:
    assert text.startswith("<!DOCTYPE html>")
    assert len(text.encode()) < SIZE_LIMIT_BYTES / 2
    tags = {tag for tag, _ in Page(text).tags}
    assert {"h1", "table", "svg", "figure", "caption", "nav", "main"} <= tags


def test_nothing_is_fetched_and_the_policy_says_so(text: str) -> None:
    found = Page(text)
    policy = next(
        a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(found.scripts[1].encode()).digest()).decode()
    assert policy == f"{CONTENT_SECURITY_POLICY}; script-src 'sha256-{digest}'"
    assert "default-src 'none'" in policy
    tags = [tag for tag, _ in found.tags]
    # Before anything that the policy could concern.
    assert tags.index("meta") < tags.index("style")
    assert [a for t, a in found.tags if t == "script"] == [
        {"type": "application/octet-stream", "id": "timeline-samples"},
        {},
    ]
    assert not {"iframe", "img", "object", "embed", "form", "base"} & set(tags)
    for attribute in ("href", "src", "xlink:href", "action", "data", "poster", "srcset"):
        assert all(v.startswith(("#", "data:")) for v in found.values(attribute))
    assert not [n for _, a in found.tags for n in a if n.startswith("on")]
    assert not re.search(r"@import|url\((?!#)", text)


def test_the_headline_answers_and_every_question_has_a_section(text: str) -> None:
    found = Page(text)
    assert "numpy uses the least energy" in found.text
    assert found.text.index("numpy uses the least") < found.text.index("Can you rely on this?")
    ids = list(found.values("id"))
    assert {"best", "real", "where", "time", "trust", "repeat", "read", "warnings"} <= set(ids)
    assert len(ids) == len(set(ids))
    targets = {v[1:] for v in found.values("href") if v.startswith("#")}
    assert targets <= set(ids)
    for needed in ("seed of the run order was 20250611", "--vary runtime", "Raspberry Pi 5"):
        assert needed in found.text
    assert "the board was at 71 °C" in found.text
    assert "add a fan" in found.text


def test_tables_and_drawings_can_be_read_aloud(text: str) -> None:
    found = Page(text)
    tables = sum(tag == "table" for tag, _ in found.tags)
    assert sum(tag == "caption" for tag, _ in found.tags) == tables
    assert all(a.get("scope") in ("col", "row") for tag, a in found.tags if tag == "th")
    drawings = [a for tag, a in found.tags if tag == "svg"]
    assert drawings
    assert all(
        a.get("aria-hidden") == "true" or "aria-labelledby" in a or "aria-label" in a
        for a in drawings
        if "focusable" not in a
    )
    ids = set(found.values("id"))
    for labels in found.values("aria-labelledby"):
        assert set(labels.split()) <= ids


def test_the_numbers_are_those_of_the_summary(text: str) -> None:
    summary = sample_campaign()
    numpy = next(v for v in summary.variants if v.label == "numpy")
    scalar = next(v for v in summary.variants if v.label == "wasmtime scalar")
    ratio = scalar.metrics["energy_net_j"].ratio
    mean = numpy.metrics["energy_net_j"].mean
    assert mean is not None
    assert ratio is not None
    assert f"{mean:.2f}" in Page(text).text
    assert f"{ratio:.2f}" in Page(text).text


@pytest.mark.slow
def test_the_same_campaign_gives_the_same_page(text: str) -> None:
    summary = sample_campaign()
    assert render_html(summary, SampleStore(summary)) == text


def test_a_named_baseline_and_a_margin_are_in_figures_tiles_and_words() -> None:
    summary = sample_campaign(margin=0.02, baseline={"runtime": "native"})
    found = page(summary, observations=False)
    numpy = next(v for v in summary.variants if v.label == "numpy")
    ratio = numpy.metrics["energy_net_j"].ratio
    assert ratio is not None
    change = f"−{100 * (1 - ratio):.0f}"
    tile = found.text[found.text.index("Net energy") : found.text.index("Can you rely on this?")]
    assert change in tile
    assert "of native to" in tile
    assert "change of the lowest variant" in found.text
    assert "95 % intervals that hold together over 3 comparisons" in found.text
    assert "Grey band: ±2 %, the margin that was set beforehand." in found.text
    assert [a for tag, a in found.tags if tag == "rect" and a.get("class") == "fill-band"]
    assert "Do not compare two ± ranges by eye" in found.text
    assert "The margin of ±2 % was set before the first run." in found.text


def test_all_pairs_are_a_table_with_headers_and_words(text: str) -> None:
    found = Page(text)
    assert "The 6 intervals hold together at 95 %" in found.text
    assert "6 pairs are decided" in found.text or "6 pairs is decided" in found.text
    cells = [a for tag, a in found.tags if tag == "td" and "cell" in (a.get("class") or "")]
    assert len(cells) == 6
    assert all(a["title"] for a in cells)


def test_the_other_questions_are_answered(text: str) -> None:
    found = Page(text)
    for needed in (
        "Longest gap between readings", "≥ 99 %", "cancels", "Energy (up) against time (across)",
        "The command, with the seed that was drawn", "--seed 20250611", "For a methods section",
        "Words that this report does not use", "no clear drift", "all panels have the same axes",
    ):  # fmt: skip
        assert needed in found.text, needed


def hostile_campaign() -> CampaignSummary:
    kinds = [replace(k, label=f"{HOSTILE} {i}") for i, k in enumerate(KINDS)]
    summary = sample_campaign(repeat=2, kinds=kinds)
    trials = [
        replace(
            t,
            workload=HOSTILE,
            reason=HOSTILE,
            outputs={HOSTILE: HOSTILE},
            factors={HOSTILE: HOSTILE},
            cautions=(Caution(HOSTILE, HOSTILE, HOSTILE),),
            methods={HOSTILE: HOSTILE},
            phases_s={HOSTILE: 1.0, "run": 2.0},
            spans=tuple(replace(s, name=HOSTILE) if s.source == "main" else s for s in t.spans),
            energy=replace(
                t.energy,
                meter=HOSTILE,
                method=HOSTILE,
                terms_j={HOSTILE: 1.0},
                estimates=tuple(replace(e, method=HOSTILE) for e in t.energy.estimates),
            )
            if t.energy
            else None,
        )
        for t in summary.trials
    ]
    trials[0] = replace(trials[0], status=Status.FAILED)
    return assembled(
        trials,
        kinds,
        title=HOSTILE,
        command=HOSTILE,
        verdict=HOSTILE,
        campaign_id=HOSTILE,
        created_utc=HOSTILE,
        state=HOSTILE,
        environment={HOSTILE: HOSTILE, "board": HOSTILE, "versions": {HOSTILE: [HOSTILE]}},
        overhead={HOSTILE: HOSTILE},
        meters=({"name": HOSTILE, HOSTILE: HOSTILE, "where": HOSTILE},),
        cautions=(Caution(HOSTILE, HOSTILE, HOSTILE),),
    )


def test_no_text_of_a_workload_becomes_markup() -> None:
    text = render_html(hostile_campaign(), SampleStore(hostile_campaign(), hz=5.0))
    found = Page(text)
    tags = [tag for tag, _ in found.tags]
    assert "img" not in tags
    assert tags.count("script") == len(found.scripts) == 2  # ours
    assert not any("alert" in script for script in found.scripts)
    assert not [n for _, a in found.tags for n in a if n.startswith("on")]
    assert "alert('x')" in found.text  # there, as text
    assert "\x1b" not in text


def test_without_observations_there_is_no_script_and_no_policy_for_one() -> None:
    text = render_html(sample_campaign(repeat=1))
    assert not Page(text).scripts
    assert "script-src" not in text


def test_ten_megabytes_of_output_do_not_make_a_large_page() -> None:
    summary = sample_campaign(repeat=2, title="t" * 10_000_000, verdict="v" * 10_000_000)
    summary = replace(summary, environment={"x": ["y" * 10_000_000] * 3}, command="c" * 10_000_000)
    assert len(render_html(summary).encode()) < 200_000


@pytest.mark.parametrize("cls", [c for c in MeasurementClass if c.value != "measured"])
def test_joules_that_are_not_measured_are_said_first_and_in_every_table(
    cls: MeasurementClass,
) -> None:
    found = page(sample_campaign(repeat=2, cls=cls))
    word = f"{cls.value.capitalize()} energy."
    assert word in found.text
    assert found.text.index(word) < found.text.index("benchharness report")
    assert f"Net energy / J, {cls.value}" in found.text
    assert f"J, {cls.value}" in found.text[found.text.index("Every run in run order") :]
    assert "Joules: with care" in found.text


def test_a_quick_run_says_so_first() -> None:
    found = page(sample_campaign(repeat=2, quick=True))
    assert found.text.index("Quick run.") < found.text.index("benchharness report")
    assert "Not yet: a quick run" in found.text


def test_an_interrupted_campaign_says_how_to_go_on() -> None:
    summary = sample_campaign(repeat=2)
    trials = [replace(t, status=Status.PLANNED) if t.index > 5 else t for t in summary.trials]
    found = page(assembled(trials, state="interrupted"))
    assert "2 of 8 runs have not been made. benchharness resume 7f3c19e0" in found.text


def test_without_a_meter_time_leads_and_the_reason_is_given() -> None:
    trials = [
        replace(t, energy=None, energy_missing="no meter was used")
        for t in sample_campaign().trials
    ]
    found = page(assembled(trials), observations=False)
    assert "No energy was obtained: no meter was used." in found.text
    assert "Figure 1. Time of a run" in found.text
    assert "Net energy /" not in found.text


def test_all_runs_failed() -> None:
    trials = [
        replace(t, status=Status.FAILED, reason="exit code 1", energy=None, energy_missing=None)
        for t in sample_campaign(repeat=2).trials
    ]
    found = page(assembled(trials, verdict="no trial succeeded: exit code 1"), observations=False)
    assert "No: no run was good" in found.text
    assert "✗ failed" in found.text


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_runs(count: int) -> None:
    summary = sample_campaign(repeat=1, kinds=KINDS[:count])
    found = page(summary)
    assert ("one variant: nothing to compare" in found.text) == bool(count)


@pytest.mark.slow
def test_a_large_campaign_stays_within_the_limit_and_says_what_is_left_out() -> None:
    kinds = [Kind(f"variant {i}", 2.0 + i / 50, 6.0, 20.0, 0.1, 1000) for i in range(40)]
    summary = sample_campaign(repeat=25, kinds=kinds)
    text = render_html(summary, SampleStore(summary, hz=20.0))
    assert len(text.encode()) < SIZE_LIMIT_BYTES
    found = Page(text)
    assert "more runs are not drawn" in found.text
    assert "good runs are left out here" in found.text
    assert "more variants are left out here" in found.text


def test_the_verdict_is_split_after_its_first_sentence() -> None:
    long = "a and b cannot be told apart in estimated net energy by these; c is the fastest: 1.5 s"
    assert first_sentence(long) == {
        "head": "a and b cannot be told apart in estimated net energy by these.",
        "rest": "c is the fastest: 1.5 s.",
    }
    assert first_sentence("short; one") == {"head": "short; one.", "rest": ""}


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write the report: .*; choose another place"):
        write_html(sample_campaign(repeat=1), None, tmp_path / "file" / "report.html")
    written = write_html(sample_campaign(repeat=1), None, tmp_path / "new" / "report.html")
    assert written.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_a_page_that_grows_too_large_draws_less(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = sample_campaign()
    store = SampleStore(summary)
    monkeypatch.setattr("benchharness.report.html.SIZE_LIMIT_BYTES", 260_000)
    text = render_html(summary, store)
    assert len(text.encode()) <= 260_000
    assert "more variants are left out here" in text
