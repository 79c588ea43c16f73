"""The table in the documentation is the one that the command makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchharness.conformance.case import Case, run_case
from benchharness.conformance.catalogue import rigs
from benchharness.conformance.defects import Defect
from benchharness.conformance.faults import FAULTS
from benchharness.conformance.methods import step_errors, straight_line_errors
from benchharness.conformance.report import random_loads, straight_lines
from benchharness.conformance.table import fault_table, markdown, meter_table, methods_table
from benchharness.conformance.waveforms import WAVEFORMS

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the page."""
    part = PAGE.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    return cells(part)


def cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_meter_has_its_rows() -> None:
    header, _, *rows = table("Meters")
    assert ["| " + " | ".join(header) + " |"] == meter_table([]).splitlines()[:1]
    expected = [
        (rig.name, name)
        for rig in rigs()
        for name in (("none", "any") if len(rig.faults) > 1 else ("none",))
    ]
    assert [(row[0], row[1]) for row in rows] == expected


def test_every_fault_and_waveform_has_its_row() -> None:
    header, _, *rows = table("Faults")
    assert ["| " + " | ".join(header) + " |"] == fault_table([]).splitlines()[:1]
    assert [row[0] for row in rows] == list(FAULTS)
    assert [row[0] for row in table("Waveforms")[2:]] == list(WAVEFORMS)


def test_no_defect_is_in_the_documented_table() -> None:
    for heading in ("Meters", "Faults", "Waveforms"):
        assert {row[-1] for row in table(heading)[2:]} == {"0"}


@pytest.mark.slow
def test_the_methods_are_those_of_the_command_to_the_last_digit() -> None:
    assert table("Methods") == cells(methods_table())


@pytest.mark.slow
def test_the_other_tables_have_their_rows() -> None:
    assert [row[0] for row in table("Constant and linear power")] == [
        row[0] for row in cells(straight_lines())
    ]
    made, documented = cells(random_loads(1, 2)), table("Random loads")
    assert documented[0] == made[0]
    assert [row[0] for row in documented] == [row[0] for row in made]


def test_the_page_names_every_defect_with_its_sentence() -> None:
    for defect in Defect:
        assert re.search(rf"\| `{defect.name}` \| {re.escape(defect.value)}", PAGE), defect


def test_published_methods_err_on_a_step_as_worked_out_by_hand() -> None:
    """With D = 30 s in T = 300 s from 3 W to 6 W.

    Trapezoids inside lose D of the T seconds: -1/10. Holding the reading before gives the first
    D/2 seconds on average 3 W instead of 6 W: -15 x 3 / 1800. A line across each edge loses a
    mean of 5 s x 3 W at either side: -30 / 1800.
    """
    errors = {found.method: found.mean_errors for found in step_errors()}
    names = list(errors)
    assert errors[names[0]][0] == pytest.approx(-1 / 10, abs=1e-4)
    assert errors[names[1]][0] == pytest.approx(-15 * 3 / 1800, abs=1e-5)
    assert errors[names[3]][0] == pytest.approx(-30 / 1800, abs=1e-5)
    # What the figure is held to: 1 % with telemetry each 30 s, 0.3 % with one each second.
    assert abs(errors[names[-1]][0]) <= 0.01 and abs(errors[names[-1]][1]) <= 0.003


@pytest.mark.slow
def test_constant_power_is_exact_and_linear_power_with_a_counter() -> None:
    errors = straight_line_errors()
    assert errors["constant power, power alone"] <= 1e-9
    assert errors["constant power, power and counter"] <= 1e-9
    assert errors["linear power, power and counter"] <= 1e-9


def test_a_meter_table_has_a_row_without_and_one_with_faults() -> None:
    rig = next(rig for rig in rigs() if rig.name == "json, 1 s")
    results = [run_case(rig, Case("constant", fault, 1)) for fault in ("none", "lost", "doubled")]
    _, _, sound, faulty = cells(meter_table(results))
    assert sound[:4] == ["json, 1 s", "none", "1", "1"]
    assert faulty[:4] == ["json, 1 s", "any", "2", "2"]


def test_markdown_has_a_line_of_dashes() -> None:
    assert markdown(("a", "b"), [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
