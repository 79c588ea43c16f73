from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.markdown import code, escape, render_markdown, write_markdown
from benchharness.report.text import plain
from tests.unit.report_samples import (
    HOSTILE,
    KINDS,
    assembled,
    sample_campaign,
    troubled,
    with_rail,
)


def table_rows(text: str) -> list[str]:
    """Return the rows of the first table."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    rules = [place for place, row in enumerate(rows) if set(row) <= set("|-: ")]
    return rows if len(rules) < 2 else rows[: rules[1] - 1]


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_the_answer_comes_first_and_the_table_is_whole() -> None:
    text = render_markdown(sample_campaign())
    lines = text.splitlines()
    assert lines[0].startswith("<!-- benchharness:matrix:")
    assert lines[1].startswith("**numpy uses the least energy")
    rows = table_rows(text)
    assert len(rows) == 2 + len(KINDS)
    assert len({cells(row) for row in rows}) == 1
    assert "`numpy`" in rows[2]
    assert "seed 20250611" in text


def test_change_interval_and_verdict_stand_beside_the_mean() -> None:
    text = render_markdown(sample_campaign())
    head, _, reference, *others = table_rows(text)
    assert head == "| net energy of a run | J | change | 95 % interval | verdict |"
    assert reference == "| `numpy` | 14.89 ± 0.59 |  |  | **• lowest** |"
    assert others[0].replace("\u00a0", " ") == (
        "| `native` | 30.91 ± 0.75 | × 2.08 | × 1.92 to 2.26 | ▲ higher |"
    )
    assert "intervals of the change hold together" in text
    assert text.count("for the gain") == 1
    assert "| variant | runs | time / s | gross energy / J |" in text


def test_what_the_joules_rest_on_is_folded_under_the_table() -> None:
    text = render_markdown(with_rail(troubled(sample_campaign())))
    _, _, folded = text.partition("<summary>How far the joules can be trusted</summary>")
    assert "gain, 71 %" in folded
    assert "93.7 to 99.5" in folded
    assert "plug-1 − rail" in folded
    assert text.count("<details>") == text.count("</details>") == 2
    without = assembled([replace(t, energy=None) for t in sample_campaign().trials])
    assert "trusted" not in render_markdown(without)


def hostile() -> CampaignSummary:
    trials = sample_campaign(repeat=2).trials
    kinds = [replace(k, label=f"a|b `c` ``d`` @you #1 {HOSTILE} {i}") for i, k in enumerate(KINDS)]
    return assembled(trials, kinds, title=HOSTILE, verdict=f"@everyone | {HOSTILE}")


def test_pipes_and_markup_of_others_do_not_break_the_table() -> None:
    text = render_markdown(hostile())
    assert len({cells(row) for row in table_rows(text)}) == 1
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in outside_code
    assert "<img" not in outside_code
    assert not re.search(r"@\w", outside_code)


@given(st.text(max_size=50))
def test_a_code_span_holds_any_line(text: str) -> None:
    line = plain(text, 50)
    span = code(line)
    if not line:
        return
    fence = re.match(r"`+", span)
    assert fence is not None
    inside = span[len(fence.group()) : -len(fence.group())]
    assert fence.group() not in inside.strip()
    assert inside.replace("\\|", "|").strip() == line.strip()


@given(st.text(max_size=50))
def test_escaped_text_has_no_tag_and_no_bare_pipe(text: str) -> None:
    escaped = escape(text).replace("<!-- -->", "")
    assert "<" not in escaped
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", escaped)


def test_a_quick_run_and_estimated_joules_say_so() -> None:
    text = render_markdown(sample_campaign(cls=MeasurementClass.ESTIMATED, quick=True))
    assert "> **Quick run**" in text
    assert "> **Estimated energy**" in text
    assert table_rows(text)[0].startswith("| net energy of a run | J, estimated |")
    assert "gross energy / J, estimated" in text


def test_it_is_written(tmp_path: Path) -> None:
    path = write_markdown(sample_campaign(repeat=1), tmp_path / "new" / "table.md")
    assert path.read_text(encoding="utf-8").startswith("<!-- benchharness")
