"""The audit as numbered footnotes: a number for each finding that something shown refers to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.report.published import Finding, Place


class Footnotes:
    """Numbers findings in the order in which they are first referred to."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings
        self._numbers: dict[str, int] = {}

    def of_value(self, workload: str, device: str, level: str, quantity: str) -> list[str]:
        """Return the findings about one printed figure."""
        wanted = Place(workload, device, level, quantity)
        return self._matching(lambda place: not place.order and place.covers(wanted))

    def of_order(
        self, workload: str, devices: Sequence[str], quantity: str, levels: Sequence[str]
    ) -> list[str]:
        """Return the findings about an ordering: its own, and those of the figures in it."""

        def belongs(place: Place) -> bool:
            return any(
                place.covers(Place(workload, device, level, quantity))
                for device in devices
                for level in levels
            )

        return self._matching(belongs)

    def mark(self, ids: Sequence[str]) -> str:
        """Return `` [1, 3]`` for findings, numbering those that have no number yet; "" for none."""
        numbers = [self._numbers.setdefault(i, len(self._numbers) + 1) for i in ids]
        return f" [{', '.join(str(n) for n in sorted(numbers))}]" if numbers else ""

    def used(self) -> list[tuple[int, Finding]]:
        """Return the findings that were referred to, by number."""
        by_id = {finding.id: finding for finding in self._findings}
        return [(number, by_id[i]) for i, number in self._numbers.items()]

    def _matching(self, belongs: Callable[[Place], bool]) -> list[str]:
        return [f.id for f in self._findings if any(belongs(place) for place in f.at)]


def footnote_texts(finding: Finding) -> list[str]:
    """Return a finding as sentences: what, where, printed, why, read as, effect."""
    return [
        f"{finding.title[0].upper()}{finding.title[1:]} ({finding.place}; {finding.basis}).",
        f"Printed: {finding.printed}.",
        f"Why not: {finding.why}.",
        f"Read as: {finding.reading}.",
        f"Effect: {finding.effect}.",
    ]
