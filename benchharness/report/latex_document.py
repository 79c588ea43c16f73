"""A LaTeX file: what stands before the tables of a document of its own, and how it is written."""

from __future__ import annotations

from pathlib import Path

from benchharness.errors import UsageError

# What a paper needs for a fragment; said at the head of each.
NEEDS = r"% in the preamble: \usepackage{booktabs,siunitx}, siunitx 2.7 or newer, and graphicx"
# A table in box 0 that is wider than the text shrinks, where the paper has graphicx; none grows.
SHRINK = (
    r"\leavevmode\ifdim\wd0>\linewidth\ifdefined\resizebox"
    r"\resizebox{\linewidth}{!}{\box0}\else\box0\fi\else\box0\fi"
)

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[a4paper,margin=15mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{siunitx}
\begin{document}
"""


def document(body: str) -> str:
    """Return a document that compiles alone."""
    return f"{PREAMBLE}{body}\\end{{document}}\n"


def write_tex(path: Path, text: str, what: str) -> Path:
    """Write ``text`` to ``path``. Raises UsageError, naming ``what`` and the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {what}: {error.strerror}", where=str(path), remedy="choose another"
        ) from error
    return path
