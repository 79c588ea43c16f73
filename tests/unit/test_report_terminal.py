from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from benchharness.cli.tables import print_comparison, print_summary
from benchharness.model import Caution, MeasurementClass
from benchharness.report.comparison_levels import compare_levels
from tests.unit.report_samples import HOSTILE, KINDS, sample_campaign


def console(width: int = 80, encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False), raw


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    screen, raw = console(width)
    print_summary(sample_campaign(cls=MeasurementClass.EMULATED, quick=True), screen)
    lines = raw.getvalue().decode().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    text = "\n".join(lines)
    for needed in (
        "numpy",
        "• lowest",
        "emulated meter: no instrument",
        "quick run",
        "! the board was at 71 °C",
    ):
        assert needed in text


def test_without_utf8_everything_is_ascii() -> None:
    screen, raw = console(encoding="ascii")
    print_summary(sample_campaign(), screen)
    text = raw.getvalue().decode("ascii")
    assert "+-" in text
    assert "* lowest" in text


def test_there_is_no_colour_and_no_control_character_off_a_terminal() -> None:
    kinds = [replace(k, label=f"{HOSTILE[-12:]}{i}") for i, k in enumerate(KINDS)]
    screen, raw = console()
    print_summary(
        sample_campaign(kinds=kinds, verdict=HOSTILE, cautions=(Caution("a", HOSTILE),)), screen
    )
    assert b"\x1b" not in raw.getvalue()


def test_square_brackets_are_not_markup() -> None:
    screen, raw = console()
    print_summary(sample_campaign(verdict="[bold]a[/bold] :smile:"), screen)
    assert "[bold]a[/bold] :smile:" in raw.getvalue().decode()


def test_colour_on_a_terminal_has_a_word_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal has no colours
    stream = io.StringIO()
    screen = Console(file=stream, width=120, force_terminal=True, color_system="standard")
    print_summary(sample_campaign(), screen)
    assert "\x1b[33m▲ higher" in stream.getvalue()


def test_a_comparison_is_printed_in_words_and_as_a_table() -> None:
    screen, raw = console()
    print_comparison(compare_levels(sample_campaign(), "runtime"), screen)
    text = raw.getvalue().decode()
    assert "uses" in text.splitlines()[0]
    assert "▼ lower" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
