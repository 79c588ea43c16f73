"""Which variants of two levels of a factor are a pair: those that differ in nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchharness.model import VariantSummary
from benchharness.report.groups import MODE, agree, kind_of, level_of
from benchharness.report.text import plain


def paired(
    a: Sequence[VariantSummary], b: Sequence[VariantSummary], factor: str
) -> list[tuple[VariantSummary, VariantSummary]]:
    """Pair the variants of two levels of a factor, of one workload.

    Their modes are equal; a mode that the other level does not have is paired with its kind's
    usual one (``jit-llvm`` with ``jit``), never with another kind. All other factors that apply to
    both are equal. Which apply is not known of old campaigns: there, a level with one variant only
    is paired with every one of the other level, since the factors that vary there hardly apply to
    it (a build, to a program that is not built).
    """
    if factor == MODE:
        return [(left, right) for left in a for right in b if agree(left, right, {MODE})]
    untold = any(variant.applies is None for variant in (*a, *b))
    alone = untold and (len(a) == 1 or len(b) == 1)
    modes_a, modes_b = ({level_of(v, MODE) for v in side} for side in (a, b))
    return [
        (left, right)
        for left in a
        for right in b
        if (alone or agree(left, right, {factor, MODE}))
        and _modes_match(level_of(left, MODE), level_of(right, MODE), modes_a, modes_b)
    ]


def pair_words(a: VariantSummary, b: VariantSummary, shown: Sequence[str], *, alone: bool) -> str:
    """Return what a pair is of: the levels of the side that more factors apply to.

    Two compilers of one kind stand beside each other, B's first.
    """
    applying = [len(v.factors if v.applies is None else v.applies) for v in (a, b)]
    teller = a if applying[0] > applying[1] or (alone and applying[0] == applying[1]) else b
    words: dict[str, str] = {k: level for k in shown if (level := level_of(teller, k)) is not None}
    modes = [level_of(b, MODE), level_of(a, MODE)]
    if MODE in words and modes[0] != modes[1]:
        words[MODE] = "/".join(mode for mode in modes if mode is not None)
    return _words(words)


def _words(levels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={plain(level, 40)}" for name, level in levels.items())


def _modes_match(
    a: str | None, b: str | None, in_a: set[str | None], in_b: set[str | None]
) -> bool:
    if a is None or b is None or a == b:
        return True
    return kind_of(a) == kind_of(b) and (b in _nearest(a, in_b) or a in _nearest(b, in_a))


def _nearest(mode: str, there: set[str | None]) -> set[str | None]:
    """Return the modes that stand for a mode: itself, else its kind's usual one, else its kind."""
    for only in (mode, kind_of(mode)):
        if only in there:
            return {only}
    return {other for other in there if other is not None and kind_of(other) == kind_of(mode)}
