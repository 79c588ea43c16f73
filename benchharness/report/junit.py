"""JUnit XML, which pipelines read: suites of cases that passed, failed or were skipped.

Nothing here knows campaigns: :mod:`benchharness.report.junit_campaign` makes the cases of one.
The document keeps to junit-10.xsd, where a case has no properties of its own: figures stand in its
``system-out``, a line each, and in the properties of the suite as ``<case>: <name>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from benchharness.report.text import REPLACEMENT, plain

_MOST_LINES = 200
# What XML 1.0 (2.2, Char) does not know, not even as a character reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``failures`` are its reasons, the first of them its message; none: it passed."""

    name: str
    group: str = ""  # what the case belongs to, ``classname`` in the document
    time_s: float | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    skipped: str | None = None  # why it was not looked at


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases under a name. ``facts`` are properties of all of them."""

    name: str
    cases: tuple[Case, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    created_utc: str = ""


def junit_xml(suites: Sequence[Suite], name: str = "benchharness") -> str:
    """Return the document as text, with its declaration (UTF-8) and a line feed at the end."""
    cases = [case for suite in suites for case in suite.cases]
    root = ET.Element("testsuites", {"name": one_line(name), **_totals(cases)})
    for place, suite in enumerate(suites):
        root.append(_suite(suite, place))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def one_line(text: object, limit: int = 300) -> str:
    """Return foreign text as one line that XML 1.0 can hold."""
    return _NOT_XML.sub(REPLACEMENT, plain(text, limit))


def _suite(suite: Suite, place: int) -> ET.Element:
    totals = _totals(suite.cases)
    totals["skipped"] = str(sum(case.skipped is not None for case in suite.cases))
    attributes = {"id": str(place), "name": one_line(suite.name) or "suite", **totals}
    if suite.created_utc:
        attributes["timestamp"] = one_line(suite.created_utc, 40)
    element = ET.Element("testsuite", attributes)
    properties = ET.SubElement(element, "properties")
    for name, value in _all_facts(suite):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    element.extend(_case(case) for case in suite.cases)
    return element


def _all_facts(suite: Suite) -> list[tuple[str, str]]:
    own = [(one_line(name), one_line(value)) for name, value in suite.facts.items()]
    return own + [
        (f"{one_line(case.name)}: {one_line(name)}", one_line(value))
        for case in suite.cases
        for name, value in case.figures.items()
    ]


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    """Return the attributes that suites and the whole have; the schema allows three decimals."""
    return {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failures) for case in cases)),
        "errors": "0",
        "time": f"{sum(case.time_s or 0.0 for case in cases):.3f}",
    }


def _case(case: Case) -> ET.Element:
    attributes = {"name": one_line(case.name) or "case", "classname": one_line(case.group)}
    if case.time_s is not None:
        attributes["time"] = f"{case.time_s:.6f}"
    element = ET.Element("testcase", attributes)
    if case.skipped is not None:
        ET.SubElement(element, "skipped", {"message": one_line(case.skipped)})
    elif case.failures:
        message = one_line(case.failures[0])
        failure = ET.SubElement(element, "failure", {"type": "failure", "message": message})
        failure.text = _lines(case.failures)
    if case.figures:
        out = ET.SubElement(element, "system-out")
        out.text = _lines([f"{name} {value}" for name, value in case.figures.items()])
    return element


def _lines(texts: Sequence[str]) -> str:
    lines = [one_line(text, 1000) for text in texts[:_MOST_LINES]]
    more = len(texts) - _MOST_LINES
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])
