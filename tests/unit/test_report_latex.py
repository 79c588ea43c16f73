from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.latex import render_latex
from benchharness.report.latex_numbers import value_and_half
from benchharness.report.latex_text import escape
from benchharness.standing import Standing, Word
from tests.unit.report_samples import HOSTILE, KINDS, assembled, sample_campaign, troubled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% of a_b & #1", r"50\% of a\_b \& \#1"),
        ("{x} ~ ^ \\", r"\{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}"),
        ("$HOME", r"\$HOME"),
        ("a -- b", "a -{}-{} b"),
        ("é ü", "é ü"),
        ("ﬁ ş", "fi s"),
        ("中", "{[}U+4E2D{]}"),
        ("±×µ", r"$\pm$$\times$$\mu$"),
    ],
)
def test_specials_are_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


@given(st.text(max_size=60))
def test_no_special_survives_unescaped(text: str) -> None:
    escaped = escape(text)
    # Take out what escape itself writes; what is left must be harmless.
    rest = re.sub(r"\\[a-zA-Z]+\{\}|\{\\char34\}|\\[&%$#_{}]|\$\\[a-z]+\$|\$-\$", "", escaped)
    rest = re.sub(r"\{[\[\]]\}|-\{\}", "", rest)
    assert not set(rest.replace("~", "") if "\u00a0" in text else rest) & set("\\&%$#_{}~^\"|<>`'")


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (98.42, 1.13, ("98.4", "1.1")),
        (0.0932, 0.47, ("0.09", "0.47")),
        (98.42, None, ("98.42", "")),
        (None, 1.0, ("", "")),
    ],
)
def test_a_value_and_its_uncertainty_end_at_the_same_place(
    value: float | None, half: float | None, expected: tuple[str, str]
) -> None:
    assert value_and_half(value, half) == expected


def rows_of(text: str) -> list[str]:
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    return [line for line in body.splitlines() if line.endswith(r"\\")]


def width_of(row: str) -> int:
    spans = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d)\}", row))
    return len(re.findall(r"(?<!\\)&", row)) + 1 + spans


@pytest.mark.parametrize("repeat", [1, 2, 5])
@pytest.mark.parametrize("cls", list(MeasurementClass))
def test_every_row_has_as_many_cells_as_the_table(repeat: int, cls: MeasurementClass) -> None:
    tables = render_latex(sample_campaign(repeat=repeat, cls=cls)).split(r"\begin{tabular}{")[1:]
    assert len(tables) == 2
    for text in tables:
        spec = text[: text.index(r"\toprule")]
        columns = len(re.findall(r"S\[|(?<![a-z@\\,{])[lr](?=\s)", spec))
        assert {width_of(row) for row in rows_of(text)} == {columns}
        assert len(rows_of(text)) == 2 + len(KINDS)


def with_standing(given: Standing) -> CampaignSummary:
    """Return a campaign with this standing of its second variant; the others are below twice."""
    summary, key = sample_campaign(), "energy_net_j"
    lower = Standing(Word.LOWER, 3, 0.5, 0.49, 0.51)
    standings = [lower, given, lower, Standing(Word.REFERENCE)]
    variants = tuple(
        replace(v, metrics={**v.metrics, key: replace(v.metrics[key], standing=standing)})
        for v, standing in zip(summary.variants, standings, strict=True)
    )
    return replace(summary, variants=variants)


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        (Standing(Word.LOWER, 0, 0.534, 0.529, 0.538),
         r"-46.6 & [$-$47.1 to $-$46.2\,\%] & $\downarrow$ lower"),
        (Standing(Word.HIGHER, 0, 3.5, 3.2, 3.9),
         r"$\times$~3.50 & [$\times$ 3.20 to 3.90] & $\uparrow$ higher"),
        (Standing(Word.NO_INTERVAL, 0, 1.5), r"+50.0 &  & ? no interval"),
        (Standing(Word.NOT_COMPARABLE), r"{--} &  & $\oslash$ not comparable"),
    ],
)  # fmt: skip
def test_change_interval_and_verdict_say_what_the_standing_says(
    given: Standing, cells: str
) -> None:
    summary = with_standing(given)
    rows = rows_of(render_latex(summary))
    (row,) = [row for row in rows if row.startswith("wasmtime simd128")]
    assert row.endswith(f"& {cells} \\\\")


@given(st.floats(0.02, 30.0), st.floats(0.0, 0.8), st.floats(0.0, 3.0))
def test_changes_are_those_of_every_other_report(ratio: float, below: float, above: float) -> None:
    low, high = ratio * (1 - below), ratio * (1 + above)
    summary = with_standing(Standing(Word.UNDECIDED, 0, ratio, low, high))
    (row,) = [row for row in rows_of(render_latex(summary)) if row.startswith("wasmtime simd128")]
    change, interval = row.split(" & ")[-3:-1]
    told = change_text(ratio, low, high)
    shown = change.replace("$\\times$~", "×\u00a0").replace("-", "−")
    assert told.change in (shown, f"{shown}\u00a0%")
    signs = {"$-$": "−", "$\\times$": "×", "\\,\\%": "\u00a0%"}
    for sign, plain_sign in signs.items():
        interval = interval.replace(sign, plain_sign)
    assert interval == (f"[{told.interval}]" if told.interval else "")


def test_the_reference_has_no_change_and_the_margin_is_in_the_caption() -> None:
    text = render_latex(replace(sample_campaign(), margin=0.02, baseline={"runtime": "numpy"}))
    (row,) = [row for row in rows_of(text) if row.startswith("numpy")]
    assert row.endswith(r"& {--} &  & $\bullet$ reference \\")
    assert r"within $\pm$\,\SI{2}{\percent} it counts as the same" in text
    assert "against the baseline (runtime = numpy)" in text


def test_marks_are_told_under_the_table() -> None:
    text = render_latex(troubled(sample_campaign()))
    assert r"\rlap{\textsuperscript{\ddag}}" in text
    under = text[text.index(r"\end{tabular}") : text.index(r"\end{table}")]
    assert r"\textsuperscript{\ddag}: 1 of 20 runs contradict themselves" in under


def test_the_caption_names_instrument_class_repetitions_and_seed() -> None:
    text = render_latex(sample_campaign(cls=MeasurementClass.EMULATED))
    caption = text[text.index(r"\caption{") : text.index(r"\label")]
    for needed in ("plug-{}1, tasmota", "emulated meter", "means of 5 runs", "seed 20250611"):
        assert needed in caption
    assert r"{\si{\joule}, emulated}" in text


def test_missing_values_are_dashes_and_the_row_stays_whole() -> None:
    summary = sample_campaign()
    variants = list(summary.variants)
    variants[0] = replace(variants[0], metrics={})
    text = render_latex(replace(summary, variants=tuple(variants)))
    assert r"\multicolumn{1}{c@{\hphantom{$\,\pm\,$}}}{--} & {}" in text
    assert len({width_of(row) for row in rows_of(text)}) == 1


def test_a_fragment_has_no_preamble_and_a_document_has_one() -> None:
    summary = sample_campaign(repeat=2)
    assert "documentclass" not in render_latex(summary)
    document = render_latex(summary, standalone=True)
    assert document.startswith(r"\documentclass")
    assert document.endswith("\\end{document}\n")
    assert render_latex(summary) in document


def test_foreign_text_stays_on_its_line() -> None:
    trials = sample_campaign(repeat=2).trials
    kinds = [replace(k, label=f"{k.label}\n\\input{{/etc/passwd}}") for k in KINDS]
    text = render_latex(assembled(trials, kinds, title=HOSTILE, campaign_id="a\n\\bad"))
    assert r"\input" not in text
    assert r"\bad" not in text
    assert "\x1b" not in text


def test_an_empty_campaign_is_still_a_table() -> None:
    assert r"\end{table}" in render_latex(assembled([], kinds=[]))
