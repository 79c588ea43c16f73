"""A sentence with numbers and units in it, written once: as plain text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.report.latex_text import escape
from benchharness.report.text import number, plain
from benchharness.units import format_si

_MACROS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second", "ns": r"\nano\second",
    "J": r"\joule", "kJ": r"\kilo\joule", "mJ": r"\milli\joule", "W": r"\watt",
    "mW": r"\milli\watt", "µW": r"\micro\watt", "kW": r"\kilo\watt", "Hz": r"\hertz",
    "kHz": r"\kilo\hertz", "mHz": r"\milli\hertz", "%": r"\percent", "GiB": r"\gibi\byte",
    "MiB": r"\mebi\byte",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as text, and its unit."""

    number: str
    unit: str


@dataclass(frozen=True, slots=True)
class Code:
    """A word of a program: an id or a version."""

    text: str


Part = str | Amount | Code
Sentence = tuple[Part, ...]


def si(value: float, unit: str, digits: int = 3) -> Amount:
    """Return a value with an SI prefix to its unit."""
    text, _, symbol = format_si(value, unit, digits).partition(" ")
    return Amount(_trimmed(text), symbol or unit)


def percent(share: float, digits: int = 2) -> Amount:
    """Return a share in per cent."""
    return Amount(_trimmed(number(100 * share, digits)), "%")


def listed(items: Sequence[Sentence]) -> Sentence:
    """Join ``a``, ``a and b``, ``a, b and c``."""
    parts: list[Part] = []
    for place, item in enumerate(items):
        if place:
            parts.append(" and " if place == len(items) - 1 else ", ")
        parts += item
    return tuple(parts)


def as_text(sentence: Sentence) -> str:
    """Return a sentence as one line of plain text."""
    return plain("".join(_text(part) for part in sentence), 2000)


def as_latex(sentence: Sentence) -> str:
    """Return a sentence as LaTeX, its quantities for siunitx 2 and 3."""
    return "".join(_latex(part) for part in sentence)


def latex_paragraph(sentences: Iterable[Sentence]) -> str:
    """Return sentences as a paragraph, a line each."""
    return "".join(f"{as_latex(sentence)}\n" for sentence in sentences)


def _text(part: Part) -> str:
    if isinstance(part, Amount):
        return f"{part.number} {part.unit}"
    return part.text if isinstance(part, Code) else part


def _latex(part: Part) -> str:
    if isinstance(part, Amount):
        macro = _MACROS.get(part.unit)
        return rf"\SI{{{part.number}}}{{{macro}}}" if macro else escape(_text(part))
    if isinstance(part, Code):
        return rf"\texttt{{{escape(plain(part.text, 300))}}}"
    return _prose(part)


def _prose(text: str) -> str:
    """Escape a text of ours, with its blanks; one hyphen or apostrophe is no ligature."""
    escaped = escape(text).replace(r"\textquotesingle{}", "'")
    return re.sub(r"(?<!\})-\{\}(?!-)", "-", escaped)


def _trimmed(text: str) -> str:
    """Leave out zeros after the point that only say how exact a format is."""
    return text.rstrip("0").rstrip(".") if "." in text else text
