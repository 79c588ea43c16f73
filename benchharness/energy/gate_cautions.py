"""What a reader must know about the readings that the gate has stopped or mended."""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.energy.gate import NOT_NEWER, REJECTED, REPAIRED, Gated
from benchharness.energy.gate_powers import SPIKE
from benchharness.model import Caution


def gate_cautions(gated: Gated, meter: str) -> Iterator[Caution]:
    """Yield ``gate-rejected`` and ``counter-repaired`` with their counts and reasons."""
    rejected = {
        name.removeprefix(REJECTED): count
        for name, count in gated.counts.items()
        # Two readings with one stamp are harmless, and usual where a telemetry meets an answer.
        if name.startswith(REJECTED) and name != NOT_NEWER
    }
    if rejected:
        remedy = "check it with 'benchharness meters check'"
        if SPIKE in rejected:
            remedy += ", and state max_power_w in its instrument"
        yield Caution("gate-rejected", f"meter {meter}: rejected {_listed(rejected)}", remedy)
    repaired = {
        name.removeprefix(REPAIRED): count
        for name, count in gated.counts.items()
        if name.startswith(REPAIRED)
    }
    if repaired:
        bound_j = sum(stitch.bound_j for stitch in gated.stitches)
        yield Caution(
            "counter-repaired",
            f"meter {meter}: {_listed(repaired)}, what passed meanwhile is known within "
            f"±{bound_j:.3g} J",
            "see whether the meter lost its power or its clock",
        )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} x {reason}" for reason, count in counts.items())
