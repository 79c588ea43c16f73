"""The outlines of an SVG written short: steps from point to point, as few decimals as one sees."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[A-Za-z]|-?\d*\.?\d+(?:e-?\d+)?")
_KNOWN = frozenset("MLz")
_SHORT = 60  # signs: what is shorter is hardly worth it


def shortened_path(path: str, places: int = 2) -> str:
    """Return a path of M, L and z in relative steps with ``places`` decimals; others as they are.

    Each point is rounded by itself, so that errors do not add up along the way. A step of no
    length is left out.

    >>> shortened_path("M 10 10 L 10 20 L 30.04 20 L 30.04 25 z M 0 0 L 100.25 100 L 0 100 z", 1)
    'M10 10v10h20v5zm-10-10l100.2 100h-100.2z'
    """
    tokens = _TOKEN.findall(path)
    if len(path) < _SHORT or not {t for t in tokens if t.isalpha()} <= _KNOWN:
        return path
    scale = 10**places
    out: list[str] = []
    at, began, place, command = (0, 0), (0, 0), 0, ""
    while place < len(tokens):
        if tokens[place].isalpha():
            command = tokens[place]
            place += 1
        if command == "z":
            out.append("z")
            at = began
            continue
        point = (round(float(tokens[place]) * scale), round(float(tokens[place + 1]) * scale))
        place += 2
        step = (point[0] - at[0], point[1] - at[1])
        if command == "M":
            out.append("M" if not out else "m")
            out.append(_pair(*(point if len(out) == 1 else step), scale))
            began, command = point, "L"
        elif step[0] == 0 and step[1] == 0:
            continue
        elif step[0] == 0:
            out.append(f"v{_number(step[1], scale)}")
        elif step[1] == 0:
            out.append(f"h{_number(step[0], scale)}")
        else:
            out.append(f"l{_pair(*step, scale)}")
        at = point
    return "".join(out)


def _pair(x: int, y: int, scale: int) -> str:
    second = _number(y, scale)
    return f"{_number(x, scale)}{'' if second.startswith('-') else ' '}{second}"


def _number(value: int, scale: int) -> str:
    """Return whole steps of 1/scale as a decimal number without what needs not be written."""
    text = f"{abs(value) / scale:g}" if abs(value) < 1e5 else repr(abs(value) / scale)
    text = text.removeprefix("0") if text.startswith("0.") else text
    return f"-{text}" if value < 0 and text != "0" else text
