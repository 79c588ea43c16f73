"""Text and numbers as LaTeX reads them."""

from __future__ import annotations

import unicodedata

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"{\char34}",
    "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "-": "-{}",
    "α": r"$\alpha$", "±": r"$\pm$",
    "×": r"$\times$", "µ": r"$\mu$", "°": r"\textdegree{}", "–": "--", "—": "---",
    "…": r"\ldots{}", "−": r"$-$", "∞": r"$\infty$", "\u00a0": "~",
    "[": "{[}", "]": "{]}",
}  # fmt: skip


def escape(text: str) -> str:
    """Escape text for LaTeX; a sign that pdflatex has no glyph for becomes its code point."""
    return "".join(_ESCAPES.get(c) or _letter(c) for c in text)


def _letter(sign: str) -> str:
    if sign.isascii() or ("À" <= sign <= "ÿ" and sign not in "ÐðÞþ×÷"):
        return sign
    plainer = "".join(
        c for c in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(c)
    )
    if plainer and plainer.isascii() and plainer.isprintable():
        return "".join(_ESCAPES.get(c, c) for c in plainer)
    return f"{{[}}U+{ord(sign):04X}{{]}}"


def label(text: str) -> str:
    """Return the letters and digits of a text, for ``\\label``."""
    return "".join(c for c in text if c.isascii() and c.isalnum()) or "campaign"
