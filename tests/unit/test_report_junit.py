from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.model import MeasurementClass, Status
from benchharness.report.junit import Case, Suite, junit_xml
from benchharness.report.junit_campaign import junit_suites, write_junit
from tests.unit.report_samples import HOSTILE, KINDS, assembled, sample_campaign

# junit-10.xsd of the Jenkins xUnit plugin: what each element may have inside, and its attributes.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "property": set(),
    "testcase": {"skipped", "errors", "failure", "system-out", "system-err"},
    "skipped": set(),
    "failure": set(),
    "system-out": set(),
}
ATTRIBUTES = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package"},
    ),
    "testcase": ({"name"}, {"time", "classname"}),
    "property": ({"name", "value"}, set()),
    "failure": (set(), {"type", "message"}),
    "skipped": (set(), {"type", "message"}),
}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")


def checked(text: str) -> ET.Element:
    """Parse a document and hold it against the schema; return its root."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed = ATTRIBUTES.get(element.tag, (set(), set()))
        assert needed <= element.attrib.keys() <= needed | allowed
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        if element.tag in ("testsuites", "testsuite"):
            assert SUREFIRE_TIME.fullmatch(element.attrib["time"])
        if element.tag == "testsuite":
            cases = element.findall("testcase")
            assert int(element.attrib["tests"]) == len(cases)
            assert int(element.attrib["failures"]) == sum(
                case.find("failure") is not None for case in cases
            )
    return root


def test_a_case_carries_its_mean_time_and_its_figures() -> None:
    summary = sample_campaign(cls=MeasurementClass.EMULATED)
    root = checked(junit_xml(junit_suites(summary)))
    cases = root.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == [kind.label for kind in KINDS]
    times = [t.duration_s or math.nan for t in summary.trials if t.variant == 0]
    assert float(cases[0].get("time", "nan")) == pytest.approx(sum(times) / 5, abs=1e-6)
    figures = dict(
        line.split(" ", 1) for line in (cases[0].findtext("system-out") or "").split("\n")
    )
    joules = [t.energy.gross_j.value for t in summary.trials if t.variant == 0 and t.energy]
    assert float(figures["energy_gross_j"]) == pytest.approx(sum(joules) / 5)
    assert float(figures["energy_gross_u95_j"]) > 0
    assert figures["energy_class"] == "emulated"
    assert figures["n"] == "5"
    names = {p.get("name") for p in root.iter("property")}
    assert {"campaign", "seed", "native: energy_net_j"} <= names


def test_failed_runs_fail_their_case_and_variants_left_out_are_skipped() -> None:
    trials = list(sample_campaign(repeat=2).trials)
    variant = trials[0].variant
    trials[0] = replace(trials[0], status=Status.FAILED, reason="output: checksum is 1, not 2")
    left_out = [
        {"label": "wasmer jit", "workload": "matrix", "reason": "no wasmer; pip install it"},
        {"label": "gpu", "workload": "other", "reason": "no GPU"},
    ]
    root = checked(junit_xml(junit_suites(assembled(trials), left_out)))
    assert [suite.get("name") for suite in root] == ["matrix", "other"]
    failed = root[0].findall("testcase")[variant].find("failure")
    assert failed is not None
    assert failed.get("message") == "run 1: failed: output: checksum is 1, not 2"
    skipped = {c.get("name"): c.find("skipped") for c in root.iter("testcase")}
    assert [name for name, found in skipped.items() if found is not None] == ["wasmer jit", "gpu"]
    assert root[0].get("skipped") == "1"


def test_a_campaign_that_has_not_begun_is_skipped_and_one_without_variants_is_empty() -> None:
    trials = [replace(t, status=Status.PLANNED) for t in sample_campaign(repeat=1).trials]
    root = checked(junit_xml(junit_suites(assembled(trials))))
    assert {found.get("message") for found in root.iter("skipped")} == {"not run yet"}
    assert not list(checked(junit_xml(junit_suites(assembled([], kinds=[])))))


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "\x00\x08\ufffe\ud800]]>", "\u202egnp.exe\u2066", "🎉 中文", "x" * 10_000_000, ""],
)
def test_foreign_text_of_any_kind_parses_and_stays_short(text: str) -> None:
    trials = list(sample_campaign(repeat=1).trials)
    trials[0] = replace(trials[0], status=Status.TIMEOUT, reason=text)
    kinds = [replace(kind, label=f"{text}{kind.label}") for kind in KINDS]
    summary = assembled(trials, kinds, title=text, command=text, verdict=text)
    document = junit_xml(junit_suites(summary))
    checked(document)
    assert len(document) < 40_000
    assert not set(document) & set("\x00\x08\x1b\u202e\u2066\ufffe\ud800")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_makes_a_document(name: str, reason: str) -> None:
    case = Case(name, reason, 1.0, {name: reason}, (reason,))
    checked(junit_xml([Suite(name, (case, Case(reason, skipped=name)), {reason: name})], name))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"folder: cannot write JUnit XML"):
        write_junit(sample_campaign(repeat=1), tmp_path / "folder")
    checked(write_junit(sample_campaign(repeat=1), tmp_path / "j.xml").read_text(encoding="utf-8"))
